#pragma once

#include <cstddef>
#include <span>

namespace sightline {

/// Throws `Error` that names the first weight which is NaN or infinite by row and column, or by
/// its number where `columns` is 0. There must be one.
/// @param first  the number of weights[0] in its matrix
[[noreturn]] void refuse_non_finite(std::span<const float> weights, std::size_t columns,
                                    std::size_t first);

}  // namespace sightline
