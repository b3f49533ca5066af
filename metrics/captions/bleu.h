#pragma once

#include <array>
#include <cstdint>

#include "metrics/captions/ngram_table.h"

namespace sightline {

/// Counts of one image, or their sums over images, from which BLEU is computed.
struct BleuCounts {
  std::int64_t candidate_length = 0;
  std::int64_t reference_length = 0;
  std::array<std::int64_t, kMaxNgram> guessed{};  ///< n-grams of the candidate
  std::array<std::int64_t, kMaxNgram> correct{};  ///< those of them in a reference, clipped

  BleuCounts& operator+=(const BleuCounts& other);
};

/// BLEU-1..4 of counts, with pycocoevalcap's small constants against division by zero.
std::array<double, kMaxNgram> bleu(const BleuCounts& counts);

}  // namespace sightline
