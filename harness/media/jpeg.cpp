// jpeglib.h wants FILE and size_t declared before it.
#include <cstdio>

#include <jpeglib.h>

#include <algorithm>
#include <csetjmp>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "harness/base/error.h"
#include "harness/media/codecs.h"
#include "harness/media/encode.h"

// libjpeg reports errors by longjmp. The functions that call setjmp here own nothing and only call
// C code, so that no destructor is jumped over; their callers own the memory and throw.
namespace sightline {
namespace {

constexpr int kMostScans = 500;  // each scan of a progressive file costs a pass over all of it

struct ErrorTrap {
  jpeg_error_mgr manager{};  // first, so that libjpeg's pointer to it leads back to the trap
  std::jmp_buf jump{};
  char message[JMSG_LENGTH_MAX] = "";
};

[[noreturn]] void jump_out(j_common_ptr codec) {
  auto* trap = reinterpret_cast<ErrorTrap*>(codec->err);
  codec->err->format_message(codec, trap->message);
  std::longjmp(trap->jump, 1);
}

void ignore_message(j_common_ptr) {}

// Warnings are counted and otherwise tolerated, as Pillow does.
void count_warning(j_common_ptr codec, int level) {
  if (level < 0) ++codec->err->num_warnings;
}

void arm(ErrorTrap& trap) {
  jpeg_std_error(&trap.manager);
  trap.manager.error_exit = jump_out;
  trap.manager.output_message = ignore_message;
  trap.manager.emit_message = count_warning;
}

boolean stop_at_end(j_decompress_ptr codec) {
  auto* trap = reinterpret_cast<ErrorTrap*>(codec->err);
  constexpr char kText[] = "its data end before the image is complete";
  static_assert(sizeof kText <= sizeof trap->message);
  std::copy(std::begin(kText), std::end(kText), trap->message);
  std::longjmp(trap->jump, 1);
}

void limit_scans(j_common_ptr codec) {
  if (reinterpret_cast<j_decompress_ptr>(codec)->input_scan_number <= kMostScans) return;
  auto* trap = reinterpret_cast<ErrorTrap*>(codec->err);
  constexpr char kText[] = "it has more than 500 scans";
  std::copy(std::begin(kText), std::end(kText), trap->message);
  std::longjmp(trap->jump, 1);
}

struct Reader {
  jpeg_decompress_struct codec{};
  jpeg_progress_mgr progress{};
  ErrorTrap trap;

  Reader() {
    arm(trap);
    codec.err = &trap.manager;
  }
  ~Reader() { jpeg_destroy_decompress(&codec); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
};

bool read_header(Reader& reader, const std::uint8_t* data, unsigned long size) {
  if (setjmp(reader.trap.jump) != 0) return false;
  jpeg_create_decompress(&reader.codec);
  jpeg_mem_src(&reader.codec, data, size);
  reader.codec.src->fill_input_buffer = stop_at_end;
  reader.progress.progress_monitor = limit_scans;
  reader.codec.progress = &reader.progress;
  jpeg_read_header(&reader.codec, TRUE);
  return true;
}

std::uint8_t clip(int value) {
  return static_cast<std::uint8_t>(value < 0 ? 0 : value);
}

// a * b / 255, rounded, as Pillow has it.
int multiply_fractions(int a, int b) {
  const int t = a * b + 128;
  return ((t >> 8) + t) >> 8;
}

// Four-component JPEGs store 255 - ink. Pillow takes that for granted, whatever the Adobe marker
// says.
void rgb_of_inverted_cmyk(const std::uint8_t* cmyk, int width, std::uint8_t* rgb) {
  for (int x = 0; x < width; ++x, cmyk += 4, rgb += 3) {
    const int white = cmyk[3];
    for (int c = 0; c < 3; ++c) {
      rgb[c] = clip(white - multiply_fractions(255 - cmyk[c], white));
    }
  }
}

// `pixels` takes all rows; `ink`, one row of four components, is for CMYK files and else null.
bool read_rows(Reader& reader, std::uint8_t* pixels, std::uint8_t* ink) {
  if (setjmp(reader.trap.jump) != 0) return false;
  jpeg_decompress_struct& codec = reader.codec;
  codec.out_color_space = ink != nullptr ? JCS_CMYK : JCS_RGB;
  jpeg_start_decompress(&codec);
  const std::size_t row_bytes = std::size_t{codec.output_width} * 3;
  while (codec.output_scanline < codec.output_height) {
    JSAMPROW row = pixels + row_bytes * codec.output_scanline;
    if (ink == nullptr) {
      JSAMPROW rows[4] = {};
      const JDIMENSION count = std::min(4U, codec.output_height - codec.output_scanline);
      for (JDIMENSION i = 0; i < count; ++i) rows[i] = row + row_bytes * i;
      jpeg_read_scanlines(&codec, rows, count);
    } else {
      jpeg_read_scanlines(&codec, &ink, 1);
      rgb_of_inverted_cmyk(ink, static_cast<int>(codec.output_width), row);
    }
  }
  return true;
}

ImageInfo open(Reader& reader, std::string_view bytes) {
  require(read_header(reader, codecs::as_bytes(bytes), bytes.size()),
          "damaged JPEG of {} bytes: {}", bytes.size(), reader.trap.message);
  return {ImageFormat::kJpeg, static_cast<int>(reader.codec.image_width),
          static_cast<int>(reader.codec.image_height)};
}

struct Writer {
  jpeg_compress_struct codec{};
  ErrorTrap trap;
  unsigned char* data = nullptr;
  unsigned long size = 0;

