#include "harness/formats/matrix_reader.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <type_traits>

#include "harness/base/error.h"
#include "harness/formats/number_conversion.h"

namespace sightline {

template <typename T>
MatrixReader<T>::MatrixReader(const std::filesystem::path& path, const MatrixReaderOptions& options)
    : file_(path), options_(options) {
  with_context([&] { return "reading the matrix " + path.string(); },
               [&] {
                 header_ = parse_npy_header(file_.bytes());
                 require(header_.shape.size() == 2, "it has the shape {}, want [rows, columns]",
                         shape_text(header_.shape));
                 const bool is_real = header_.dtype == DType::kF16 ||
                                      header_.dtype == DType::kF32 || header_.dtype == DType::kF64;
                 require(is_real, "it holds numbers of dtype {}, want reals of 16, 32 or 64 bits",
                         name_of(header_.dtype));
                 require(header_.shape[0] > 0 && header_.shape[1] > 0,
                         "it is empty: its shape is {}", shape_text(header_.shape));
                 require_npy_size(header_, file_.bytes());
               });
  rows_ = static_cast<std::size_t>(header_.shape[0]);
  columns_ = static_cast<std::size_t>(header_.shape[1]);
  rows_of_chunk_ = std::clamp<std::size_t>(options.chunk_bytes / (columns_ * sizeof(T)), 1, rows_);
}

template <typename T>
std::span<const T> MatrixReader<T>::next() {
  forget_last();
  const std::size_t begin = position_;
  position_ = std::min(rows_, begin + rows_of_chunk_);
  if (begin == position_) return {};
  const std::span<const T> chunk =
      header_.fortran_order ? gather_rows(begin, position_) : read_rows(begin, position_);
  if (options_.require_finite) {
    const auto place = find_not_finite(chunk, columns_);
    require(!place, "{}: the number in row {}, column {} (counted from 0) is {}, want finite ones",
            file_.path().string(), begin + (place ? place->row : 0), place ? place->column : 0,
            place ? chunk[place->row * columns_ + place->column] : T{});
  }
  return chunk;
}

template <typename T>
std::span<const T> MatrixReader<T>::read_rows(std::size_t begin, std::size_t end) {
  const std::size_t row = columns_ * size_of(header_.dtype);
  const auto bytes = numbers().subspan(begin * row, (end - begin) * row);
  looked_at_ = bytes;
  const bool aligned = reinterpret_cast<std::uintptr_t>(bytes.data()) % alignof(T) == 0;
  if (header_.dtype == dtype_of<T>() && aligned) {
    return {reinterpret_cast<const T*>(bytes.data()), (end - begin) * columns_};
  }
  converted_.resize((end - begin) * columns_);
  convert_numbers<T>(header_.dtype, bytes, converted_);
  return converted_;
}

template <typename T>
std::span<const T> MatrixReader<T>::gather_rows(std::size_t begin, std::size_t end) {
  // As many columns as fill a cache line when they are written row by row. Every page that is
  // touched brings its neighbours into memory, so these columns are let go at once.
  constexpr std::size_t kBlock = 64 / sizeof(T);
  const std::size_t width = size_of(header_.dtype), count = end - begin;
  std::vector<T> block(kBlock * count);
  converted_.resize(count * columns_);
  for (std::size_t first = 0; first < columns_; first += kBlock) {
    const std::size_t last = std::min(columns_, first + kBlock);
    for (std::size_t c = first; c < last; ++c) {
      convert_numbers<T>(header_.dtype,
                         numbers().subspan((c * rows_ + begin) * width, count * width),
                         std::span(block).subspan((c - first) * count, count));
    }
    for (std::size_t r = 0; r < count; ++r) {
      T* row = converted_.data() + r * columns_;
      for (std::size_t c = first; c < last; ++c) row[c] = block[(c - first) * count + r];
    }
    looked_at_ = numbers().subspan(first * rows_ * width, (last - first) * rows_ * width);
    forget_last();
  }
  return converted_;
}

template <typename T>
std::span<const std::byte> MatrixReader<T>::numbers() const {
  return std::as_bytes(std::span(file_.bytes())).subspan(header_.size);
}

template <typename T>
void MatrixReader<T>::forget_last() {
  if (looked_at_.empty()) return;
  file_.forget({reinterpret_cast<const char*>(looked_at_.data()), looked_at_.size()});
  looked_at_ = {};
}

template <typename T>
std::optional<MatrixPlace> find_not_finite(std::span<const T> rows, std::size_t columns) {
  // All bits of the exponent are set in infinities and NaNs alone.
  using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  constexpr Bits kExponent = std::bit_cast<Bits>(std::numeric_limits<T>::infinity());
  Bits bad = 0;
  for (const T number : rows) {
    bad |= static_cast<Bits>((std::bit_cast<Bits>(number) & kExponent) == kExponent);
  }
  if (bad == 0) return std::nullopt;
  const auto found = std::ranges::find_if_not(rows, [](T number) { return std::isfinite(number); });
  const auto at = static_cast<std::size_t>(found - rows.begin());
  return MatrixPlace{at / columns, at % columns};
}

template class MatrixReader<float>;
template class MatrixReader<double>;
template std::optional<MatrixPlace> find_not_finite(std::span<const float>, std::size_t);
template std::optional<MatrixPlace> find_not_finite(std::span<const double>, std::size_t);

}  // namespace sightline
