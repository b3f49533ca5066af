#include "metrics/fidelity/squared_distances.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "harness/base/error.h"
#include "harness/base/parallel.h"
#include "metrics/fidelity/blas.h"

namespace sightline {

namespace {

constexpr std::size_t kLanes = 8;  // sums side by side, which the compiler can vectorise
constexpr std::size_t kRowGrain = 64;
constexpr std::size_t kLargestWidth = std::size_t{1} << 22;

/// Sum over i of term(i), i < count.
template <typename Term>
double sum_in_lanes(std::size_t count, const Term& term) {
  std::array<double, kLanes> sums{};
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) sums[lane] += term(i + lane);
  }
  double sum = 0;
  for (; i < count; ++i) sum += term(i);
  for (const double lane : sums) sum += lane;
  return sum;
}

}  // namespace

double squared_distance(std::span<const float> a, std::span<const float> b) {
  return sum_in_lanes(a.size(), [&](std::size_t i) {
    const double difference = static_cast<double>(a[i]) - static_cast<double>(b[i]);
    return difference * difference;
  });
}

DistanceBlocks::Side DistanceBlocks::make_side(const FeatureRows& rows) {
  Side side{.rows = rows,
            .squares = std::vector<double>(rows.count()),
            .norms = std::vector<double>(rows.count())};
  parallel_for(rows.count(), kRowGrain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      const auto row = rows.row(i);
      side.squares[i] = sum_in_lanes(row.size(), [&](std::size_t k) {
        return static_cast<double>(row[k]) * static_cast<double>(row[k]);
      });
      side.norms[i] = std::sqrt(side.squares[i]);
    }
  });
  return side;
}

DistanceBlocks::DistanceBlocks(const FeatureRows& a, const FeatureRows& b)
    : a_(make_side(a)), b_(make_side(b)) {
  require(a.width <= kLargestWidth, "{} values a row, want at most {}", a.width, kLargestWidth);
  const auto roundings = static_cast<double>(a.width + 2);
  // n u / (1 - n u) for the product, which counts twice; the squares and `squared_distance` round
  // in float64, with room for both.
  rounding32_ = 2 * roundings * 0x1p-24 / (1 - roundings * 0x1p-24);
  rounding64_ = 8 * roundings * 0x1p-53;
}

DistanceBlocks::Block::Block(const DistanceBlocks& all, std::size_t a, std::size_t b,
                             float* products)
    : a_begin(a),
      a_end(std::min(a + kBlockRows, all.a_.rows.count())),
      b_begin(b),
      b_end(std::min(b + kBlockRows, all.b_.rows.count())),
      all_(&all),
      products_(products) {
  const BlasThreads threads;
  const FeatureRows left = all.a_.rows.rows(a_begin, a_end);
  const FeatureRows right = all.b_.rows.rows(b_begin, b_end);
  const auto width = static_cast<blasint>(left.width);
  const auto columns = static_cast<blasint>(right.count());
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, static_cast<blasint>(left.count()), columns,
              width, 1.0F, left.values.data(), width, right.values.data(), width, 0.0F, products,
              columns);
}

void DistanceBlocks::for_each(bool upper_only,
                              const std::function<void(const Block&)>& look) const {
  std::vector<float> products(kBlockRows * kBlockRows);
  for (std::size_t a = 0; a < a_.rows.count(); a += kBlockRows) {
    for (std::size_t b = upper_only ? a : 0; b < b_.rows.count(); b += kBlockRows) {
      look(Block(*this, a, b, products.data()));
    }
  }
}

}  // namespace sightline
