#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>

#include "harness/base/error.h"
#include "harness/base/parallel.h"
#include "harness/base/vectorise.h"
#include "models/kernels/finite_weights.h"
#include "models/kernels/quantise.h"

namespace sightline {

namespace {

constexpr std::int32_t kInfinity = 0x7f800000;  // NaN lies above it, finite numbers below
constexpr std::size_t kGrain = 1 << 16;         // numbers worth a hand-over to another thread

std::size_t rows_of(std::size_t numbers, std::size_t columns) {
  return numbers / std::max<std::size_t>(1, columns) + 1;
}

std::int32_t magnitude_bits(float x) {
  return std::bit_cast<std::int32_t>(x) & 0x7fffffff;
}

/// Magnitudes compare as the integers of their bits do.
SIGHTLINE_VECTORISED
std::int32_t largest_bits(const float* x, std::size_t count) {
  std::int32_t largest = 0;
  for (std::size_t i = 0; i < count; ++i) largest = std::max(largest, magnitude_bits(x[i]));
  return largest;
}

/// Of those below the threshold.
SIGHTLINE_VECTORISED
std::int32_t largest_inlier_bits(const float* x, std::size_t count) {
  const std::int32_t threshold = magnitude_bits(kOutlierThreshold);
  std::int32_t largest = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::int32_t bits = magnitude_bits(x[i]);
    largest = std::max(largest, bits < threshold ? bits : 0);
  }
  return largest;
}

/// codes = x * factor, rounded half to even: behind the addition of 1.5 * 2^23 a float's last bit
/// is worth one, and its lower bits are the integer.
SIGHTLINE_VECTORISED
void round_codes(const float* x, std::size_t count, float factor, std::int8_t* codes) {
  constexpr float kShift = 12582912.0F;
  for (std::size_t i = 0; i < count; ++i) {
    codes[i] = static_cast<std::int8_t>(std::bit_cast<std::int32_t>(x[i] * factor + kShift));
  }
}

void write_codes(const float* x, std::size_t count, float factor, std::int8_t* codes) {
  if (std::isfinite(factor)) {
    round_codes(x, count, factor, codes);
  } else {
    std::fill_n(codes, count, std::int8_t{0});
  }
}

SIGHTLINE_VECTORISED
void decode_row(const std::int8_t* codes, std::size_t count, float scale, float* to) {
  for (std::size_t i = 0; i < count; ++i) to[i] = static_cast<float>(codes[i]) * scale / 127.0F;
}

/// The magnitude of each row's largest entry below the threshold; marks columns with others.
void scan_inputs(std::span<const float> inputs, std::size_t columns, std::vector<float>& scales,
                 std::vector<std::uint8_t>& is_outlier) {
  parallel_for(scales.size(), rows_of(kGrain, columns), [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row) {
      const float* x = inputs.data() + row * columns;
      const std::int32_t bits = largest_inlier_bits(x, columns);
      scales[row] = std::bit_cast<float>(bits);
      if (largest_bits(x, columns) == bits) continue;
      for (std::size_t k = 0; k < columns; ++k) {
        if (std::abs(x[k]) < kOutlierThreshold) continue;
        std::atomic_ref(is_outlier[k]).store(1, std::memory_order_relaxed);
      }
    }
  });
}

}  // namespace

void quantise_int8(std::span<const float> weights, std::size_t rows, std::size_t columns,
                   std::int8_t* codes, float* scales, std::size_t first_row) {
  for (std::size_t row = 0; row < rows; ++row) {
    const float* x = weights.data() + row * columns;
    const std::int32_t bits = largest_bits(x, columns);
    if (bits >= kInfinity) {
      refuse_non_finite({x, columns}, columns, (first_row + row) * columns);
    }
    scales[row] = std::bit_cast<float>(bits);
    // bitsandbytes multiplies by the reciprocal; 127 / scale would differ in some codes.
    const float reciprocal = 1.0F / scales[row];
    write_codes(x, columns, reciprocal * 127.0F, codes + row * columns);
  }
}

Int8Rows quantise_int8(std::span<const float> weights, std::size_t rows, std::size_t columns) {
  require(weights.size() == rows * columns, "{} weights for a matrix of {} x {}", weights.size(),
          rows, columns);
  Int8Rows result{.rows = rows, .columns = columns};
  result.codes.resize(weights.size());
  result.scales.resize(rows);
  parallel_for(rows, rows_of(kGrain, columns), [&](std::size_t begin, std::size_t end) {
    quantise_int8(weights.subspan(begin * columns, (end - begin) * columns), end - begin, columns,
                  result.codes.data() + begin * columns, result.scales.data() + begin, begin);
  });
  return result;
}

Int8Inputs quantise_inputs(std::span<const float> inputs, std::size_t rows, std::size_t columns) {
  require(inputs.size() == rows * columns, "{} inputs for {} rows of {}", inputs.size(), rows,
          columns);
  Int8Inputs result;
  result.codes.resize(inputs.size());
  result.scales.resize(rows);
  std::vector<std::uint8_t> is_outlier(columns);
  scan_inputs(inputs, columns, result.scales, is_outlier);
  for (std::size_t k = 0; k < columns; ++k) {
    if (is_outlier[k] != 0) result.outlier_columns.push_back(static_cast<std::uint32_t>(k));
  }
  parallel_for(rows, rows_of(kGrain, columns), [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row) {
      std::int8_t* codes = result.codes.data() + row * columns;
      write_codes(inputs.data() + row * columns, columns, 127.0F / result.scales[row], codes);
      for (const std::uint32_t k : result.outlier_columns) codes[k] = 0;
    }
  });
  return result;
}

std::vector<float> dequantise(const Int8Rows& rows) {
  std::vector<float> weights(rows.codes.size());
  parallel_for(rows.rows, rows_of(kGrain, rows.columns), [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row) {
      decode_row(rows.codes.data() + row * rows.columns, rows.columns, rows.scales[row],
                 weights.data() + row * rows.columns);
    }
  });
  return weights;
}

}  // namespace sightline
