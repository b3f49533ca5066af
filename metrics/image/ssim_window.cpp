#include "metrics/image/ssim_window.h"

#include <algorithm>

#include "harness/base/error.h"
#include "harness/base/vectorise.h"
#include "metrics/image/psnr.h"

namespace sightline {
namespace {

SIGHTLINE_VECTORISED void add_lanes(const double* row, std::size_t blocks, double* sums) {
  for (std::size_t block = 0; block < blocks; ++block, row += kSumLanes) {
    for (std::size_t i = 0; i < kSumLanes; ++i) sums[i] += row[i];
  }
}

// What is averaged over a window: both images, the sum of their squares, their product.
constexpr std::size_t kQuantities = 4;
using Rows = std::array<std::vector<double>, kQuantities>;

Rows rows_of(std::size_t samples) {
  Rows rows;
  rows.fill(std::vector<double>(samples));
  return rows;
}

SIGHTLINE_VECTORISED void square_row(std::size_t samples, const double* __restrict a,
                                     const double* __restrict b, double* __restrict squares,
                                     double* __restrict products) {
  for (std::size_t i = 0; i < samples; ++i) {
    squares[i] = a[i] * a[i] + b[i] * b[i];
    products[i] = a[i] * b[i];
  }
}

SIGHTLINE_VECTORISED void scale_row(std::size_t samples, double weight,
                                    const double* __restrict from, double* __restrict to) {
  for (std::size_t i = 0; i < samples; ++i) to[i] = weight * from[i];
}

// Adds two rows that are equally far from the middle of the window.
SIGHTLINE_VECTORISED void add_pair(std::size_t samples, double weight,
                                   const double* __restrict before, const double* __restrict behind,
                                   double* __restrict to) {
  for (std::size_t i = 0; i < samples; ++i) to[i] += weight * (before[i] + behind[i]);
}

struct Constants {
  double covariance_norm, c1, c2;
};

Constants constants_of(const WindowRule& rule) {
  const double c1 = kSsimK1 * rule.range, c2 = kSsimK2 * rule.range;
  return {rule.covariance_norm, c1 * c1, c2 * c2};
}

SIGHTLINE_VECTORISED void similarity_row(std::size_t samples, const Constants& constants,
                                         const double* __restrict a, const double* __restrict b,
                                         const double* __restrict squares,
                                         const double* __restrict products,
                                         double* __restrict out) {
  const double norm = constants.covariance_norm, c1 = constants.c1, c2 = constants.c2;
  for (std::size_t i = 0; i < samples; ++i) {
    const double mean_product = a[i] * b[i];
    const double mean_squares = a[i] * a[i] + b[i] * b[i];
    const double covariance = norm * (products[i] - mean_product);
    const double variances = norm * (squares[i] - mean_squares);
    out[i] =
        (2 * mean_product + c1) * (2 * covariance + c2) / ((mean_squares + c1) * (variances + c2));
  }
}

SIGHTLINE_VECTORISED void contrast_row(std::size_t samples, const Constants& constants,
                                       const double* __restrict a, const double* __restrict b,
                                       const double* __restrict squares,
                                       const double* __restrict products,
                                       double* __restrict contrast, double* __restrict similarity) {
  const double norm = constants.covariance_norm, c1 = constants.c1, c2 = constants.c2;
  for (std::size_t i = 0; i < samples; ++i) {
    const double mean_product = a[i] * b[i];
    const double mean_squares = a[i] * a[i] + b[i] * b[i];
    const double covariance = norm * (products[i] - mean_product);
    const double variances = norm * (squares[i] - mean_squares);
    contrast[i] = (2 * covariance + c2) / (variances + c2);
    similarity[i] = (2 * mean_product + c1) / (mean_squares + c1) * contrast[i];
  }
}

// Weighted averages along y, then along x, of the rows around one output row.
class WindowAverages {
 public:
  WindowAverages(std::size_t samples, std::size_t channels, const std::vector<double>& kernel)
      : samples_(samples),
        channels_(channels),
        kernel_(kernel),
        ring_(2 * kernel.size() - 1, rows_of(samples)),
        columns_(samples),
        averages_(rows_of(inner())) {}

  std::size_t inner() const { return samples_ - 2 * channels_ * (kernel_.size() - 1); }

