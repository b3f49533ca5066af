#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "harness/base/vectorise.h"
#include "metrics/image/ssim.h"
#include "metrics/image/ssim_window.h"

// scipy's uniform_filter on float32: along y, then along x, each window summed in double, divided
// by its length and rounded to float32. The rest of scikit-image's formula is float32 throughout.
namespace sightline {
namespace {

constexpr std::size_t kWindow = 7;
constexpr std::size_t kQuantities = 5;  // a, b, a^2, b^2, a b
using FloatRows = std::array<std::vector<float>, kQuantities>;

FloatRows rows_of(std::size_t samples) {
  FloatRows rows;
  rows.fill(std::vector<float>(samples));
  return rows;
}

SIGHTLINE_VECTORISED void fill_products(const std::uint8_t* reconstruction,
                                        const std::uint8_t* original, std::size_t samples,
                                        float* __restrict a, float* __restrict b,
                                        float* __restrict aa, float* __restrict bb,
                                        float* __restrict ab) {
  for (std::size_t i = 0; i < samples; ++i) {
    a[i] = static_cast<float>(reconstruction[i]) / 255.0F;
    b[i] = static_cast<float>(original[i]) / 255.0F;
    aa[i] = a[i] * a[i];
    bb[i] = b[i] * b[i];
    ab[i] = a[i] * b[i];
  }
}

using Seven = std::array<const float*, kWindow>;

SIGHTLINE_VECTORISED void mean_of_seven(const Seven& rows, std::size_t samples,
                                        float* __restrict out) {
  const float *r0 = rows[0], *r1 = rows[1], *r2 = rows[2], *r3 = rows[3], *r4 = rows[4],
              *r5 = rows[5], *r6 = rows[6];
  for (std::size_t i = 0; i < samples; ++i) {
    const double sum = static_cast<double>(r0[i]) + static_cast<double>(r1[i]) +
                       static_cast<double>(r2[i]) + static_cast<double>(r3[i]) +
                       static_cast<double>(r4[i]) + static_cast<double>(r5[i]) +
                       static_cast<double>(r6[i]);
    out[i] = static_cast<float>(sum / kWindow);
  }
}

SIGHTLINE_VECTORISED void similarity_row(const float* __restrict a, const float* __restrict b,
                                         const float* __restrict aa, const float* __restrict bb,
                                         const float* __restrict ab, std::size_t samples,
                                         double* __restrict out) {
  constexpr auto kNorm = static_cast<float>(49.0 / 48.0);
  constexpr auto kC1 = static_cast<float>(kSsimK1 * kSsimK1);
  constexpr auto kC2 = static_cast<float>(kSsimK2 * kSsimK2);
  for (std::size_t i = 0; i < samples; ++i) {
    const float variance_a = kNorm * (aa[i] - a[i] * a[i]);
    const float variance_b = kNorm * (bb[i] - b[i] * b[i]);
    const float covariance = kNorm * (ab[i] - a[i] * b[i]);
    const float top = (2.0F * a[i] * b[i] + kC1) * (2.0F * covariance + kC2);
    const float bottom = (a[i] * a[i] + b[i] * b[i] + kC1) * (variance_a + variance_b + kC2);
    out[i] = static_cast<double>(top / bottom);
  }
}

// Means over the windows whose rows are all in `ring`, for every quantity.
void window_means(const std::array<FloatRows, kWindow>& ring, int first_row,
                  std::vector<float>& columns, FloatRows& means) {
  for (std::size_t q = 0; q < kQuantities; ++q) {
    Seven rows{}, neighbours{};
    for (std::size_t k = 0; k < kWindow; ++k) {
      rows[k] = ring[(static_cast<std::size_t>(first_row) + k) % kWindow][q].data();
      neighbours[k] = columns.data() + 3 * k;
    }
    mean_of_seven(rows, columns.size(), columns.data());
    mean_of_seven(neighbours, means[q].size(), means[q].data());
  }
}

}  // namespace

double ssim_float32(const Image& reconstruction, const Image& original) {
  require_window(reconstruction, original, kWindow);
  const std::size_t samples = original.row_bytes();
  std::array<FloatRows, kWindow> ring;
  ring.fill(rows_of(samples));
  std::vector<float> columns(samples);
  FloatRows means = rows_of(samples - 3 * (kWindow - 1));
  std::vector<double> similarity(means[0].size());
  ChannelSums sums;
  for (int y = 0; y < original.height; ++y) {
    FloatRows& row = ring[static_cast<std::size_t>(y) % kWindow];
    fill_products(reconstruction.row(y), original.row(y), samples, row[0].data(), row[1].data(),
                  row[2].data(), row[3].data(), row[4].data());
    const int first_row = y + 1 - static_cast<int>(kWindow);
    if (first_row < 0) continue;
    window_means(ring, first_row, columns, means);
    similarity_row(means[0].data(), means[1].data(), means[2].data(), means[3].data(),
                   means[4].data(), similarity.size(), similarity.data());
    sums.add(similarity);
  }
  const double windows = static_cast<double>(similarity.size()) / 3 *
                         static_cast<double>(original.height - static_cast<int>(kWindow) + 1);
  float total = 0;  // numpy keeps the channels' means, and takes their mean, in float32
  for (std::size_t c = 0; c < 3; ++c) total += static_cast<float>(sums.sum(c, 3) / windows);
  return static_cast<double>(total / 3.0F);
}

}  // namespace sightline
