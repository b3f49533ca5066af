#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace sightline {

/// What a rater says of a sentence of a caption, given the image.
enum class SentenceRating { kEntailment, kNeutral, kContradiction, kNothingToAssess };

/// The rating that "Entailment", "Neutral", "Contradiction" or "Nothing to assess" names. Throws
/// `Error` for any other text.
SentenceRating parse_sentence_rating(std::string_view name);

/// What the raters together say: N stands for Neutral and Contradiction alike.
enum class SentenceLabel { kEntailed, kNotEntailed, kNotAssessable };

/// The label with the most ratings, Neutral and Contradiction counted together; in a tie
/// non-entailment before entailment before "nothing to assess". Throws `Error` without ratings.
SentenceLabel label_sentence(std::span<const SentenceRating> ratings);

/// Non-entailment sentences (NES) of the PaliGemma 2 report (2024, section 4.6), which names five
/// raters and their majority but gives no formula: the treatment of ties and both denominators are
/// ours. Add up sentence by sentence; merging is adding.
class NonEntailment {
 public:
  /// Adds a caption: for each sentence its ratings.
  void update(std::span<const std::vector<SentenceRating>> sentences);
  void merge(const NonEntailment& other);

  /// Percent of the sentences that are not entailed, of all sentences; no value without any.
  std::optional<double> percent_of_all() const;
  /// The same of the sentences that are not labelled "nothing to assess".
  std::optional<double> percent_of_assessable() const;
  /// Sentences a caption; no value without captions.
  std::optional<double> mean_sentences() const;
  /// Share of the sentences in which all raters agree on entailment against all else.
  std::optional<double> binary_agreement() const;

 private:
  std::size_t captions_ = 0;
  std::array<std::size_t, 3> labels_{};  // by SentenceLabel
  std::size_t agreed_ = 0;
};

}  // namespace sightline
