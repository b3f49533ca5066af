#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "metrics/captions/bleu.h"
#include "metrics/captions/ptb_tokenizer.h"
#include "metrics/captions/word_table.h"

namespace sightline {

struct CaptionTokens;
class RougeScorer;

/// What is done to a caption before its words are counted.
enum class CaptionRules {
  kPycocoevalcap,  ///< Penn Treebank tokens, lower case, no punctuation: the published numbers
  kNoTokenizer,    ///< lower case only, words are what stands between white space
};

/// The name of the rules in reports: "captions/pycocoevalcap", "captions/no-tokenizer".
std::string_view rules_name(CaptionRules rules);

/// Scores of captions, of the set and of each image in the order of `CaptionMetrics::update`.
/// BLEU and ROUGE-L are in [0, 1]; CIDEr is in [0, 10] and depends on the set of images. The scores
/// of the set are undefined without images. BLEU of the set is not the mean over images.
struct CaptionScores {
  std::array<std::optional<double>, 4> bleu;  ///< BLEU-1 to BLEU-4
  std::optional<double> rouge_l;
  std::optional<double> cider;

  std::vector<BleuCounts> image_counts;  ///< what BLEU of the set is made of, added up
  std::array<std::vector<double>, 4> image_bleu;
  std::vector<double> image_rouge_l;
  std::vector<double> image_cider;
};

/// BLEU-1..4 (Papineni et al., 2002), ROUGE-L (Lin, 2004) and CIDEr (Vedantam et al., 2015) as
/// pycocoevalcap computes them, in the same order of operations:
///
/// - BLEU: n-gram counts clipped by the largest count of any reference, the closest reference
///   length (the shorter of two equally close), and for an image's own value the same formula on
///   the image's counts.
/// - ROUGE-L: the best precision and the best recall over references, which may be of different
///   references, joined with beta = 1.2. An empty caption is one empty word.
/// - CIDEr: what the paper calls CIDEr-D, sigma 6, except that its length penalty compares numbers
///   of bigrams. Document frequencies come from the references of all images seen. With a single
///   image every weight is ln(1) and the score 0.
///
/// `update`, `merge`, `compute`; merging the accumulators of consecutive runs of images gives what
/// one pass gives, bit for bit. Memory: 4 bytes a word, and the different words once.
class CaptionMetrics {
 public:
  explicit CaptionMetrics(CaptionRules rules = CaptionRules::kPycocoevalcap) : rules_(rules) {}

  /// Adds one image. The captions need not outlive the call. Throws `Error` where there is no
  /// reference or a caption is not UTF-8.
  void update(std::string_view candidate, std::span<const std::string_view> references);

  /// Adds the images of `next` behind those of this one. Throws `Error` if the rules differ.
  void merge(CaptionMetrics&& next);

  std::size_t images() const { return image_begins_.size() - 1; }
  CaptionRules rules() const { return rules_; }

  /// The scores of all images so far, on several threads; the values do not depend on how many.
  CaptionScores compute() const;

 private:
  void add_caption(std::string_view caption);
  CaptionTokens tokens() const;
  double rouge_l(std::size_t image, RougeScorer& scorer) const;

  CaptionRules rules_;
  PtbTokenizer tokenizer_;
  WordTable table_;
  std::vector<std::uint32_t> words_;              // of all captions, one after another
  std::vector<std::uint32_t> caption_begins_{0};  // [captions + 1], in words_
  std::vector<std::uint32_t> image_begins_{0};    // [images + 1], in captions; candidate first
};

}  // namespace sightline
