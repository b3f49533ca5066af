#pragma once

// The loops of row_kernels.h, for the instruction set of the file that includes this one behind a
// header of vectors.

#include <algorithm>
#include <cmath>

#include "models/kernels/row_kernels.h"
#include "models/kernels/vector_math.h"
#include "models/kernels/vector_rows.h"

namespace sightline {
namespace {

/// Rows are summed in four vectors, taken in turn: the additions of one need not wait for another.
constexpr std::size_t kSums = 4;

SIGHTLINE_TARGET_INLINE void clear(Floats (&sums)[kSums]) {
  for (Floats& sum : sums) sum = Floats::of(0);
}
SIGHTLINE_TARGET_INLINE float total(const Floats (&sums)[kSums]) {
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])).sum();
}

template <typename T>
SIGHTLINE_TARGET float sum_row(const T* x, std::size_t width) {
  Floats sums[kSums];
  clear(sums);
  std::size_t i = 0;
  for (; i + kSums * kLanes <= width; i += kSums * kLanes) {
    for (std::size_t v = 0; v < kSums; ++v) {
      sums[v] = sums[v] + Floats::load(x + i + v * kLanes);
    }
  }
  for (std::size_t v = 0; i < width; i += kLanes, ++v) {
    sums[v] = sums[v] + load_some(x + i, width - i);
  }
  return total(sums);
}

/// The sum of (x - mean)^2.
template <typename T>
SIGHTLINE_TARGET float sum_squares(const T* x, std::size_t width, float mean) {
  Floats sums[kSums];
  clear(sums);
  const Floats centre = Floats::of(mean);
  std::size_t i = 0;
  for (; i + kSums * kLanes <= width; i += kSums * kLanes) {
    for (std::size_t v = 0; v < kSums; ++v) {
      const Floats difference = Floats::load(x + i + v * kLanes) - centre;
      sums[v] = Floats::fma(difference, difference, sums[v]);
    }
  }
  for (std::size_t v = 0; i < width; i += kLanes, ++v) {
    Floats difference = load_some(x + i, width - i) - centre;
    difference = Floats::only(difference, 0, std::min(kLanes, width - i), Floats::of(0));
    sums[v] = Floats::fma(difference, difference, sums[v]);
  }
  return total(sums);
}

template <typename T>
SIGHTLINE_TARGET void rms_norm_row(const T* x, const float* weight, T* y, std::size_t width,
                                   const RmsNormKind& kind) {
  const float mean = sum_squares(x, width, 0) / static_cast<float>(width);
  const Floats factor = Floats::of(1.0F / std::sqrt(mean + kind.eps));
  const Floats offset = Floats::of(kind.one_plus_weight ? 1.0F : 0.0F);
  for (std::size_t i = 0; i < width; i += kLanes) {
    const std::size_t count = width - i;
    Floats scaled = load_some(x + i, count) * factor;
    if (kind.round_before_weight) scaled = rounded<T>(scaled);
    store_some(scaled * (offset + load_some(weight + i, count)), y + i, count);
  }
}

template <typename T>
SIGHTLINE_TARGET void rms_norm_rows(const T* x, const float* weight, T* y, std::size_t rows,
                                    std::size_t width, const RmsNormKind& kind) {
  for (std::size_t row = 0; row < rows; ++row) {
    rms_norm_row(x + row * width, weight, y + row * width, width, kind);
  }
}

template <typename T>
SIGHTLINE_TARGET void layer_norm_row(const T* x, const float* weight, const float* bias, T* y,
                                     std::size_t width, float eps) {
  const float mean = sum_row(x, width) / static_cast<float>(width);
  const float variance = sum_squares(x, width, mean) / static_cast<float>(width);
  const Floats factor = Floats::of(1.0F / std::sqrt(variance + eps));
  for (std::size_t i = 0; i < width; i += kLanes) {
    const std::size_t count = width - i;
    const Floats scaled = (load_some(x + i, count) - Floats::of(mean)) * factor;
    store_some(scaled * load_some(weight + i, count) + load_some(bias + i, count), y + i, count);
  }
}

template <typename T>
SIGHTLINE_TARGET void layer_norm_rows(const T* x, const float* weight, const float* bias, T* y,
                                      std::size_t rows, std::size_t width, float eps) {
  for (std::size_t row = 0; row < rows; ++row) {
    layer_norm_row(x + row * width, weight, bias, y + row * width, width, eps);
  }
}

/// Rounded as a tensor of T is, behind each operation that is one in PyTorch.
template <typename T, Activation kActivation>
SIGHTLINE_TARGET_INLINE Floats activated(Floats x) {
  if constexpr (kActivation == Activation::kGelu) {
    constexpr float kSqrtHalf = 0.707106781F;
    const Floats half = x * Floats::of(0.5F);
    return rounded<T>(half * (Floats::of(1) + erf(x * Floats::of(kSqrtHalf))));
  } else if constexpr (kActivation == Activation::kGeluTanh) {
    // 0.5 (1 + tanh u) = sigmoid(2 u), which keeps its precision where tanh u is near -1.
    constexpr float kTwiceSqrt2OverPi = 1.59576912F;
    const Floats cube = x * x * x;
    const Floats u = Floats::of(kTwiceSqrt2OverPi) * Floats::fma(Floats::of(0.044715F), cube, x);
    return rounded<T>(x / (Floats::of(1) + exp(Floats::of(0) - u)));
  } else if constexpr (kActivation == Activation::kQuickGelu) {
    const Floats scaled = rounded<T>(x * Floats::of(1.702F));
    return rounded<T>(x * rounded<T>(sigmoid(scaled)));
  } else {
    return rounded<T>(x / (Floats::of(1) + exp(Floats::of(0) - x)));
  }
}

