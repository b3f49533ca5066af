#include "metrics/captions/bleu.h"

#include <cmath>

namespace sightline {

BleuCounts& BleuCounts::operator+=(const BleuCounts& other) {
  candidate_length += other.candidate_length;
  reference_length += other.reference_length;
  for (std::size_t n = 0; n < kMaxNgram; ++n) {
    guessed[n] += other.guessed[n];
    correct[n] += other.correct[n];
  }
  return *this;
}

std::array<double, kMaxNgram> bleu(const BleuCounts& counts) {
  constexpr double kTiny = 1e-15, kSmall = 1e-9;
  std::array<double, kMaxNgram> scores{};
  double product = 1;
  for (std::size_t n = 0; n < kMaxNgram; ++n) {
    product *= (static_cast<double>(counts.correct[n]) + kTiny) /
               (static_cast<double>(counts.guessed[n]) + kSmall);
    scores[n] = std::pow(product, 1.0 / static_cast<double>(n + 1));
  }
  const double ratio = (static_cast<double>(counts.candidate_length) + kTiny) /
                       (static_cast<double>(counts.reference_length) + kSmall);
  if (ratio < 1) {
    for (double& score : scores) score *= std::exp(1 - 1 / ratio);
  }
  return scores;
}

}  // namespace sightline