  // Calls `work(averages)` for each row of windows; returns their number.
  template <typename Work>
  int for_each_row(int height, const FillRows& fill, Work work) {
    const int diameter = static_cast<int>(ring_.size());
    for (int y = 0; y < height; ++y) {
      read_row(y, fill);
      if (y + 1 >= diameter) work(averages(y));
    }
    return height - diameter + 1;
  }

 private:
  void read_row(int y, const FillRows& fill) {
    Rows& rows = ring_[static_cast<std::size_t>(y) % ring_.size()];
    fill(y, rows[0].data(), rows[1].data());
    square_row(samples_, rows[0].data(), rows[1].data(), rows[2].data(), rows[3].data());
  }

  // The window ends with row `last`; all its rows have been read.
  const Rows& averages(int last) {
    const std::size_t radius = kernel_.size() - 1;
    const std::size_t middle = static_cast<std::size_t>(last) - radius;
    for (std::size_t q = 0; q < kQuantities; ++q) {
      const auto row = [&](std::size_t y) { return ring_[y % ring_.size()][q].data(); };
      scale_row(samples_, kernel_[0], row(middle), columns_.data());
      for (std::size_t k = 1; k <= radius; ++k) {
        add_pair(samples_, kernel_[k], row(middle - k), row(middle + k), columns_.data());
      }
      const double* center = columns_.data() + radius * channels_;
      scale_row(inner(), kernel_[0], center, averages_[q].data());
      for (std::size_t k = 1; k <= radius; ++k) {
        add_pair(inner(), kernel_[k], center - k * channels_, center + k * channels_,
                 averages_[q].data());
      }
    }
    return averages_;
  }

  std::size_t samples_, channels_;
  const std::vector<double>& kernel_;
  std::vector<Rows> ring_;
  std::vector<double> columns_;
  Rows averages_;
};

}  // namespace

void require_window(const Image& reconstruction, const Image& original, int window) {
  require_same_size(reconstruction, original);
  require(original.width >= window && original.height >= window,
          "SSIM needs images of at least {} x {} pixels, its window; these have {} x {}", window,
          window, original.width, original.height);
}

void ChannelSums::add(std::span<const double> row) {
  const std::size_t blocks = row.size() / kSumLanes;
  add_lanes(row.data(), blocks, lanes_.data());
  const std::span<const double> rest = row.subspan(blocks * kSumLanes);
  for (std::size_t i = 0; i < rest.size(); ++i) lanes_[i] += rest[i];
}

double ChannelSums::sum(std::size_t c, std::size_t channels) const {
  double sum = 0;
  for (std::size_t i = c; i < kSumLanes; i += channels) sum += lanes_[i];
  return sum;
}

double window_ssim(int width, int height, std::size_t channels, const WindowRule& rule,
                   const FillRows& fill) {
  const Constants constants = constants_of(rule);
  WindowAverages window(static_cast<std::size_t>(width) * channels, channels, rule.kernel);
  std::vector<double> similarity(window.inner());
  ChannelSums sums;
  const int rows = window.for_each_row(height, fill, [&](const Rows& averages) {
    similarity_row(similarity.size(), constants, averages[0].data(), averages[1].data(),
                   averages[2].data(), averages[3].data(), similarity.data());
    sums.add(similarity);
  });
  return sums.sum(0, 1) / (static_cast<double>(similarity.size()) * static_cast<double>(rows));
}

std::vector<ChannelSimilarity> window_similarity(int width, int height, std::size_t channels,
                                                 const WindowRule& rule, const FillRows& fill) {
  const Constants constants = constants_of(rule);
  WindowAverages window(static_cast<std::size_t>(width) * channels, channels, rule.kernel);
  std::vector<double> similarity(window.inner()), contrast(window.inner());
  ChannelSums similarities, contrasts;
  const int rows = window.for_each_row(height, fill, [&](const Rows& averages) {
    contrast_row(similarity.size(), constants, averages[0].data(), averages[1].data(),
                 averages[2].data(), averages[3].data(), contrast.data(), similarity.data());
    similarities.add(similarity);
    contrasts.add(contrast);
  });
  const double windows =
      static_cast<double>(similarity.size() / channels) * static_cast<double>(rows);
  std::vector<ChannelSimilarity> result;
  for (std::size_t c = 0; c < channels; ++c) {
    result.push_back(
        {similarities.sum(c, channels) / windows, contrasts.sum(c, channels) / windows});
  }
  return result;
}

}  // namespace sightline
