#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace sightline {

/// The type of a stored number. All are little-endian.
enum class DType {
  kBool,  ///< one byte, 0 or 1
  kU8,
  kI8,
  kU16,
  kI16,
  kU32,
  kI32,
  kU64,
  kI64,
  kF8E4M3,
  kF8E5M2,
  kF16,
  kBF16,
  kF32,
  kF64,
  kC64,   ///< two kF32
  kC128,  ///< two kF64
};

/// Bytes of one number.
std::size_t size_of(DType dtype);
/// The name that safetensors has for it: "F32", "BF16", "BOOL".
std::string_view name_of(DType dtype);
/// The dtype that safetensors calls `name`.
std::optional<DType> find_dtype(std::string_view name);

/// The dtype of numbers that are a `T` in memory.
template <typename T>
constexpr DType dtype_of() {
  if constexpr (std::is_same_v<T, double>) return DType::kF64;
  if constexpr (std::is_same_v<T, float>) return DType::kF32;
  if constexpr (std::is_same_v<T, bool>) return DType::kBool;
  if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
    constexpr DType kSigned[] = {DType::kI8, DType::kI16, DType::kI32, DType::kI64};
    constexpr DType kUnsigned[] = {DType::kU8, DType::kU16, DType::kU32, DType::kU64};
    constexpr int kLog2 = std::countr_zero(sizeof(T));
    return std::is_signed_v<T> ? kSigned[kLog2] : kUnsigned[kLog2];
  }
  static_assert(std::is_arithmetic_v<T> && !std::is_same_v<T, long double>);
}

/// Numbers that lie elsewhere: contiguous, last axis fastest. A scalar has the shape [].
struct TensorView {
  DType dtype = DType::kF32;
  std::vector<std::int64_t> shape;
  /// Exactly elements() * size_of(dtype) bytes. They lie as in their file, which need not be at a
  /// multiple of their size: copy them, or look at the address before a cast.
  std::span<const std::byte> bytes;

  /// The product of `shape`.
  std::size_t elements() const;
  /// A copy of the numbers (of any alignment). Throws `Error` when `T` is not the type of `dtype`.
  template <typename T>
  std::vector<T> values() const;
};

struct NamedTensor {
  std::string name;
  TensorView view;
};

/// `values` with a shape, whose product must be their number (throws `Error`).
template <typename T>
TensorView view_of(std::span<const T> values, std::vector<std::int64_t> shape);

/// The product of `shape`; no value when a size is negative or the product leaves 63 bits.
std::optional<std::size_t> element_count(std::span<const std::int64_t> shape);
/// "[3, 224, 224]".
std::string shape_text(std::span<const std::int64_t> shape);

/// Throws `Error` unless `view.dtype` is `wanted`.
void require_dtype(const TensorView& view, DType wanted);
/// Throws `Error` unless `view.bytes` are as many as its shape and dtype say.
void require_size(const TensorView& view);

template <typename T>
std::vector<T> TensorView::values() const {
  static_assert(!std::is_same_v<T, bool>, "read kBool as bytes: std::vector<bool> packs bits");
  require_dtype(*this, dtype_of<T>());
  std::vector<T> copy(elements());
  std::ranges::copy(bytes, std::as_writable_bytes(std::span(copy)).begin());
  return copy;
}

template <typename T>
TensorView view_of(std::span<const T> values, std::vector<std::int64_t> shape) {
  TensorView view = {dtype_of<T>(), std::move(shape), std::as_bytes(values)};
  require_size(view);
  return view;
}

}  // namespace sightline
