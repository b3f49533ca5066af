#include "metrics/fidelity/frechet.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/parallel.h"
#include "metrics/fidelity/blas.h"

namespace sightline {

namespace {

constexpr std::size_t kRowGrain = 64;  // rows of a D x D matrix worth a thread
constexpr double kAsymmetry = 1e-9;  // relative to the larger variance; files may hold rounded ones

bool all_finite(std::span<const double> values) {
  return std::ranges::all_of(values, [](double value) { return std::isfinite(value); });
}

void require_symmetric(const FeatureStatistics& set, std::string_view what) {
  const std::size_t d = set.width();
  const auto at = [&](std::size_t i, std::size_t j) { return set.covariance[i * d + j]; };
  double largest = 0;
  for (std::size_t i = 0; i < d; ++i) {
    require(at(i, i) >= 0, "{}: the variance of feature {} is {}, less than 0", what, i, at(i, i));
    largest = std::max(largest, at(i, i));
  }
  parallel_for(d, kRowGrain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        require(std::abs(at(i, j) - at(j, i)) <= kAsymmetry * largest,
                "{}: the covariance is not symmetric: ({}, {}) is {}, ({}, {}) is {}", what, i, j,
                at(i, j), j, i, at(j, i));
      }
    }
  });
}

void require_statistics(const FeatureStatistics& set, std::string_view what) {
  const std::size_t d = set.width();
  require(d > 0 && set.covariance.size() == d * d,
          "{}: {} means and {} covariances, want D and D x D of them", what, d,
          set.covariance.size());
  require(set.count >= 2, "{}: {} feature vectors, want at least 2", what, set.count);
  require(all_finite(set.mean) && all_finite(set.covariance),
          "{}: a mean or covariance is not a finite number", what);
  require_symmetric(set, what);
}

double trace_of(const FeatureStatistics& set) {
  double sum = 0;
  for (std::size_t i = 0; i < set.width(); ++i) sum += set.covariance[i * set.width() + i];
  return sum;
}

double mean_term(const FeatureStatistics& a, const FeatureStatistics& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.width(); ++i) {
    const double difference = a.mean[i] - b.mean[i];
    sum += difference * difference;
  }
  return sum;
}

/// As the evaluators have it: differences in float32, and BLAS adds up their squares in float32.
double mean_term_float32(const FeatureStatistics& a, const FeatureStatistics& b) {
  require(a.float32_mean && b.float32_mean,
          "rules \"{}\" want means added up in float32, row by row: not known here, since the "
          "features were added up in parts. Add them up in one pass, or use \"{}\"",
          name_of(FrechetRules::kTf), name_of(FrechetRules::kPytorchFid));
  std::vector<float> difference(a.width());
  for (std::size_t i = 0; i < a.width(); ++i) {
    difference[i] = a.float32_mean->at(i) - b.float32_mean->at(i);
  }
  const BlasThreads threads;
  const auto d = static_cast<blasint>(difference.size());
  return static_cast<double>(cblas_sdot(d, difference.data(), 1, difference.data(), 1));
}

}  // namespace

std::string_view name_of(FrechetRules rules) {
  return rules == FrechetRules::kPytorchFid ? "fid/pytorch-fid" : "fid/tf";
}

FrechetDistance frechet_distance(const FeatureStatistics& a, const FeatureStatistics& b,
                                 FrechetRules rules) {
  require_statistics(a, "first features");
  require_statistics(b, "second features");
  require(a.width() == b.width(),
          "the first features have {} values each, the second {}; they must be of one network",
          a.width(), b.width());
  return {.mean_term = rules == FrechetRules::kTf ? mean_term_float32(a, b) : mean_term(a, b),
          .trace_a = trace_of(a),
          .trace_b = trace_of(b),
          .trace_sqrt = trace_of_sqrt_product(a.covariance, b.covariance, a.width())};
}

}  // namespace sightline
