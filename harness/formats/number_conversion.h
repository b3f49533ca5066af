#pragma once

#include <cstdint>
#include <span>

#include "harness/formats/tensor_view.h"

namespace sightline {

/// IEEE 754 binary16, given by its bits. Exact.
float float_of_half(std::uint16_t bits);

/// Converts stored numbers to `float` or `double`, rounding to nearest where `T` is narrower.
/// `bytes` holds as many numbers as `numbers`, at any alignment. Throws `Error` for kBool, complex
/// and 8-bit real dtypes.
template <typename T>
void convert_numbers(DType dtype, std::span<const std::byte> bytes, std::span<T> numbers);

}  // namespace sightline
