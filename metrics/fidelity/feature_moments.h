#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace sightline {

/// What the Fréchet distance needs to know of a set of D-dimensional features.
struct FeatureStatistics {
  std::int64_t count = 0;          ///< feature vectors behind it; at least 2
  std::vector<double> mean;        ///< [D]
  std::vector<double> covariance;  ///< [D, D], of a sample: divided by count - 1; symmetric
  /// The mean as torch-fidelity and ADM have it: rows added up in their order in float32 and
  /// divided in float32, as numpy's `mean(axis=0)` does for float32 rows with D > 1. With 50,000
  /// rows it is up to 1e-5 from the mean. Such a sum cannot be put together from parts, so there is
  /// no value after a `merge` of parts that were added up apart.
  std::optional<std::vector<float>> float32_mean;

  std::size_t width() const { return mean.size(); }
};

/// Mean and covariance of feature vectors in one pass, in float64.
///
/// Sums are of the differences to a shift, the mean of the first rows, so that features with a
/// mean far from 0 lose no digits: covariances are within 1e-13 of the largest variance, whatever
/// the mean. Rows are taken in chunks of a fixed size by rank-k updates, so that the result does
/// not depend on how rows were shared out among calls of `update`, to the last bit.
///
/// Memory: 8 D^2 bytes (32 MiB for D = 2048) and some MiB for a chunk, however many rows.
class FeatureMoments {
 public:
  /// `width` is D > 0.
  explicit FeatureMoments(std::size_t width);

  /// Adds rows, [n, D]; n may be 0. Throws `Error` when the values are no whole rows or one is not
  /// finite (naming row and column), and then has added none. Cost: n D^2 multiply-adds.
  void update(std::span<const float> rows);

  /// Adds what `next` has seen, behind what is here. Mean and covariance equal those of one pass
  /// within 1e-12, relative to the largest variance. The mean in float32 has no value afterwards
  /// unless there was no row here, or in `next` less than one chunk (512 rows). Throws `Error` for
  /// another width.
  void merge(const FeatureMoments& next);

  std::int64_t count() const { return count_; }
  std::size_t width() const { return width_; }

  /// Mean and covariance of all rows so far, in a copy. Throws `Error` for fewer than two rows.
  /// N <= D rows are allowed; their covariance is singular.
  FeatureStatistics statistics() const;

 private:
  static constexpr std::size_t kChunkRows = 512;

  void add_chunk(std::span<const float> rows);
  void flush();
  void add_sums(const FeatureMoments& next);

  std::size_t width_;
  std::int64_t count_ = 0;          // all rows
  std::int64_t summed_ = 0;         // rows in the sums; the others are pending
  std::vector<float> pending_;      // less than a chunk of rows
  std::vector<double> shift_;       // [D], empty until the first chunk is summed
  std::vector<double> sum_;         // [D] of row - shift
  std::vector<double> scatter_;     // [D, D] of (row - shift)(row - shift)^T, upper triangle
  std::vector<float> float32_sum_;  // [D] of the summed rows
  bool float32_in_order_ = true;
};

}  // namespace sightline
