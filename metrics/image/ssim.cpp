#include "metrics/image/ssim.h"

#include <cmath>
#include <cstdint>
#include <numeric>

#include "harness/base/vectorise.h"
#include "metrics/image/ssim_window.h"

namespace sightline {
namespace {

constexpr int kUniform = 7;  // pixels a side
constexpr int kGaussian = 11;
constexpr double kUniformCount = kUniform * kUniform;

// Sums of one column of the window, for each sample of a row: both images, the sum of their
// squares, their product.
struct ColumnSums {
  std::vector<std::int32_t> a, b, squares, products;

  explicit ColumnSums(std::size_t samples)
      : a(samples), b(samples), squares(samples), products(samples) {}
};

// A row of each image enters the window and one leaves it.
struct RowChange {
  const std::uint8_t *a_in, *b_in, *a_out, *b_out;
};

SIGHTLINE_VECTORISED void slide_down(const RowChange& change, std::size_t samples,
                                     std::int32_t* __restrict a, std::int32_t* __restrict b,
                                     std::int32_t* __restrict squares,
                                     std::int32_t* __restrict products) {
  const std::uint8_t* __restrict a_in = change.a_in;
  const std::uint8_t* __restrict b_in = change.b_in;
  const std::uint8_t* __restrict a_out = change.a_out;
  const std::uint8_t* __restrict b_out = change.b_out;
  for (std::size_t i = 0; i < samples; ++i) {
    const std::int32_t p = a_in[i], q = b_in[i], r = a_out[i], s = b_out[i];
    a[i] += p - r;
    b[i] += q - s;
    squares[i] += p * p + q * q - r * r - s * s;
    products[i] += p * q - r * s;
  }
}

// Seven neighbours of the same channel.
inline std::int32_t box(const std::int32_t* columns) {
  return columns[0] + columns[3] + columns[6] + columns[9] + columns[12] + columns[15] +
         columns[18];
}

// SSIM of every window of a row. Its fraction is expanded by the 49^2 and 49 * 48 of the means and
// covariances, so that all but the last three operations are on integers below 2^31.
SIGHTLINE_VECTORISED void uniform_similarity(const std::int32_t* __restrict a,
                                             const std::int32_t* __restrict b,
                                             const std::int32_t* __restrict squares,
                                             const std::int32_t* __restrict products,
                                             std::size_t windows, double* __restrict out) {
  constexpr double kC1 = kSsimK1 * 255 * (kSsimK1 * 255) * kUniformCount * kUniformCount;
  constexpr double kC2 = kSsimK2 * 255 * (kSsimK2 * 255) * kUniformCount * (kUniformCount - 1);
  constexpr std::int32_t kCount = kUniform * kUniform;
  for (std::size_t i = 0; i < windows; ++i) {
    const std::int32_t sum_a = box(a + i), sum_b = box(b + i);
    const std::int32_t product = sum_a * sum_b;
    const std::int32_t square = sum_a * sum_a + sum_b * sum_b;
    const std::int32_t covariance = kCount * box(products + i) - product;
    const std::int32_t variances = kCount * box(squares + i) - square;
    out[i] =
        (2.0 * product + kC1) * (2.0 * covariance + kC2) / ((square + kC1) * (variances + kC2));
  }
}

ChannelSums uniform_sums(const Image& reconstruction, const Image& original) {
  const std::size_t samples = original.row_bytes();
  const std::vector<std::uint8_t> nothing(samples);
  ColumnSums columns(samples);
  std::vector<double> similarity(samples - std::size_t{3} * (kUniform - 1));
  ChannelSums sums;
  for (int y = 0; y < original.height; ++y) {
    const bool full = y >= kUniform;
    const RowChange change{reconstruction.row(y), original.row(y),
                           full ? reconstruction.row(y - kUniform) : nothing.data(),
                           full ? original.row(y - kUniform) : nothing.data()};
    slide_down(change, samples, columns.a.data(), columns.b.data(), columns.squares.data(),
               columns.products.data());
    if (y + 1 < kUniform) continue;
    uniform_similarity(columns.a.data(), columns.b.data(), columns.squares.data(),
                       columns.products.data(), similarity.size(), similarity.data());
    sums.add(similarity);
  }
  return sums;
}

std::vector<double> gaussian_kernel() {
  constexpr double kSigma = 1.5;
  std::vector<double> kernel;
  for (int k = 0; k <= kGaussian / 2; ++k)
    kernel.push_back(std::exp(-0.5 * k * k / kSigma / kSigma));
  const double total = 2 * std::accumulate(kernel.begin() + 1, kernel.end(), 0.0) + kernel[0];
  for (double& weight : kernel) weight /= total;
  return kernel;
}

double gaussian_ssim(const Image& reconstruction, const Image& original, double covariance_norm) {
  require_window(reconstruction, original, kGaussian);
  const auto fill = [&](int y, double* a, double* b) {
    std::copy_n(reconstruction.row(y), original.row_bytes(), a);
    std::copy_n(original.row(y), original.row_bytes(), b);
  };
  return window_ssim(original.width, original.height, 3,
                     {.kernel = gaussian_kernel(), .covariance_norm = covariance_norm}, fill);
}

void luma_row(const std::uint8_t* rgb, int width, double* luma) {
  for (int x = 0; x < width; ++x, rgb += 3) {
    luma[x] = 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2];
  }
}

}  // namespace

std::array<double, 3> ssim_per_channel(const Image& reconstruction, const Image& original) {
  require_window(reconstruction, original, kUniform);
  const ChannelSums sums = uniform_sums(reconstruction, original);
  const double windows = static_cast<double>(original.width - kUniform + 1) *
                         static_cast<double>(original.height - kUniform + 1);
  return {sums.sum(0, 3) / windows, sums.sum(1, 3) / windows, sums.sum(2, 3) / windows};
}

double ssim(const Image& reconstruction, const Image& original) {
  const std::array<double, 3> channels = ssim_per_channel(reconstruction, original);
  return (channels[0] + channels[1] + channels[2]) / 3;
}

double ssim_luma(const Image& reconstruction, const Image& original) {
  require_window(reconstruction, original, kUniform);
  const auto fill = [&](int y, double* a, double* b) {
    luma_row(reconstruction.row(y), original.width, a);
    luma_row(original.row(y), original.width, b);
  };
  const std::vector<double> kernel(kUniform / 2 + 1, 1.0 / kUniform);
  return window_ssim(original.width, original.height, 1,
                     {.kernel = kernel, .covariance_norm = kUniformCount / (kUniformCount - 1)},
                     fill);
}

double ssim_gaussian11(const Image& reconstruction, const Image& original) {
  return gaussian_ssim(reconstruction, original, 1);
}

double ssim_gaussian11_sample(const Image& reconstruction, const Image& original) {
  constexpr double kCount = kGaussian * kGaussian;
  return gaussian_ssim(reconstruction, original, kCount / (kCount - 1));
}

}  // namespace sightline
