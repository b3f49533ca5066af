#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace sightline {

/// What a rater says of a sentence of a caption, given the image.
enum class SentenceRating { kEntailment, kNeutral, kContradiction, kNothingToAssess };

/// The rating that "entailment", "neutral", "contradiction" and "nothing" (or "nothing to assess")
/// name, in letters of either case. Throws `Error` for any other text.
SentenceRating parse_sentence_rating(std::string_view name);

/// What the raters together say: N stands for Neutral and Contradiction alike.
enum class SentenceLabel { kEntailed, kNotEntailed, kNotAssessable };

/// The label with the most ratings, Neutral and Contradiction counted together; in a tie
/// non-entailment before entailment before "nothing to assess". Throws `Error` without ratings.
SentenceLabel label_sentence(std::span<const SentenceRating> ratings);

/// Non-entailment sentences (NES) of the PaliGemma 2 report (2024, section 4.6), which names five
/// raters and their majority but gives no formula: the treatment of ties and both denominators are
/// ours. Captions are added one by one; merging the accumulators of consecutive captions gives what
/// one pass gives. Memory: 5 bytes a sentence.
class NonEntailment {
 public:
  /// Adds a caption: for each sentence its ratings.
  void update(std::span<const std::vector<SentenceRating>> sentences);
  /// Adds the captions of `next` behind these.
  void merge(const NonEntailment& next);

  std::size_t captions() const { return captions_; }
  std::size_t sentences() const { return labels_.size(); }

  /// Share of the sentences that are not entailed, of all sentences; no value without any.
  std::optional<double> share_of_all() const;
  /// Its standard error, clustered by caption; no value for fewer than two captions.
  std::optional<double> standard_error() const;
  /// The same share of the sentences that are not labelled "nothing to assess".
  std::optional<double> share_of_assessable() const;
  /// Sentences a caption; no value without captions.
  std::optional<double> mean_sentences() const;
  /// Share of the sentences in which all raters agree on entailment against all else.
  std::optional<double> binary_agreement() const;
  /// Agreement beyond chance over the four ratings (Fleiss, Psychological Bulletin 1971). No value
  /// unless every sentence has the same number of ratings, at least two, or where chance alone
  /// makes all agree (one rating for everything).
  std::optional<double> fleiss_kappa() const;

 private:
  static constexpr std::size_t kRatings = 4;
  std::size_t count(SentenceLabel label) const;

  std::size_t captions_ = 0;
  std::vector<SentenceLabel> labels_;          // of each sentence
  std::vector<std::uint32_t> caption_of_;      // of each sentence
  std::size_t agreed_ = 0;                     // sentences
  std::array<std::size_t, kRatings> given_{};  // ratings, by SentenceRating
  std::size_t agreeing_pairs_ = 0;             // ordered pairs of equal ratings of one sentence
  std::size_t least_ = 0, most_ = 0;           // ratings of a sentence
};

}  // namespace sightline
