#include "metrics/fidelity/feature_moments.h"

#include <algorithm>
#include <memory>

#include "harness/base/error.h"
#include "harness/base/parallel.h"
#include "metrics/fidelity/blas.h"
#include "metrics/fidelity/features.h"

namespace sightline {

namespace {

constexpr std::size_t kColumnGrain = 128;  // columns worth a thread
constexpr std::size_t kRowGrain = 64;      // rows of a D x D matrix worth a thread

std::vector<double> column_means(std::span<const float> rows, std::size_t width) {
  std::vector<double> means(width, 0.0);
  for (std::size_t i = 0; i < rows.size(); ++i) means[i % width] += static_cast<double>(rows[i]);
  for (double& mean : means) mean /= static_cast<double>(rows.size() / width);
  return means;
}

/// Adds centred^T centred to the upper triangle of `scatter`.
void add_products(const double* centred, std::size_t rows, std::vector<double>& scatter,
                  std::size_t width) {
  const BlasThreads threads;
  const auto d = static_cast<blasint>(width);
  cblas_dsyrk(CblasRowMajor, CblasUpper, CblasTrans, d, static_cast<blasint>(rows), 1.0, centred, d,
              1.0, scatter.data(), d);
}

/// Turns the scatter around a shift into the covariance: subtracts count offset offset^T, divides
/// by count - 1 and copies the upper triangle to the lower.
void scatter_to_covariance(std::vector<double>& scatter, std::span<const double> offset,
                           double count) {
  const std::size_t d = offset.size();
  parallel_for(d, kRowGrain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      double* row = scatter.data() + i * d;
      for (std::size_t j = i; j < d; ++j) {
        row[j] = (row[j] - count * offset[i] * offset[j]) / (count - 1);
      }
      // A variance is no less than 0, which rounding does not know.
      row[i] = std::max(row[i], 0.0);
    }
  });
  parallel_for(d, kRowGrain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      for (std::size_t j = 0; j < i; ++j) scatter[i * d + j] = scatter[j * d + i];
    }
  });
}

}  // namespace

FeatureMoments::FeatureMoments(std::size_t width) : width_(width) {
  require(width > 0, "FeatureMoments: a feature vector needs at least one value");
  sum_.resize(width);
  scatter_.resize(width * width);
  float32_sum_.resize(width);
}

void FeatureMoments::update(std::span<const float> rows) {
  require_features({rows, width_}, "features", static_cast<std::size_t>(count_));
  count_ += static_cast<std::int64_t>(rows.size() / width_);
  const std::size_t chunk = kChunkRows * width_;
  if (!pending_.empty()) {
    const auto head = rows.first(std::min(rows.size(), chunk - pending_.size()));
    pending_.insert(pending_.end(), head.begin(), head.end());
    rows = rows.subspan(head.size());
    if (pending_.size() == chunk) flush();
  }
  for (; rows.size() >= chunk; rows = rows.subspan(chunk)) add_chunk(rows.first(chunk));
  pending_.insert(pending_.end(), rows.begin(), rows.end());
}

void FeatureMoments::flush() {
  if (pending_.empty()) return;
  add_chunk(pending_);
  pending_.clear();
}

void FeatureMoments::add_chunk(std::span<const float> rows) {
  const std::size_t count = rows.size() / width_;
  if (shift_.empty()) shift_ = column_means(rows, width_);
  const auto centred = std::make_unique_for_overwrite<double[]>(rows.size());
  // Columns are shared out, so that every sum runs in the order of the rows.
  parallel_for(width_, kColumnGrain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = 0; row < count; ++row) {
      const float* values = rows.data() + row * width_;
      double* out = centred.get() + row * width_;
      for (std::size_t i = begin; i < end; ++i) {
        out[i] = static_cast<double>(values[i]) - shift_[i];
        sum_[i] += out[i];
        float32_sum_[i] += values[i];
      }
    }
  });
  add_products(centred.get(), count, scatter_, width_);
  summed_ += static_cast<std::int64_t>(count);
}

void FeatureMoments::merge(const FeatureMoments& next) {
  require(next.width_ == width_, "FeatureMoments: cannot merge features of {} and {} values",
          width_, next.width_);
  if (&next == this) return merge(FeatureMoments(next));
  if (count_ == 0) {
    *this = next;
  } else if (next.summed_ == 0) {
    update(next.pending_);
  } else {
    flush();
    add_sums(next);
    update(next.pending_);
  }
}

void FeatureMoments::add_sums(const FeatureMoments& next) {
  const auto n = static_cast<double>(next.summed_);
  std::vector<double> move(width_);  // from the other's shift to ours
  for (std::size_t i = 0; i < width_; ++i) move[i] = next.shift_[i] - shift_[i];
  parallel_for(width_, kRowGrain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      for (std::size_t j = i; j < width_; ++j) {
        const double cross = move[i] * next.sum_[j] + next.sum_[i] * move[j];
        scatter_[i * width_ + j] += next.scatter_[i * width_ + j] + (cross + n * move[i] * move[j]);
      }
    }
  });
  for (std::size_t i = 0; i < width_; ++i) sum_[i] += next.sum_[i] + n * move[i];
  summed_ += next.summed_;
  count_ += next.summed_;
  float32_in_order_ = false;
}

FeatureStatistics FeatureMoments::statistics() const {
  require(count_ >= 2, "{} feature vector{}: a covariance needs at least 2", count_,
          count_ == 1 ? "" : "s");
  FeatureMoments all(*this);
  all.flush();
  const auto n = static_cast<double>(count_);
  FeatureStatistics result{.count = count_};
  std::vector<double>& offset = all.sum_;
  for (double& sum : offset) sum /= n;
  for (std::size_t i = 0; i < width_; ++i) result.mean.push_back(all.shift_[i] + offset[i]);
  scatter_to_covariance(all.scatter_, offset, n);
  result.covariance = std::move(all.scatter_);
  if (float32_in_order_) {
    result.float32_mean = std::move(all.float32_sum_);
    for (float& sum : *result.float32_mean) sum /= static_cast<float>(n);
  }
  return result;
}

}  // namespace sightline
