#pragma once

#include <cstddef>

#include "models/kernels/packed_matrix.h"

/// What happens to activations between products, row by row, on a CPU. T is float or BFloat16;
/// rows are contiguous; inputs and outputs may be the same memory. Each row's result depends on
/// that row alone: not on the number of rows, threads or the processor. Exponentials are within 2
/// units of the last place. Functions spread over threads where that pays.
namespace sightline {

struct RmsNormKind {
  float eps = 1e-6F;
  bool one_plus_weight = false;  ///< Gemma: times (1 + w), all in float32, rounded at the end
  /// Llama, Qwen2: rounded to T before the product with w; otherwise (Gemma, MiniMind 3) behind it.
  bool round_before_weight = false;
};
/// y = x * rsqrt(mean(x^2) + eps) * w
/// @param x, y  [rows, width]   @param weight  [width]
template <typename T>
void rms_norm(const T* x, const float* weight, T* y, std::size_t rows, std::size_t width,
              const RmsNormKind& kind);

/// y = (x - mean) / sqrt(var + eps) * w + b, statistics in float32, rounded once.
template <typename T>
void layer_norm(const T* x, const float* weight, const float* bias, T* y, std::size_t rows,
                std::size_t width, float eps);

enum class Activation { kGelu, kGeluTanh, kQuickGelu, kSilu };
/// x = act(x), [count]
template <typename T>
void activate(T* x, std::size_t count, Activation activation);
/// y[i, j] = act(x[i, j]) * x[i, width + j]: a gate and its values side by side, [rows, 2 * width]
/// to [rows, width], which do not overlap; BFloat16 rounds act(x) before the product.
template <typename T>
void gate(const T* x, T* y, std::size_t rows, std::size_t width, Activation activation);

/// Rotary embedding in halves ("NeoX"), in place: for each head (x1, x2) = (x1 cos - x2 sin,
/// x2 cos + x1 sin). BFloat16: cos and sin are rounded, and so is every product and sum.
/// @param x         [rows, heads, head_dim], rows `stride` elements apart
/// @param cos, sin  [rows, head_dim / 2]
template <typename T>
void rotate_halves(T* x, std::size_t rows, std::size_t stride, std::size_t heads,
                   std::size_t head_dim, const float* cos, const float* sin);

/// Queries or keys of one kind on their way to attention: for each head an RMS norm,
/// x * rsqrt(mean(x^2) + eps) * w, then the rotary embedding on neighbours (x0, x1) =
/// (x0 cos - x1 sin, x1 cos + x0 sin). BFloat16 rounds as FlowMo does: behind the norm, behind the
/// weight, and at the end.
/// @param x, y      [rows, heads, head_dim], rows `x_stride` and `y_stride` elements apart
/// @param weight    [head_dim]
/// @param cos, sin  [rows, head_dim], one for each number; the sine of the even ones negated
struct HeadRows {
  std::size_t rows = 0, heads = 0, head_dim = 0;
  std::size_t x_stride = 0, y_stride = 0;
};
template <typename T>
void norm_rotate_pairs(const T* x, T* y, const HeadRows& shape, const float* weight, float eps,
                       const float* cos, const float* sin);

/// x = x + gate * y, a gate for each column. BFloat16 rounds the product, then the sum.
/// @param x, y  [rows, width]   @param gate  [width]
template <typename T>
void add_gated(T* x, const T* y, const float* gate, std::size_t rows, std::size_t width);

/// Soft cap of logits in place, in T: cap * tanh(x / cap).
template <typename T>
void soft_cap(T* x, std::size_t count, float cap);

}  // namespace sightline
