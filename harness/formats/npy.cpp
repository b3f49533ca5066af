#include "harness/formats/npy.h"

#include "harness/formats/npy_header.h"
#include "harness/formats/number_conversion.h"
#include "harness/formats/strided.h"

namespace sightline {

namespace {

/// Numbers whose first axis is the fastest.
StridedLayout fortran_layout(const std::vector<std::int64_t>& shape) {
  StridedLayout layout = {.offset = 0, .shape = shape, .strides = {}};
  std::int64_t stride = 1;
  for (const std::int64_t size : shape) {
    layout.strides.push_back(stride);
    stride *= size;
  }
  return layout;
}

bool is_aligned(std::span<const std::byte> bytes, std::size_t width) {
  return reinterpret_cast<std::uintptr_t>(bytes.data()) % width == 0;
}

}  // namespace

NpyArray::NpyArray(std::string name, std::string_view bytes, std::shared_ptr<const void> owner,
                   std::shared_ptr<const MappedFile> file)
    : name_(std::move(name)), owner_(std::move(owner)), file_(std::move(file)) {
  with_context([&] { return "reading the array " + name_; },
               [&] {
                 const NpyHeader header = parse_npy_header(bytes);
                 require_npy_size(header, bytes);
                 const auto numbers = std::as_bytes(std::span(bytes)).subspan(header.size);
                 const std::size_t width = size_of(header.dtype);
                 view_ = {header.dtype, header.shape, numbers};
                 std::shared_ptr<const std::vector<std::byte>> copy;
                 if (header.fortran_order && header.shape.size() > 1) {
                   copy = std::make_shared<const std::vector<std::byte>>(
                       gather(numbers, fortran_layout(header.shape), width));
                 } else if (!is_aligned(numbers, width)) {
                   copy = std::make_shared<const std::vector<std::byte>>(numbers.begin(),
                                                                         numbers.end());
                 }
                 if (copy == nullptr) return;
                 view_.bytes = *copy;
                 owner_ = std::move(copy);
                 file_ = nullptr;
               });
}

std::size_t NpyArray::rows() const {
  require(!view_.shape.empty(), "{} is a single number, want an array", name_);
  return static_cast<std::size_t>(view_.shape.front());
}

std::vector<double> NpyArray::to_doubles() const {
  std::vector<double> numbers(view_.elements());
  with_context([&] { return "reading the array " + name_; },
               [&] { convert_numbers<double>(view_.dtype, view_.bytes, numbers); });
  return numbers;
}

void NpyArray::require_rank(std::size_t rank, std::string_view wanted) const {
  require(view_.shape.size() == rank, "{} has the shape {}, want {}", name_,
          shape_text(view_.shape), wanted);
}

void NpyArray::require_type(DType wanted) const {
  require(view_.dtype == wanted, "{} holds numbers of dtype {}, want {}", name_,
          name_of(view_.dtype), name_of(wanted));
}

void NpyArray::forget_rows(std::size_t begin, std::size_t end) const {
  const std::size_t count = rows();
  if (file_ == nullptr || count == 0) return;
  const std::size_t row = view_.bytes.size() / count;
  file_->forget(
      {reinterpret_cast<const char*>(view_.bytes.data()) + begin * row, (end - begin) * row});
}

NpyArray open_npy(const std::filesystem::path& path) {
  auto file = std::make_shared<const MappedFile>(path);
  return {path.string(), file->bytes(), file, file};
}

void write_npy(const std::filesystem::path& path, const TensorView& array) {
  require_size(array);
  AtomicFile file(path);
  file.write(make_npy_header(array.dtype, array.shape));
  file.write({reinterpret_cast<const char*>(array.bytes.data()), array.bytes.size()});
  file.commit();
}

}  // namespace sightline