template <typename T, Activation kActivation>
SIGHTLINE_TARGET void activate_as(T* x, std::size_t count) {
  for (std::size_t i = 0; i < count; i += kLanes) {
    store_some(activated<T, kActivation>(load_some(x + i, count - i)), x + i, count - i);
  }
}

template <typename T, Activation kActivation>
SIGHTLINE_TARGET void gate_as(const T* x, T* y, std::size_t rows, std::size_t width) {
  for (std::size_t row = 0; row < rows; ++row) {
    const T* from = x + row * 2 * width;
    for (std::size_t i = 0; i < width; i += kLanes) {
      const std::size_t count = width - i;
      const Floats open = activated<T, kActivation>(load_some(from + i, count));
      store_some(open * load_some(from + width + i, count), y + row * width + i, count);
    }
  }
}

template <typename T>
void activate_all(T* x, std::size_t count, Activation activation) {
  switch (activation) {
    case Activation::kGelu:
      return activate_as<T, Activation::kGelu>(x, count);
    case Activation::kGeluTanh:
      return activate_as<T, Activation::kGeluTanh>(x, count);
    case Activation::kQuickGelu:
      return activate_as<T, Activation::kQuickGelu>(x, count);
    case Activation::kSilu:
      return activate_as<T, Activation::kSilu>(x, count);
  }
}

template <typename T>
void gate_rows(const T* x, T* y, std::size_t rows, std::size_t width, Activation activation) {
  switch (activation) {
    case Activation::kGelu:
      return gate_as<T, Activation::kGelu>(x, y, rows, width);
    case Activation::kGeluTanh:
      return gate_as<T, Activation::kGeluTanh>(x, y, rows, width);
    case Activation::kQuickGelu:
      return gate_as<T, Activation::kQuickGelu>(x, y, rows, width);
    case Activation::kSilu:
      return gate_as<T, Activation::kSilu>(x, y, rows, width);
  }
}

template <typename T>
SIGHTLINE_TARGET void rotate_head(T* first, std::size_t half, const float* cos, const float* sin) {
  T* second = first + half;
  for (std::size_t i = 0; i < half; i += kLanes) {
    const std::size_t count = half - i;
    const Floats c = rounded<T>(load_some(cos + i, count));
    const Floats s = rounded<T>(load_some(sin + i, count));
    const Floats a = load_some(first + i, count), b = load_some(second + i, count);
    store_some(rounded<T>(a * c) - rounded<T>(b * s), first + i, count);
    store_some(rounded<T>(b * c) + rounded<T>(a * s), second + i, count);
  }
}

template <typename T>
SIGHTLINE_TARGET void rotate_rows(T* x, std::size_t rows, std::size_t stride, std::size_t heads,
                                  std::size_t head_dim, const float* cos, const float* sin) {
  const std::size_t half = head_dim / 2;
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t head = 0; head < heads; ++head) {
      rotate_head(x + row * stride + head * head_dim, half, cos + row * half, sin + row * half);
    }
  }
}

template <typename T>
SIGHTLINE_TARGET void norm_rotate_head(const T* x, T* y, std::size_t width, const float* weight,
                                       float eps, const float* cos, const float* sin) {
  const float mean = sum_squares(x, width, 0) / static_cast<float>(width);
  const Floats factor = Floats::of(1.0F / std::sqrt(mean + eps));
  for (std::size_t i = 0; i < width; i += kLanes) {
    const std::size_t count = width - i;
    const Floats scaled = rounded<T>(load_some(x + i, count) * factor);
    const Floats normed = rounded<T>(scaled * load_some(weight + i, count));
    const Floats turned = normed.swapped_pairs() * load_some(sin + i, count);
    store_some(normed * load_some(cos + i, count) + turned, y + i, count);
  }
}

template <typename T>
SIGHTLINE_TARGET void norm_rotate_rows(const T* x, T* y, const HeadRows& shape, const float* weight,
                                       float eps, const float* cos, const float* sin) {
  const std::size_t dim = shape.head_dim;
  for (std::size_t row = 0; row < shape.rows; ++row) {
    for (std::size_t head = 0; head < shape.heads; ++head) {
      norm_rotate_head(x + row * shape.x_stride + head * dim, y + row * shape.y_stride + head * dim,
                       dim, weight, eps, cos + row * dim, sin + row * dim);
    }
  }
}

template <typename T>
SIGHTLINE_TARGET void add_gated_rows(T* x, const T* y, const float* gate, std::size_t rows,
                                     std::size_t width) {
  for (std::size_t row = 0; row < rows; ++row, x += width, y += width) {
    for (std::size_t i = 0; i < width; i += kLanes) {
      const std::size_t count = width - i;
      const Floats part = rounded<T>(load_some(y + i, count) * load_some(gate + i, count));
      store_some(load_some(x + i, count) + part, x + i, count);
    }
  }
}

template <typename T>
SIGHTLINE_TARGET void soft_cap_all(T* x, std::size_t count, float cap) {
  for (std::size_t i = 0; i < count; i += kLanes) {
    const Floats scaled = rounded<T>(load_some(x + i, count - i) / Floats::of(cap));
    store_some(rounded<T>(tanh(scaled)) * Floats::of(cap), x + i, count - i);
  }
}

template <typename T>
constexpr RowKernelsOf<T> row_kernels_of() {
  return {.rms_norm = rms_norm_rows<T>,
          .layer_norm = layer_norm_rows<T>,
          .activate = activate_all<T>,
          .gate = gate_rows<T>,
          .rotate_halves = rotate_rows<T>,
          .norm_rotate_pairs = norm_rotate_rows<T>,
          .add_gated = add_gated_rows<T>,
          .soft_cap = soft_cap_all<T>};
}

}  // namespace
}  // namespace sightline
