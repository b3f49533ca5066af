#pragma once

#include <cstdint>

namespace sightline {

/// The nearest IEEE 754 binary16, ties to even; infinity from 65520 on; NaN stays NaN.
std::uint16_t half_of_float(float value);

}  // namespace sightline