  Writer() {
    arm(trap);
    codec.err = &trap.manager;
  }
  ~Writer() {
    jpeg_destroy_compress(&codec);
    std::free(data);
  }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
};

bool write_rows(Writer& writer, const Image& image, const JpegOptions& options) {
  if (setjmp(writer.trap.jump) != 0) return false;
  jpeg_compress_struct& codec = writer.codec;
  jpeg_create_compress(&codec);
  jpeg_mem_dest(&codec, &writer.data, &writer.size);
  codec.image_width = static_cast<JDIMENSION>(image.width);
  codec.image_height = static_cast<JDIMENSION>(image.height);
  codec.input_components = 3;
  codec.in_color_space = JCS_RGB;
  jpeg_set_defaults(&codec);
  jpeg_set_quality(&codec, options.quality, TRUE);
  codec.optimize_coding = options.optimise_coding ? TRUE : FALSE;
  jpeg_start_compress(&codec, TRUE);
  while (codec.next_scanline < codec.image_height) {
    // libjpeg asks for a pointer to writable rows and does not write to them.
    auto* row = const_cast<JSAMPROW>(image.row(static_cast<int>(codec.next_scanline)));
    jpeg_write_scanlines(&codec, &row, 1);
  }
  jpeg_finish_compress(&codec);
  return true;
}

}  // namespace

ImageInfo codecs::probe_jpeg(std::string_view bytes) {
  Reader reader;
  const ImageInfo info = open(reader, bytes);
  require_size(info, INT64_MAX);
  return info;
}

Image codecs::decode_jpeg(std::string_view bytes, std::int64_t max_pixels) {
  Reader reader;
  const ImageInfo info = open(reader, bytes);
  require_size(info, max_pixels);
  const int components = reader.codec.num_components;
  require(components == 1 || components == 3 || components == 4,
          "the JPEG has {} components, want 1 (grey), 3 (colour) or 4 (CMYK)", components);
  std::vector<std::uint8_t> ink(components == 4 ? static_cast<std::size_t>(info.width) * 4 : 0);
  Image image = black_image(info.width, info.height);
  require(read_rows(reader, image.pixels.data(), ink.empty() ? nullptr : ink.data()),
          "damaged JPEG of {} bytes ({} x {}), decoded up to row {}: {}", bytes.size(), info.width,
          info.height, reader.codec.output_scanline, reader.trap.message);
  return image;
}

std::string encode_jpeg(const Image& image, const JpegOptions& options) {
  codecs::require_encodable(image, "JPEG", JPEG_MAX_DIMENSION);
  require(options.quality >= 1 && options.quality <= 100, "JPEG quality is {}, want 1 to 100",
          options.quality);
  Writer writer;
  require(write_rows(writer, image, options), "cannot write a JPEG of {} x {} pixels: {}",
          image.width, image.height, writer.trap.message);
  return {reinterpret_cast<const char*>(writer.data), writer.size};
}

std::string encode_jpeg(const Image& image, int quality) {
  return encode_jpeg(image, JpegOptions{.quality = quality});
}

}  // namespace sightline
