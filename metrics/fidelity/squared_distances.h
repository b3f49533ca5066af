#pragma once

#include <cstddef>
#include <functional>
#include <limits>
#include <span>
#include <vector>

#include "metrics/fidelity/features.h"

namespace sightline {

/// The squared Euclidean distance of two rows: differences and sums in float64, in a fixed order.
/// 0 for equal rows; the same for (a, b) and (b, a).
double squared_distance(std::span<const float> a, std::span<const float> b);

/// `squared_distance` of two rows lies between these.
struct DistanceBounds {
  double low = 0, high = 0;
};

/// Squared distances of all rows of one set to all of another, by |a|^2 + |b|^2 - 2 a.b.
///
/// The products a.b are those of float32 matrices, block by block, which is far faster than one
/// distance after another, but rounds. So a pair has bounds, which allow for the most that rounding
/// can do: D roundings of |a| |b| (Higham, Accuracy and Stability of Numerical Algorithms, 2002,
/// eq. 3.5, which holds for any order of additions). What they leave open `squared_distance`
/// decides: seldom needed, and no decision depends on how the products were computed.
class DistanceBlocks {
 public:
  /// Looks on both, which must be comparable (`require_comparable`). Throws `Error` for more than
  /// 2^22 values a row.
  DistanceBlocks(const FeatureRows& a, const FeatureRows& b);

  /// The pairs of rows [a_begin, a_end) of one set and [b_begin, b_end) of the other.
  class Block {
   public:
    std::size_t a_begin, a_end, b_begin, b_end;

    /// Of row `i` of one set and row `j` of the other, both within the block.
    DistanceBounds at(std::size_t i, std::size_t j) const {
      const double scale = all_->a_.norms[i] * all_->b_.norms[j];
      if (!(scale < kLargestProduct)) return {0, std::numeric_limits<double>::infinity()};
      const double squares = all_->a_.squares[i] + all_->b_.squares[j];
      const double product = products_[(i - a_begin) * (b_end - b_begin) + (j - b_begin)];
      const double error = all_->rounding32_ * scale + all_->rounding64_ * squares + kUnderflow;
      return {squares - 2 * product - error, squares - 2 * product + error};
    }

   private:
    friend class DistanceBlocks;
    Block(const DistanceBlocks& all, std::size_t a, std::size_t b, float* products);
    const DistanceBlocks* all_;
    const float* products_;
  };

  /// Calls `look` with one block after the other; with `upper_only` (a set against itself) only
  /// those where b_begin >= a_begin. BLAS is free during a call. Memory: 4 MiB.
  void for_each(bool upper_only, const std::function<void(const Block&)>& look) const;

 private:
  static constexpr std::size_t kBlockRows = 1024;
  static constexpr double kLargestProduct = 1e37;  // float32 ends at 3e38
  static constexpr double kUnderflow = 1e-38;      // 2 D roundings of float32's smallest numbers

  struct Side {
    FeatureRows rows;
    std::vector<double> squares, norms;  // |row|^2, |row|
  };
  static Side make_side(const FeatureRows& rows);

  Side a_, b_;
  double rounding32_, rounding64_;
};

}  // namespace sightline
