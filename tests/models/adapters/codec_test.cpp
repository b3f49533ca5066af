#include "models/adapters/codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/file.h"
#include "harness/media/decode.h"
#include "harness/media/encode.h"
#include "tests/support/errors.h"
#include "tests/support/images.h"
#include "tests/support/paths.h"

namespace sightline {
namespace {

using testing::error_of;
using ::testing::HasSubstr;

ModelSettings settings_with(const std::string& args, Kind kind = Kind::kReconstruct) {
  ModelSettings settings;
  settings.args = ModelArgs::parse(args);
  settings.kind = kind;
  settings.task = "a_task";
  return settings;
}

std::vector<Reconstruction> reconstruct(const std::string& args, const std::vector<Image>& images) {
  const auto model = open_codec(settings_with(args));
  std::vector<Request> requests;
  for (const Image& image : images) {
    Request& request = requests.emplace_back();
    request.ticket = requests.size() - 1;
    request.images.push_back({.path = "a.png", .pixels = std::make_shared<const Image>(image)});
  }
  std::vector<Reconstruction> made;
  for (const Response& response : ask(*model, requests)) {
    made.push_back(response.answer.value().reconstruction);
  }
  return made;
}

struct Case {
  const char* args;
  const char* revision;
  bool lossless;
  std::string (*encode)(const Image&);
};
const Case kCases[] = {
    {"format=jpeg", "format=jpeg,quality=75", false,
     [](const Image& image) { return encode_jpeg(image, 75); }},
    {"format=jpeg,quality=1", "format=jpeg,quality=1", false,
     [](const Image& image) { return encode_jpeg(image, 1); }},
    {"quality=100,format=jpeg", "format=jpeg,quality=100", false,
     [](const Image& image) { return encode_jpeg(image, 100); }},
    {"format=webp,quality=0", "format=webp,quality=0", false,
     [](const Image& image) { return encode_webp(image, 0); }},
    {"format=webp", "format=webp,quality=75", false,
     [](const Image& image) { return encode_webp(image, 75); }},
    {"format=webp-lossless", "format=webp-lossless", true,
     [](const Image& image) { return encode_webp_lossless(image); }},
    {"format=png", "format=png", true, [](const Image& image) { return encode_png(image, 9); }}};

TEST(Codec, GivesTheDecodedImageAndTheBitsOfItsFile) {
  const testing::TemporaryFolder folder;
  const std::vector<Image> images = {testing::gradient_image(48, 40, 5, 1),
                                     testing::noise_image(17, 9, 2)};
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.args);
    EXPECT_EQ(open_codec(settings_with(c.args))->info().revision, c.revision);
    const auto made = reconstruct(c.args, images), again = reconstruct(c.args, images);
    for (std::size_t i = 0; i < images.size(); ++i) {
      const auto file = folder / "image";
      write_file_atomically(file, c.encode(images[i]));
      EXPECT_EQ(made[i].bits, static_cast<std::int64_t>(8 * std::filesystem::file_size(file)));
      EXPECT_EQ(*made[i].image, read_image(file));
      EXPECT_EQ(*made[i].image == images[i], c.lossless);
      EXPECT_EQ(again[i].bits, made[i].bits);
      EXPECT_EQ(*again[i].image, *made[i].image);
    }
  }
}

TEST(Codec, MoreQualityTakesMoreBits) {
  const std::vector<Image> image = {testing::gradient_image(96, 80, 9, 4)};
  for (const std::string format : {"jpeg", "webp"}) {
    std::int64_t before = 0;
    for (const char* quality : {"5", "25", "50", "75", "95"}) {
      const auto made = reconstruct("format=" + format + ",quality=" + quality, image);
      EXPECT_GT(made[0].bits, before) << format << " " << quality;
      before = made[0].bits.value();
    }
  }
}

TEST(Codec, SaysWhatIsWrongWithItsArguments) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "format=..., which is one of jpeg, webp"},
      {"format=jpg", "did you mean 'jpeg'?"},
      {"format=jpeg,quality=0", "quality=0 is not a whole number from 1 to 100"},
      {"format=webp,quality=101", "from 0 to 100"},
      {"format=webp,quality=7.5", "quality=7.5"},
      {"format=jpeg,quality=high", "is no number"},
      {"format=png,quality=9", "png is lossless and has no quality"},
      {"format=jpeg,qualty=9", "did you mean 'quality'?"}};
  for (const auto& [args, message] : cases) {
    EXPECT_THAT(error_of([&, &args = args] { open_codec(settings_with(args)); }),
                HasSubstr(message))
        << args;
  }
  EXPECT_THAT(error_of([] { open_codec(settings_with("format=png", Kind::kText)); }),
              HasSubstr("task a_task asks for text"));
}

}  // namespace
}  // namespace sightline
