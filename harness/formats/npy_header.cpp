#include "harness/formats/npy_header.h"

#include <algorithm>
#include <charconv>

#include "harness/base/error.h"

namespace sightline {

namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::size_t kAlignment = 64;

struct NumpyType {
  std::string_view name;  // without the byte order
  DType dtype;
};

constexpr NumpyType kTypes[] = {
    {"b1", DType::kBool}, {"u1", DType::kU8},    {"i1", DType::kI8},  {"u2", DType::kU16},
    {"i2", DType::kI16},  {"u4", DType::kU32},   {"i4", DType::kI32}, {"u8", DType::kU64},
    {"i8", DType::kI64},  {"f2", DType::kF16},   {"f4", DType::kF32}, {"f8", DType::kF64},
    {"c8", DType::kC64},  {"c16", DType::kC128},
};

DType parse_descr(std::string_view descr) {
  const std::string_view name = descr.substr(std::min<std::size_t>(1, descr.size()));
  require(!name.starts_with('O') && descr != "O",
          "it holds Python objects, which are not read, for safety");
  const auto* found = std::ranges::find(kTypes, name, &NumpyType::name);
  require(found != std::end(kTypes),
          "its dtype '{}' is not read; want numbers, as astype('<f4') makes", descr);
  const bool one_byte = size_of(found->dtype) == 1;
  require(descr[0] == '<' || (one_byte && descr[0] == '|'),
          "its numbers are big-endian ('{}'): save them again as astype('<{}')", descr, name);
  return found->dtype;
}

/// Reads the literal of a Python dictionary, as far as headers need it.
class LiteralReader {
 public:
  explicit LiteralReader(std::string_view text) : rest_(text) {}

  NpyHeader read() {
    NpyHeader header;
    bool descr = false, order = false, shape = false;
    expect('{');
    while (!skip('}')) {
      const std::string_view key = read_text();
      expect(':');
      if (key == "descr" && !descr) {
        descr = true;
        require(peek() != '[', "it holds structures of several fields, which are not read");
        header.dtype = parse_descr(read_text());
      } else if (key == "fortran_order" && !order) {
        order = true;
        header.fortran_order = read_boolean();
      } else if (key == "shape" && !shape) {
        shape = true;
        header.shape = read_shape();
      } else {
        fail("its header has the key '{}', which does not belong there", key);
      }
      if (peek() != '}') expect(',');
    }
    require(descr && order && shape, "its header lacks descr, fortran_order or shape");
    require(peek() == '\0', "more follows behind its header");
    return header;
  }

 private:
  char peek() {
    const std::size_t start = std::min(rest_.find_first_not_of(" \n"), rest_.size());
    rest_.remove_prefix(start);
    return rest_.empty() ? '\0' : rest_.front();
  }

  bool skip(char wanted) {
    if (peek() != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void expect(char wanted) { require(skip(wanted), "its header is damaged: want '{}'", wanted); }

  std::string_view read_text() {
    const char quote = peek();
    require(quote == '\'' || quote == '"', "its header is damaged: want a text in quotes");
    const std::size_t end = rest_.find(quote, 1);
    require(end != rest_.npos, "its header is damaged: a text does not end");
    const std::string_view text = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 1);
    return text;
  }

  bool read_boolean() {
    peek();
    for (const std::string_view word : {"True", "False"}) {
      if (!rest_.starts_with(word)) continue;
      rest_.remove_prefix(word.size());
      return word == "True";
    }
    fail("its header is damaged: fortran_order is neither True nor False");
  }

  std::vector<std::int64_t> read_shape() {
    std::vector<std::int64_t> shape;
    expect('(');
    while (!skip(')')) {
      peek();
      std::int64_t size = -1;
      const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), size);
      require(error == std::errc() && size >= 0, "its header is damaged: a size of its shape");
      rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
      if (rest_.starts_with('L')) rest_.remove_prefix(1);  // a long integer of Python 2
      shape.push_back(size);
      if (peek() != ')') expect(',');
    }
    return shape;
  }

  std::string_view rest_;
};

std::size_t little_endian(std::string_view bytes) {
  std::size_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) {
    value = value << 8 | static_cast<unsigned char>(bytes[i]);
  }
  return value;
}

}  // namespace

NpyHeader parse_npy_header(std::string_view file) {
  require(file.starts_with(kMagic), "it is no .npy file: its first bytes are others");
  const std::size_t version_at = kMagic.size(), size_at = version_at + 2;
  require(file.size() >= size_at + 4, "it ends inside its header");
  const char version = file[version_at];
  require(version >= 1 && version <= 3, "version {} of .npy is not known; 1 to 3 are read",
          static_cast<int>(version));
  const std::size_t size_bytes = version == 1 ? 2 : 4;
  const std::size_t begin = size_at + size_bytes;
  const std::size_t size = little_endian(file.substr(size_at, size_bytes));
  require(size <= file.size() - begin, "it ends inside its header of {} bytes", size);
  NpyHeader header = LiteralReader(file.substr(begin, size)).read();
  header.size = begin + size;
  return header;
}

void require_npy_size(const NpyHeader& header, std::string_view file) {
  const std::optional<std::size_t> count = element_count(header.shape);
  const std::size_t width = size_of(header.dtype), there = file.size() - header.size;
  require(count.has_value() && *count <= SIZE_MAX / width, "its shape {} is too large",
          shape_text(header.shape));
  require(there >= *count * width,
          "it ends after {} of the {} bytes of its numbers; copy or save it again", there,
          *count * width);
  require(there == *count * width, "{} bytes follow behind its numbers", there - *count * width);
}

std::string make_npy_header(DType dtype, std::span<const std::int64_t> shape) {
  const auto* type = std::ranges::find(kTypes, dtype, &NumpyType::dtype);
  require(type != std::end(kTypes), "numpy has no dtype for {}", name_of(dtype));
  std::string text = fmt::format("{{'descr': '{}{}', 'fortran_order': False, 'shape': ({}{}), }}",
                                 size_of(dtype) == 1 ? '|' : '<', type->name,
                                 fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
  const std::size_t before = kMagic.size() + 4;
  const std::size_t end = before + text.size() + 1;
  text.append((kAlignment - end % kAlignment) % kAlignment, ' ');
  text += '\n';
  require(text.size() <= 0xFFFF, "a shape of {} axes is too long", shape.size());
  std::string header(kMagic);
  header += {1, 0, static_cast<char>(text.size() & 0xFF), static_cast<char>(text.size() >> 8)};
  return header + text;
}

}  // namespace sightline
