#include "harness/media/decode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "harness/base/error.h"
#include "harness/base/parallel.h"
#include "harness/media/colour.h"
#include "harness/media/encode.h"
#include "tests/support/images.h"
#include "tests/support/paths.h"

namespace sightline {
namespace {

using testing::data_path;
using ::testing::HasSubstr;
using testing::largest_difference;
using testing::read_json;
using testing::read_safetensors;
using testing::to_image;

void expect_pixels_of(const std::string& set) {
  const auto tensors = read_safetensors(data_path("images/" + set + ".safetensors"));
  nlohmann::json cases = read_json(data_path("images/" + set + ".json"));
  if (cases.is_object()) cases = nlohmann::json(cases.at("cases"));
  ASSERT_GE(cases.size(), 9U);
  for (const auto& c : cases) {
    const auto file = c.at("file").get<std::string>();
    SCOPED_TRACE(file);
    const Image image = read_image(data_path("images/" + file));
    EXPECT_EQ(image, to_image(tensors.at(c.at("rgb"))));
    EXPECT_EQ(to_luma(image), tensors.at(c.at("l")).values<std::uint8_t>());
    if (!c.contains("exif_rgb")) continue;
    const Image upright =
        read_image(data_path("images/" + file), DecodeOptions{.apply_exif_orientation = true});
    EXPECT_EQ(upright, to_image(tensors.at(c.at("exif_rgb"))));
  }
}

TEST(DecodeImage, JpegsOfEveryKindHavePillowsPixels) {
  expect_pixels_of("jpeg_decode");
}

TEST(DecodeImage, PngsOfEveryKindHavePillowsPixels) {
  expect_pixels_of("png_decode");
}

TEST(DecodeImage, LosslessWebpGivesThePixelsThatWereEncoded) {
  for (const auto& [width, height] : {std::pair{1, 1}, {17, 9}, {64, 48}}) {
    const Image image = testing::noise_image(width, height, 5);
    EXPECT_EQ(decode_image(encode_webp_lossless(image)), image);
  }
}

TEST(DecodeImage, IsTheSameFromManyThreads) {
  const std::string jpeg = read_file(data_path("images/jpeg/ycc420_progressive.jpg"));
  const std::string png = read_file(data_path("images/png_variants/palette.png"));
  const std::string damaged = jpeg.substr(0, jpeg.size() / 2);
  const Image from_jpeg = decode_image(jpeg), from_png = decode_image(png);
  set_thread_count(4);
  std::vector<int> wrong(64);
  parallel_for(wrong.size(), 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      wrong[i] += decode_image(jpeg) != from_jpeg;
      wrong[i] += decode_image(png) != from_png;
      try {
        decode_image(damaged);
        ++wrong[i];
      } catch (const Error&) {
        continue;
      }
    }
  });
  set_thread_count(0);
  EXPECT_THAT(wrong, ::testing::Each(0));
}

