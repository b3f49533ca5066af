#include "harness/formats/tensor_view.h"

#include <limits>

#include "harness/base/error.h"

namespace sightline {

namespace {

struct DTypeFacts {
  DType dtype;
  std::size_t size;
  std::string_view name;
};

constexpr DTypeFacts kFacts[] = {
    {DType::kBool, 1, "BOOL"},      {DType::kU8, 1, "U8"},          {DType::kI8, 1, "I8"},
    {DType::kU16, 2, "U16"},        {DType::kI16, 2, "I16"},        {DType::kU32, 4, "U32"},
    {DType::kI32, 4, "I32"},        {DType::kU64, 8, "U64"},        {DType::kI64, 8, "I64"},
    {DType::kF8E4M3, 1, "F8_E4M3"}, {DType::kF8E5M2, 1, "F8_E5M2"}, {DType::kF16, 2, "F16"},
    {DType::kBF16, 2, "BF16"},      {DType::kF32, 4, "F32"},        {DType::kF64, 8, "F64"},
    {DType::kC64, 8, "C64"},        {DType::kC128, 16, "C128"},
};

const DTypeFacts& facts_of(DType dtype) {
  return *std::ranges::find(kFacts, dtype, &DTypeFacts::dtype);
}

}  // namespace

std::size_t size_of(DType dtype) {
  return facts_of(dtype).size;
}

std::string_view name_of(DType dtype) {
  return facts_of(dtype).name;
}

std::optional<DType> find_dtype(std::string_view name) {
  const auto* found = std::ranges::find(kFacts, name, &DTypeFacts::name);
  if (found == std::end(kFacts)) return std::nullopt;
  return found->dtype;
}

std::optional<std::size_t> element_count(std::span<const std::int64_t> shape) {
  // A size of 0 empties the tensor whatever the other sizes are, so their product is not formed.
  if (std::ranges::any_of(shape, [](std::int64_t size) { return size < 0; })) return std::nullopt;
  if (std::ranges::find(shape, 0) != shape.end()) return 0;
  std::int64_t count = 1;
  for (const std::int64_t size : shape) {
    if (__builtin_mul_overflow(count, size, &count)) return std::nullopt;
  }
  return static_cast<std::size_t>(count);
}

std::string shape_text(std::span<const std::int64_t> shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

std::size_t TensorView::elements() const {
  const std::optional<std::size_t> count = element_count(shape);
  require(count.has_value(), "no tensor has the shape {}", shape_text(shape));
  return *count;
}

void require_dtype(const TensorView& view, DType wanted) {
  require(view.dtype == wanted, "found numbers of dtype {}, expected {}", name_of(view.dtype),
          name_of(wanted));
}

void require_size(const TensorView& view) {
  const std::size_t count = view.elements(), size = size_of(view.dtype);
  const bool fits = view.bytes.size() % size == 0 && view.bytes.size() / size == count;
  require(fits, "{} bytes for a tensor of shape {} and dtype {}", view.bytes.size(),
          shape_text(view.shape), name_of(view.dtype));
}

}  // namespace sightline
