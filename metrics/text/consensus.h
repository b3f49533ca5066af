#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/text/string_ids.h"

namespace sightline {

/// How an evaluator makes texts comparable, and one number out of the annotators' agreement.
struct ConsensusRules {
  using Step = std::string (*)(std::string_view);

  /// How the annotators' values are added; the sums differ in the last digit.
  enum class Mean {
    kInOrder,   ///< one after the other, as a loop does
    kPairwise,  ///< in eight lanes, as numpy does from eight values on
    kExact      ///< rounded once, as Python's `statistics.mean` (to the last digit for ten answers)
  };

  Step clean = nullptr;          ///< of a raw answer
  Step normalise = nullptr;      ///< of a clean answer
  bool unanimous_as_is = false;  ///< clean texts are compared where all annotators agree
  bool leave_one_out = true;     ///< else min(1, matches / 3) over all annotators
  Mean mean = Mean::kInOrder;
};

/// The accuracy of Antol et al., VQA: Visual Question Answering (ICCV 2015), section 3: the mean
/// over annotators of min(1, k / 3), where k counts the other annotators' answers that equal the
/// prediction.
///
/// Remembers what every raw text it has seen becomes, so answers that repeat cost a look-up. One
/// object a thread.
class ConsensusAccuracy {
 public:
  explicit ConsensusAccuracy(const ConsensusRules& rules) : rules_(rules) {}

  /// In [0, 1]. `answers` are the annotators' raw answers, each one counted, in any number but
  /// none. Throws `Error` when there are none or a text is not UTF-8.
  double score(std::string_view prediction, std::span<const std::string_view> answers);

 private:
  struct Forms {  // ids in texts_
    std::uint32_t cleaned = kUnknown, normalised = kUnknown;
  };
  static constexpr std::uint32_t kUnknown = ~std::uint32_t{0};

  Forms forms_of(std::string_view raw);
  Forms make_forms(std::string_view raw);

  ConsensusRules rules_;
  StringIds texts_;
  std::vector<Forms> forms_;                         // [id of a raw text]
  std::vector<std::uint32_t> cleaned_, normalised_;  // of the answers to the question at hand
};

}  // namespace sightline