std::string error_of(std::string_view bytes, const DecodeOptions& options = {}) {
  try {
    decode_image(bytes, options);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

std::string sample_of(ImageFormat format) {
  const Image image = testing::gradient_image(60, 40, 8, 3);
  switch (format) {
    case ImageFormat::kJpeg:
      return encode_jpeg(image, 90);
    case ImageFormat::kPng:
      return encode_png(image);
    case ImageFormat::kWebp:
      break;
  }
  return encode_webp(image, 80);
}

constexpr ImageFormat kFormats[] = {ImageFormat::kJpeg, ImageFormat::kPng, ImageFormat::kWebp};

TEST(DecodeImage, RefusesWhatIsNoImageAndSaysWhatItFound) {
  EXPECT_EQ(error_of(""), "the image is empty (0 bytes)");
  EXPECT_THAT(error_of("GIF89a and more"), HasSubstr("start with 47 49 46 38 39 61"));
  EXPECT_THAT(error_of("\xFF\xD8"), HasSubstr("2 bytes start with ff d8"));
  EXPECT_THAT(error_of("<html>404</html>"), HasSubstr("neither a JPEG, a PNG nor a WebP"));
}

TEST(DecodeImage, RefusesAFileCutAnywhereBeforeItsLastRow) {
  for (const ImageFormat format : kFormats) {
    const std::string whole = sample_of(format);
    // Behind the pixels a PNG still has a checksum and IEND (20 bytes), a JPEG its end marker.
    const std::size_t tail = format == ImageFormat::kPng ? 20 : 2;
    for (std::size_t size = 1; size + tail < whole.size(); size += 1 + size / 40) {
      SCOPED_TRACE(fmt::format("{} of {} bytes", size, whole.size()));
      EXPECT_NE(error_of(whole.substr(0, size)), "no error") << name_of(format);
    }
    EXPECT_EQ(error_of(whole), "no error");
  }
}

TEST(DecodeImage, SaysThatAFileIsCutShort) {
  for (const ImageFormat format : kFormats) {
    const std::string whole = sample_of(format);
    const std::string message = error_of(whole.substr(0, whole.size() * 3 / 4));
    EXPECT_THAT(message, HasSubstr(name_of(format)));
    EXPECT_THAT(message, HasSubstr("data end before the image is complete"));
    EXPECT_THAT(message, HasSubstr(fmt::format("{} bytes", whole.size() * 3 / 4)));
  }
}

TEST(DecodeImage, DamageGivesAnImageOfTheDeclaredSizeOrAnError) {
  for (const ImageFormat format : kFormats) {
    const std::string whole = sample_of(format);
    int refused = 0;
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
      Rng rng(seed);
      std::string damaged = whole;
      for (int i = rng.between(1, 6); i > 0; --i) {
        damaged[rng.below(damaged.size())] = static_cast<char>(rng.next());
      }
      SCOPED_TRACE(fmt::format("{} seed {}", name_of(format), seed));
      try {
        const Image image = decode_image(damaged, {.max_pixels = 1'000'000});
        EXPECT_EQ(image.pixels.size(), static_cast<std::size_t>(image.width) *
                                           static_cast<std::size_t>(image.height) * 3);
      } catch (const Error& error) {
        EXPECT_STRNE(error.what(), "");
        ++refused;
      }
    }
    EXPECT_GT(refused, 10) << name_of(format);
  }
}

TEST(DecodeImage, ToleratesMildDamageAsPillowDoes) {
  const std::string jpeg = sample_of(ImageFormat::kJpeg), png = sample_of(ImageFormat::kPng);
  const Image from_jpeg = decode_image(jpeg), from_png = decode_image(png);
  std::string littered = jpeg;
  littered.insert(jpeg.find("\xFF\xDB"), "litter");
  EXPECT_EQ(decode_image(littered), from_jpeg);
  EXPECT_EQ(decode_image(jpeg + "trailing bytes"), from_jpeg);
  EXPECT_EQ(decode_image(png + "trailing bytes"), from_png);
  EXPECT_EQ(decode_image(png.substr(0, png.size() - 12)), from_png);  // without IEND
}

// The two bytes of each side stand behind marker FF C0, length and precision.
std::string with_jpeg_size(std::string jpeg, int width, int height) {
  const std::size_t frame = jpeg.find("\xFF\xC0");
  for (int i = 0; i < 2; ++i) {
    jpeg[frame + 5 + static_cast<std::size_t>(i)] = static_cast<char>(height >> (8 - 8 * i));
    jpeg[frame + 7 + static_cast<std::size_t>(i)] = static_cast<char>(width >> (8 - 8 * i));
  }
  return jpeg;
}

TEST(DecodeImage, RefusesABombByItsHeader) {
  const std::string jpeg = with_jpeg_size(sample_of(ImageFormat::kJpeg), 60000, 60000);
  EXPECT_THAT(error_of(jpeg), HasSubstr("60000 x 60000 pixels, more than the limit of 178956970"));
  std::string png = sample_of(ImageFormat::kPng);
  png.replace(16, 8, std::string("\x7f\xff\xff\xff\x7f\xff\xff\xff", 8));
  EXPECT_THAT(error_of(png), HasSubstr("2147483647 x 2147483647 pixels, more than the limit"));
  for (const ImageFormat format : kFormats) {
    EXPECT_THAT(error_of(sample_of(format), {.max_pixels = 2399}),
                HasSubstr("60 x 40 pixels, more than the limit of 2399"));
    EXPECT_EQ(error_of(sample_of(format), {.max_pixels = 2400}), "no error");
  }
}

TEST(DecodeImage, RefusesASideOfZero) {
  std::string png = sample_of(ImageFormat::kPng);
  png.replace(16, 4, std::string(4, '\0'));
  EXPECT_THAT(error_of(png), HasSubstr("the PNG has no pixels: its header says 0 x 40"));
  EXPECT_NE(error_of(with_jpeg_size(sample_of(ImageFormat::kJpeg), 0, 40)), "no error");
}

TEST(DecodeImage, RefusesAnimatedWebp) {
  std::string webp("RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0\x07\0\0\x07\0\0", 30);
  webp += std::string("ANIM\x06\0\0\0\0\0\0\0\0\0", 14);
  webp[4] = static_cast<char>(webp.size() - 8);
  EXPECT_THAT(error_of(webp), HasSubstr("animated"));
}

TEST(ReadImage, NamesTheFileInItsErrors) {
  const testing::TemporaryFolder folder;
  write_file_atomically(folder / "bad.jpg", "no picture");
  try {
    read_image(folder / "bad.jpg");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("reading image"));
    EXPECT_THAT(error.what(), HasSubstr("bad.jpg"));
  }
  EXPECT_THROW(read_image(folder / "missing.png"), Error);
}

TEST(ProbeImage, AgreesWithTheDecoder) {
  for (const char* file : {"jpeg/ycc420_odd_q90.jpg", "jpeg/cmyk_q90.jpg", "jpeg/exif6_420.jpg",
                           "png_variants/gray16.png", "png/photo_port.png"}) {
    const Image image = read_image(data_path(std::string("images/") + file));
    const ImageInfo info = probe_image_file(data_path(std::string("images/") + file));
    EXPECT_EQ(info.width, image.width) << file;
    EXPECT_EQ(info.height, image.height) << file;
  }
  for (const ImageFormat format : kFormats) {
    EXPECT_EQ(probe_image(sample_of(format)), (ImageInfo{format, 60, 40}));
  }
}

TEST(ProbeImage, NeedsNoMoreThanTheHeader) {
  EXPECT_EQ(probe_image(sample_of(ImageFormat::kPng).substr(0, 24)).width, 60);
  const std::string jpeg = sample_of(ImageFormat::kJpeg);
  const std::size_t scan = jpeg.find("\xFF\xDA");
  EXPECT_EQ(probe_image(jpeg.substr(0, scan + 20)).height, 40);
  EXPECT_THROW(probe_image(sample_of(ImageFormat::kPng).substr(0, 20)), Error);
  EXPECT_THROW(probe_image(jpeg.substr(0, 30)), Error);
}

}  // namespace
}  // namespace sightline
