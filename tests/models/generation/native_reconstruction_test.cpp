#include "models/generation/native_reconstruction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <new>

#include "harness/base/error.h"
#include "models/generation/native_model.h"
#include "tests/support/errors.h"

namespace sightline {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Codes are the first sample of an image, and images grey. Refuses what its tests want.
class FakeTokenizer final : public ImageTokenizer {
 public:
  FakeTokenizer() {
    info_.family = "fake";
    info_.layout = {.tokens = 3, .levels = {256}};
    info_.max_batch = 4;
    info_.protocol["cfg"] = "3";
  }
  const ImageTokenizerInfo& info() const override { return info_; }
  void check_size(int width, int height) const override {
    require(width == 2 && height == 1, "want 2 x 1");
  }
  std::vector<ImageCode> encode(std::span<const Image* const> images) override {
    batches.push_back(images.size());
    std::vector<ImageCode> codes;
    for (const Image* image : images) {
      require(image->pixels[0] != 13, "13 is unlucky");
      if (image->pixels[0] == 14) throw std::bad_alloc();
      codes.push_back({2, 1, {image->pixels[0], 0, 0}});
    }
    return codes;
  }
  std::vector<PlanarImage> decode(std::span<const ImageCode* const> codes,
                                 std::span<const NoiseSource> noise) override {
    std::vector<PlanarImage> images;
    for (std::size_t i = 0; i < codes.size(); ++i) {
      ids.emplace_back(noise[i].id);
      EXPECT_EQ(noise[i].seed, 9U);
      const float value = static_cast<float>(codes[i]->symbols[0]) / 127.5F - 1 + 1e-4F;
      images.push_back({2, 1, std::vector<float>(6, value)});
    }
    return images;
  }

  std::vector<std::size_t> batches;
  std::vector<std::string> ids;

 private:
  ImageTokenizerInfo info_;
};

Request request(std::uint8_t sample, int width = 2) {
  Image image = black_image(width, 1);
  for (std::uint8_t& pixel : image.pixels) pixel = sample;
  Request request{.id = std::to_string(sample), .kind = Kind::kReconstruct};
  request.images.push_back({.pixels = std::make_shared<const Image>(std::move(image))});
  return request;
}

TEST(NativeReconstruction, GivesImagesAndBitsOfABatch) {
  const auto tokenizer = std::make_shared<FakeTokenizer>();
  const auto model = make_native_reconstruction(tokenizer, 9);
  EXPECT_EQ(model->info().max_batch, 4U);
  EXPECT_EQ(model->info().protocol.at("cfg"), "3");
  const auto responses = ask(*model, {request(20), request(30)});
  for (const Response& response : responses) {
    ASSERT_EQ(response.outcome, Outcome::kOk) << response.error;
    EXPECT_EQ(response.answer->reconstruction.bits, 24);
  }
  EXPECT_EQ(responses[1].answer->reconstruction.image->pixels[5], 30);
  EXPECT_THAT(tokenizer->ids, ElementsAre("20", "30"));
}

TEST(NativeReconstruction, OneThatFailsIsFoundAndOthersGoOn) {
  const auto tokenizer = std::make_shared<FakeTokenizer>();
  const auto model = make_native_reconstruction(tokenizer, 9);
  const std::vector<Request> requests{request(20), request(13), request(14), request(1, 3)};
  const auto responses = dynamic_cast<BatchModel&>(*model).answer(requests);
  EXPECT_EQ(responses[0].outcome, Outcome::kOk);
  EXPECT_EQ(responses[1].outcome, Outcome::kModelError);
  EXPECT_THAT(responses[1].error, HasSubstr("13 is unlucky"));
  EXPECT_EQ(responses[2].outcome, Outcome::kOom);
  EXPECT_EQ(responses[3].outcome, Outcome::kBadInput);
  EXPECT_THAT(responses[3].error, HasSubstr("want 2 x 1"));
  EXPECT_THAT(tokenizer->batches, ElementsAre(3, 1, 1, 1));
}

TEST(NativeReconstruction, ATokenizerIsKeptForTheNextTaskOfARun) {
  Registry registry;
  int opened = 0;
  registry.image_tokenizer = [&](const ImageTokenizerSettings&) {
    ++opened;
    return std::make_unique<FakeTokenizer>();
  };
  NetworkPool pool;
  const auto open = [&](const std::string& arguments) {
    ModelSettings settings;
    settings.kind = Kind::kReconstruct;
    settings.args = ModelArgs::parse(arguments);
    return open_native(registry, std::move(settings), pool);
  };
  open("path=somewhere");
  open("path=somewhere");
  EXPECT_EQ(opened, 1);
  open("path=somewhere,cfg=2");
  EXPECT_EQ(opened, 2);
  EXPECT_THAT(testing::error_of([&] { open("path=somewhere,frames=video"); }), HasSubstr("frames"));
  EXPECT_THAT(testing::error_of([&] { open(""); }), HasSubstr("path"));
}

}  // namespace
}  // namespace sightline
