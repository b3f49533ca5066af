#include "harness/formats/strided.h"

#include <algorithm>
#include <cstring>

#include "harness/base/error.h"
#include "harness/formats/tensor_view.h"

namespace sightline {

namespace {

/// Copies `count` numbers that are `stride` numbers apart.
template <std::size_t kWidth>
void copy_row(std::byte* to, const std::byte* from, std::size_t count, std::size_t stride) {
  for (std::size_t i = 0; i < count; ++i) {
    std::memcpy(to + i * kWidth, from + i * stride * kWidth, kWidth);
  }
}

using CopyRow = void (*)(std::byte*, const std::byte*, std::size_t, std::size_t);

CopyRow copier_of(std::size_t width) {
  switch (width) {
    case 1:
      return copy_row<1>;
    case 2:
      return copy_row<2>;
    case 4:
      return copy_row<4>;
    case 8:
      return copy_row<8>;
    case 16:
      return copy_row<16>;
    default:
      fail("numbers of {} bytes are not read", width);
  }
}

/// Moves to the next row (all axes but the last), or returns false after the last.
bool next_row(const StridedLayout& layout, std::vector<std::int64_t>& index, std::int64_t& at) {
  for (std::size_t axis = index.size(); axis-- > 0;) {
    at += layout.strides[axis];
    if (++index[axis] < layout.shape[axis]) return true;
    at -= layout.shape[axis] * layout.strides[axis];
    index[axis] = 0;
  }
  return false;
}

}  // namespace

std::size_t reach_of(const StridedLayout& layout) {
  const auto negative = [](std::int64_t value) { return value < 0; };
  require(layout.strides.size() == layout.shape.size() && layout.offset >= 0 &&
              std::ranges::none_of(layout.shape, negative) &&
              std::ranges::none_of(layout.strides, negative),
          "shape {}, strides {} and offset {} do not fit together", shape_text(layout.shape),
          shape_text(layout.strides), layout.offset);
  if (std::ranges::find(layout.shape, 0) != layout.shape.end()) return 0;
  std::int64_t last = layout.offset;
  bool overflow = false;
  for (std::size_t axis = 0; axis < layout.shape.size(); ++axis) {
    std::int64_t step = 0;
    overflow |= __builtin_mul_overflow(layout.shape[axis] - 1, layout.strides[axis], &step) ||
                __builtin_add_overflow(last, step, &last);
  }
  require(!overflow && last < INT64_MAX && element_count(layout.shape).has_value(),
          "shape {} with strides {} is too large", shape_text(layout.shape),
          shape_text(layout.strides));
  return static_cast<std::size_t>(last) + 1;
}

bool is_contiguous(const StridedLayout& layout) {
  std::int64_t stride = 1;
  for (std::size_t axis = layout.shape.size(); axis-- > 0;) {
    if (layout.shape[axis] == 0) return true;
    if (layout.shape[axis] != 1 && layout.strides[axis] != stride) return false;
    stride *= layout.shape[axis];
  }
  return true;
}

std::vector<std::byte> gather(std::span<const std::byte> storage, const StridedLayout& layout,
                              std::size_t width) {
  const std::size_t count = *element_count(layout.shape);
  std::vector<std::byte> numbers(count * width);
  if (count == 0) return numbers;
  const CopyRow copy = copier_of(width);
  const std::size_t rank = layout.shape.size();
  const std::size_t row = rank == 0 ? 1 : static_cast<std::size_t>(layout.shape[rank - 1]);
  const std::size_t stride = rank == 0 ? 1 : static_cast<std::size_t>(layout.strides[rank - 1]);
  std::vector<std::int64_t> index(rank == 0 ? 0 : rank - 1);
  std::int64_t at = layout.offset;
  std::byte* to = numbers.data();
  do {
    copy(to, storage.data() + static_cast<std::size_t>(at) * width, row, stride);
    to += row * width;
  } while (next_row(layout, index, at));
  return numbers;
}

}  // namespace sightline
