#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace sightline {

/// Where the numbers of a tensor lie in its storage, in units of numbers: index (i, j, ...) at
/// offset + i * strides[0] + j * strides[1] + ...
struct StridedLayout {
  std::int64_t offset = 0;
  std::vector<std::int64_t> shape, strides;
};

/// Numbers from the start of the storage to behind the last that the layout reaches; 0 for an empty
/// tensor. Throws `Error` when strides and shape differ in length, anything is negative, or it
/// leaves 63 bits.
std::size_t reach_of(const StridedLayout& layout);

/// Whether the numbers lie one behind the other, last axis fastest.
bool is_contiguous(const StridedLayout& layout);

/// The numbers, of `width` bytes each (1, 2, 4, 8 or 16), last axis fastest. `storage` must hold
/// `reach_of(layout)` of them.
std::vector<std::byte> gather(std::span<const std::byte> storage, const StridedLayout& layout,
                              std::size_t width);

}  // namespace sightline
