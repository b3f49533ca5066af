#include "metrics/fidelity/kid.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

#include "harness/base/error.h"
#include "harness/base/parallel.h"
#include "metrics/fidelity/blas.h"
#include "metrics/fidelity/numpy_random.h"
#include "metrics/statistics.h"

namespace sightline {

namespace {

constexpr std::size_t kBlockRows = 1024;
constexpr std::size_t kRowGrain = 64;

/// Rows in float64.
struct Rows {
  std::vector<double> values;
  std::size_t count = 0, width = 0;
};

void gather(const FeatureRows& features, std::span<const std::size_t> indices, Rows& rows) {
  rows.count = indices.size();
  rows.width = features.width;
  rows.values.resize(rows.count * rows.width);
  parallel_for(rows.count, kRowGrain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      const auto row = features.row(indices[i]);
      std::ranges::copy(row, rows.values.begin() + static_cast<std::ptrdiff_t>(i * rows.width));
    }
  });
}

void products(const Rows& a, const Rows& b, std::vector<double>& out) {
  out.resize(a.count * b.count);
  const BlasThreads threads;
  const auto m = static_cast<blasint>(a.count), n = static_cast<blasint>(b.count);
  const auto width = static_cast<blasint>(a.width);
  if (&a == &b) {
    cblas_dsyrk(CblasRowMajor, CblasUpper, CblasNoTrans, m, width, 1.0, a.values.data(), width, 0.0,
                out.data(), n);
  } else {
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, m, n, width, 1.0, a.values.data(), width,
                b.values.data(), width, 0.0, out.data(), n);
  }
}

/// Sum of (x.y / D + 1)^3 - 1 over rows x of `a` and y of `b`; for `a` itself over pairs of two
/// different rows, each once. The 1 taken off makes no difference to the distance, and saves
/// digits.
double kernel_sum(const Rows& a, const Rows& b, std::vector<double>& scratch) {
  products(a, b, scratch);
  std::vector<double> sums(a.count, 0.0);
  const bool same = &a == &b;
  const auto width = static_cast<double>(a.width);
  parallel_for(a.count, kRowGrain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      for (std::size_t j = same ? i + 1 : 0; j < b.count; ++j) {
        const double t = scratch[i * b.count + j] / width;
        sums[i] += t * (3 + t * (3 + t));
      }
    }
  });
  return std::accumulate(sums.begin(), sums.end(), 0.0);
}

/// The estimate from sums over the pairs of one set, of the other, and between them.
double unbiased(double within_a, double within_b, double between, std::size_t a, std::size_t b) {
  const auto n = static_cast<double>(a), m = static_cast<double>(b);
  return 2 * within_a / (n * (n - 1)) + 2 * within_b / (m * (m - 1)) - 2 * between / (n * m);
}

void load_block(const FeatureRows& features, std::size_t begin, Rows& rows) {
  std::vector<std::size_t> indices(std::min(kBlockRows, features.count() - begin));
  std::iota(indices.begin(), indices.end(), begin);
  gather(features, indices, rows);
}

/// Sum of the kernel over all pairs of different rows, each once.
double kernel_sum_within(const FeatureRows& features) {
  Rows left, right;
  std::vector<double> scratch;
  double sum = 0;
  for (std::size_t i = 0; i < features.count(); i += kBlockRows) {
    load_block(features, i, left);
    sum += kernel_sum(left, left, scratch);
    for (std::size_t j = i + kBlockRows; j < features.count(); j += kBlockRows) {
      load_block(features, j, right);
      sum += kernel_sum(left, right, scratch);
    }
  }
  return sum;
}

/// Sum of the kernel over all pairs of a row of each set.
double kernel_sum_between(const FeatureRows& a, const FeatureRows& b) {
  Rows left, right;
  std::vector<double> scratch;
  double sum = 0;
  for (std::size_t i = 0; i < a.count(); i += kBlockRows) {
    load_block(a, i, left);
    for (std::size_t j = 0; j < b.count(); j += kBlockRows) {
      load_block(b, j, right);
      sum += kernel_sum(left, right, scratch);
    }
  }
  return sum;
}

}  // namespace

KernelDistance kernel_distance(const FeatureRows& a, const FeatureRows& b,
                               const KernelDistanceOptions& options) {
  require_comparable(a, "first features", b, "second features");
  const std::size_t size = options.subset_size;
  require(options.subsets > 0 && size >= 2, "KID: {} subsets of {} rows, want at least 1 of 2",
          options.subsets, size);
  require(size <= a.count() && size <= b.count(),
          "KID: a subset of {} rows cannot be drawn from {} and {}; choose a smaller subset size",
          size, a.count(), b.count());
  NumpyRandomState random(options.seed);
  Rows left, right;
  std::vector<double> scratch;
  KernelDistance result;
  for (std::size_t subset = 0; subset < options.subsets; ++subset) {
    gather(a, random.choice(a.count(), size), left);
    gather(b, random.choice(b.count(), size), right);
    const double within_left = kernel_sum(left, left, scratch);
    const double within_right = kernel_sum(right, right, scratch);
    const double between = kernel_sum(left, right, scratch);
    result.subsets.push_back(unbiased(within_left, within_right, between, size, size));
  }
  result.mean = mean(result.subsets).value();
  double squares = 0;
  for (const double value : result.subsets)
    squares += (value - result.mean) * (value - result.mean);
  result.standard_deviation = std::sqrt(squares / static_cast<double>(options.subsets));
  return result;
}

double kernel_distance_of_all(const FeatureRows& a, const FeatureRows& b) {
  require_comparable(a, "first features", b, "second features");
  require(a.count() >= 2 && b.count() >= 2, "KID: {} and {} rows, want at least 2 of each",
          a.count(), b.count());
  return unbiased(kernel_sum_within(a), kernel_sum_within(b), kernel_sum_between(a, b), a.count(),
                  b.count());
}

}  // namespace sightline
