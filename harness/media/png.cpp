#include <png.h>

#include <algorithm>
#include <csetjmp>
#include <vector>

#include "harness/base/error.h"
#include "harness/media/codecs.h"
#include "harness/media/encode.h"

// libpng reports errors by longjmp. The functions that call setjmp here own nothing and only call
// C code, so that no destructor is jumped over; their callers own the memory and throw.
namespace sightline {
namespace {

struct ErrorTrap {
  std::jmp_buf jump{};
  char message[160] = "";
};

[[noreturn]] void jump_out(png_structp codec, png_const_charp text) {
  auto* trap = static_cast<ErrorTrap*>(png_get_error_ptr(codec));
  std::size_t length = 0;
  for (; text[length] != '\0' && length + 1 < sizeof trap->message; ++length) {
    trap->message[length] = text[length];
  }
  trap->message[length] = '\0';
  std::longjmp(trap->jump, 1);
}

void ignore_warning(png_structp, png_const_charp) {}

struct Reader {
  png_structp codec = nullptr;
  png_infop info = nullptr;
  std::string_view rest;  // bytes not yet read
  ErrorTrap trap;

  explicit Reader(std::string_view bytes) : rest(bytes) {
    codec = png_create_read_struct(PNG_LIBPNG_VER_STRING, &trap, jump_out, ignore_warning);
    if (codec != nullptr) info = png_create_info_struct(codec);
    if (info == nullptr) {
      png_destroy_read_struct(&codec, nullptr, nullptr);
      throw std::bad_alloc();
    }
  }
  ~Reader() { png_destroy_read_struct(&codec, &info, nullptr); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
};

void take_bytes(png_structp codec, png_bytep to, std::size_t count) {
  auto* reader = static_cast<Reader*>(png_get_io_ptr(codec));
  if (reader->rest.size() < count) png_error(codec, "its data end before the image is complete");
  std::copy_n(codecs::as_bytes(reader->rest), count, to);
  reader->rest.remove_prefix(count);
}

bool read_header(Reader& reader) {
  if (setjmp(reader.trap.jump) != 0) return false;
  png_set_read_fn(reader.codec, &reader, take_bytes);
  // The caller limits the number of pixels, and nothing limits one side alone.
  png_set_user_limits(reader.codec, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  // Colour profiles, texts and the like do not change the samples that Pillow gives.
  png_set_keep_unknown_chunks(reader.codec, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
  png_read_info(reader.codec, reader.info);
  return true;
}

bool is_grey16(const Reader& reader) {
  return png_get_color_type(reader.codec, reader.info) == PNG_COLOR_TYPE_GRAY &&
         png_get_bit_depth(reader.codec, reader.info) == 16;
}

// Has libpng turn every kind but 16-bit grey into 8-bit RGB.
void ask_for_rgb(Reader& reader) {
  png_set_palette_to_rgb(reader.codec);
  png_set_strip_16(reader.codec);
  png_set_strip_alpha(reader.codec);
  png_set_gray_to_rgb(reader.codec);
}

bool read_rows(Reader& reader, png_bytepp rows, bool as_rgb) {
  if (setjmp(reader.trap.jump) != 0) return false;
  if (as_rgb) ask_for_rgb(reader);
  png_read_image(reader.codec, rows);
  return true;
}

std::vector<png_bytep> rows_of(std::uint8_t* pixels, std::size_t row_bytes, int height) {
  std::vector<png_bytep> rows(static_cast<std::size_t>(height));
  for (png_bytep& row : rows) {
    row = pixels;
    pixels += row_bytes;
  }
  return rows;
}

ImageInfo open(Reader& reader, std::size_t size) {
  require(read_header(reader), "damaged PNG of {} bytes: {}", size, reader.trap.message);
  return {ImageFormat::kPng, static_cast<int>(png_get_image_width(reader.codec, reader.info)),
          static_cast<int>(png_get_image_height(reader.codec, reader.info))};
}

void read_or_fail(Reader& reader, std::vector<png_bytep> rows, bool as_rgb, std::size_t size) {
  require(read_rows(reader, rows.data(), as_rgb), "damaged PNG of {} bytes, after byte {}: {}",
          size, size - reader.rest.size(), reader.trap.message);
}

Image decode_grey16(Reader& reader, const ImageInfo& info, std::size_t size) {
  const std::size_t row_bytes = static_cast<std::size_t>(info.width) * 2;
  std::vector<std::uint8_t> samples(row_bytes * static_cast<std::size_t>(info.height));
  read_or_fail(reader, rows_of(samples.data(), row_bytes, info.height), false, size);
  Image image = black_image(info.width, info.height);
  for (std::size_t i = 0; i < samples.size() / 2; ++i) {
    const std::uint8_t grey = samples[2 * i] != 0 ? 255 : samples[2 * i + 1];
    std::fill_n(image.pixels.begin() + static_cast<std::ptrdiff_t>(3 * i), 3, grey);
  }
  return image;
}

struct Writer {
  png_structp codec = nullptr;
  png_infop info = nullptr;
  std::string bytes;
  ErrorTrap trap;

  Writer() {
    codec = png_create_write_struct(PNG_LIBPNG_VER_STRING, &trap, jump_out, ignore_warning);
    if (codec != nullptr) info = png_create_info_struct(codec);
    if (info == nullptr) {
      png_destroy_write_struct(&codec, nullptr);
      throw std::bad_alloc();
    }
  }
  ~Writer() { png_destroy_write_struct(&codec, &info); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
};

// No exception may pass through libpng's frames, nor longjmp out of a catch block.
void put_bytes(png_structp codec, png_bytep from, std::size_t count) {
  auto* writer = static_cast<Writer*>(png_get_io_ptr(codec));
  bool stored = true;
  try {
    writer->bytes.append(reinterpret_cast<const char*>(from), count);
  } catch (const std::exception&) {
    stored = false;
  }
  if (!stored) png_error(codec, "out of memory");
}

void flush_nothing(png_structp) {}

bool write_rows(Writer& writer, const Image& image, int compression) {
  if (setjmp(writer.trap.jump) != 0) return false;
  png_set_write_fn(writer.codec, &writer, put_bytes, flush_nothing);
  png_set_user_limits(writer.codec, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  png_set_compression_level(writer.codec, compression);
  png_set_IHDR(writer.codec, writer.info, static_cast<png_uint_32>(image.width),
               static_cast<png_uint_32>(image.height), 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(writer.codec, writer.info);
  for (int y = 0; y < image.height; ++y) png_write_row(writer.codec, image.row(y));
  png_write_end(writer.codec, nullptr);
  return true;
}

}  // namespace

ImageInfo codecs::probe_png(std::string_view bytes) {
  constexpr std::size_t kHeaderEnd = 24;  // signature, IHDR's length and name, width, height
  require(bytes.size() >= kHeaderEnd && bytes.substr(12, 4) == "IHDR",
          "damaged PNG of {} bytes: it does not begin with an IHDR chunk", bytes.size());
  const png_uint_32 width = png_get_uint_32(as_bytes(bytes) + 16);
  const png_uint_32 height = png_get_uint_32(as_bytes(bytes) + 20);
  require(width <= PNG_UINT_31_MAX && height <= PNG_UINT_31_MAX,
          "damaged PNG of {} bytes: its header says {} x {} pixels", bytes.size(), width, height);
  const ImageInfo info{ImageFormat::kPng, static_cast<int>(width), static_cast<int>(height)};
  require_size(info, INT64_MAX);
  return info;
}

Image codecs::decode_png(std::string_view bytes, std::int64_t max_pixels) {
  require_size(probe_png(bytes), max_pixels);
  Reader reader(bytes);
  const ImageInfo info = open(reader, bytes.size());
  if (is_grey16(reader)) return decode_grey16(reader, info, bytes.size());
  Image image = black_image(info.width, info.height);
  read_or_fail(reader, rows_of(image.pixels.data(), image.row_bytes(), info.height), true,
               bytes.size());
  return image;
}

std::string encode_png(const Image& image, int compression) {
  codecs::require_encodable(image, "PNG", PNG_UINT_31_MAX);
  require(compression >= 0 && compression <= 9, "PNG compression is {}, want 0 to 9", compression);
  Writer writer;
  require(write_rows(writer, image, compression), "cannot write a PNG of {} x {} pixels: {}",
          image.width, image.height, writer.trap.message);
  return std::move(writer.bytes);
}

}  // namespace sightline
