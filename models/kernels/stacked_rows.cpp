#include "models/kernels/stacked_rows.h"

#include <algorithm>
#include <cstring>

#include "harness/base/error.h"
#include "harness/formats/number_conversion.h"

namespace sightline {

StackedRows::StackedRows(std::span<const TensorView> parts, const BytesRead& on_read)
    : parts_(parts), on_read_(on_read) {
  require(!parts.empty(), "a matrix is to be packed that has no parts");
  for (const TensorView& part : parts) {
    require(part.shape.size() == 2 && part.elements() > 0,
            "a weight of shape {} is to be packed as a matrix; expected [outputs, inputs]",
            shape_text(part.shape));
    require(part.shape[1] == parts.front().shape[1],
            "weights of shapes {} and {} are to be packed as one matrix; expected the same number "
            "of inputs",
            shape_text(parts.front().shape), shape_text(part.shape));
    require(part.dtype == DType::kF32 || part.dtype == DType::kF16 || part.dtype == DType::kBF16,
            "a weight of type {} is to be packed as a matrix; expected F32, F16 or BF16",
            name_of(part.dtype));
    require_size(part);
    rows_ += static_cast<std::size_t>(part.shape[0]);
  }
  columns_ = static_cast<std::size_t>(parts.front().shape[1]);
}

RowRange StackedRows::find(std::size_t row, std::size_t count) const {
  std::size_t part = 0;
  for (; row >= rows_of(part); ++part) row -= rows_of(part);
  return {part, row, std::min(count, rows_of(part) - row)};
}

void StackedRows::read(std::size_t part, std::size_t begin, std::span<float> to) const {
  const TensorView& from = parts_[part];
  const std::size_t size = size_of(from.dtype);
  convert_numbers<float>(from.dtype, from.bytes.subspan(begin * size, to.size() * size), to);
}

void StackedRows::read_stored(std::size_t part, std::size_t begin,
                              std::span<std::uint16_t> to) const {
  std::memcpy(to.data(), parts_[part].bytes.data() + begin * sizeof(std::uint16_t),
              to.size_bytes());
}

void StackedRows::note_read(std::size_t first, std::size_t end) const {
  if (!on_read_) return;
  end = std::min(end, rows_);
  while (first < end) {
    const RowRange range = find(first, end - first);
    const TensorView& from = parts_[range.part];
    const std::size_t row_bytes = columns_ * size_of(from.dtype);
    on_read_(range.part, from.bytes.subspan(range.first * row_bytes, range.count * row_bytes));
    first += range.count;
  }
}

}  // namespace sightline
