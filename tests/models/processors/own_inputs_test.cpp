#include "models/processors/own_inputs.h"

#include <gtest/gtest.h>

#include "harness/base/error.h"
#include "harness/media/crop.h"
#include "tests/models/processors/support.h"

namespace sightline {
namespace {

using testing::read_json;
using testing::read_safetensors;
using testing::shared_path;
using testing::StoredTensor;

TEST(FlowmoPixels, HasTheReferencesPixels) {
  SIGHTLINE_NEED_SHARED("goldens/models/flowmo/preprocess/golden.safetensors");
  const std::filesystem::path folder = shared_path("goldens/models/flowmo/preprocess");
  const auto tensors = read_safetensors(folder / "golden.safetensors");
  for (int i = 0; i < 6; ++i) {
    SCOPED_TRACE(i);
    const std::string name = fmt::format("img{}", i);
    const int size = static_cast<int>(tensors.at(name + ".size").values<std::int64_t>().at(0));
    const Image image =
        center_crop(resize_shorter_side(read_image(folder / (name + ".png")), size,
                                        ResizeFilter::kBilinear, PassOrder::kPillow13),
                    size, size);
    EXPECT_TRUE(image == testing::to_image(tensors.at(name + ".uint8_hwc")));
    const PixelTensor pixels = flowmo_pixels(image);
    const auto want = tensors.at(name + ".float_hwc").values<float>();
    ASSERT_EQ(pixels.values.size(), want.size());
    const std::size_t plane = want.size() / 3;
    for (std::size_t j = 0; j < want.size(); ++j) {
      ASSERT_EQ(pixels.values[j % 3 * plane + j / 3], want[j]) << "sample " << j;
    }
  }
}

TEST(FlowmoPixels, SpanMinusOneToOne) {
  Image image = black_image(2, 1);
  image.pixels = {0, 255, 51, 0, 0, 0};
  const PixelTensor pixels = flowmo_pixels(image);
  EXPECT_EQ(pixels.shape, (std::vector<std::size_t>{3, 1, 2}));
  EXPECT_EQ(pixels.values, (std::vector<float>{-1, -1, 1, -1, -0.6F, -1}));
}

TEST(ChatrexInput, HasTheReferencesPixelsAndBoxes) {
  SIGHTLINE_NEED_SHARED("goldens/models/chatrex/mllm/golden.safetensors");
  const std::filesystem::path folder = shared_path("goldens/models/chatrex/mllm");
  const auto tensors = read_safetensors(folder / "golden.safetensors");
  const nlohmann::json cases = read_json(folder / "golden.json").at("cases");
  for (std::size_t i = 0; i < cases.size(); ++i) {
    SCOPED_TRACE(i);
    const nlohmann::json& golden = cases.at(i).at("case");
    const Image image =
        read_image(folder / "images" / fmt::format("img{}.png", golden.at("image").get<int>()));
    const ChatrexInput input =
        chatrex_input(image, 96, 42, {ImageBackend::kPil, PassOrder::kPillow13});
    testing::expect_bits(input.pixel_values_aux,
                         tensors.at(fmt::format("c{}.pixel_values_aux", i)));
    const StoredTensor& low = tensors.at(fmt::format("c{}.pixel_values", i));
    EXPECT_EQ(input.pixel_values.shape, low.shape);
    testing::expect_near(input.pixel_values.values, low.values<float>());
    const auto boxes = tensors.at(fmt::format("c{}.boxes_resized_xyxy", i)).values<float>();
    for (std::size_t j = 0; j < golden.at("boxes").size(); ++j) {
      const auto corners = golden.at("boxes").at(j).get<std::array<double, 4>>();
      const Box box = input.to_input(
          {corners[0], corners[1], corners[2] - corners[0], corners[3] - corners[1]});
      const std::array<double, 4> got = {box.x, box.y, box.x + box.w, box.y + box.h};
      for (std::size_t k = 0; k < 4; ++k) EXPECT_NEAR(got[k], boxes.at(4 * j + k), 1e-5);
    }
  }
}

TEST(UpnSize, IsTheReferences) {
  SIGHTLINE_NEED_SHARED("goldens/models/chatrex/upn_resize_cases.json");
  for (const auto& row : read_json(shared_path("goldens/models/chatrex/upn_resize_cases.json"))) {
    EXPECT_EQ(upn_size({row.at("w"), row.at("h")}), (FrameSize{row.at("out_w"), row.at("out_h")}))
        << row;
  }
}

// From the reference's table: a panorama's longer side exceeds 1333 by a little.
TEST(UpnSize, KeepsTheAspect) {
  EXPECT_EQ(upn_size({640, 480}), (FrameSize{1066, 800}));
  EXPECT_EQ(upn_size({2000, 100}), (FrameSize{1340, 67}));
  EXPECT_EQ(upn_size({801, 800}), (FrameSize{801, 800}));
  EXPECT_THROW(upn_size({20'000, 1}), Error);
  EXPECT_THROW(upn_size({0, 5}), Error);
}

TEST(UpnPixels, HasTheReferencesPixels) {
  SIGHTLINE_NEED_SHARED("goldens/models/chatrex/upn/golden.safetensors");
  const std::filesystem::path folder = shared_path("goldens/models/chatrex/upn");
  const auto tensors = read_safetensors(folder / "golden.safetensors");
  for (int i = 0; i < 2; ++i) {
    SCOPED_TRACE(i);
    const Image image = read_image(folder / "images" / fmt::format("img{}.png", i));
    testing::expect_bits(upn_pixels(image, 64, 107, PassOrder::kPillow13),
                         tensors.at(fmt::format("input{}", i)));
  }
}

TEST(OwnInputs, RefuseAnImageWithoutPixels) {
  EXPECT_THROW(flowmo_pixels(Image{}), Error);
  EXPECT_THROW(chatrex_input(Image{}), Error);
  EXPECT_THROW(upn_pixels(Image{}), Error);
}

}  // namespace
}  // namespace sightline
