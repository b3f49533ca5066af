#pragma once

#include <optional>
#include <span>

namespace sightline {

/// Mean of `values`, added up in numpy's order: eight running sums, in blocks of at most 128 that
/// are added in pairs. No value for none.
std::optional<double> mean_as_numpy(std::span<const double> values);

}  // namespace sightline
