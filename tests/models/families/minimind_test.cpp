#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "harness/base/error.h"
#include "models/families/minimind_v.h"
#include "tests/models/families/minimind_golden.h"

namespace sightline::testing {
namespace {

// models-own.md: 5e-5 of the largest value of a tensor.
constexpr double kRelative = 5e-5;

std::vector<std::filesystem::path> roots(const std::string& variant) {
  std::vector<std::filesystem::path> found = golden_roots("minimind_v/" + variant);
  for (std::filesystem::path& root : found) root = root / ("minimind_v/" + variant);
  return found;
}

void expect_close(std::span<const float> actual, std::span<const float> expected) {
  double largest = 0;
  for (const float value : expected) largest = std::max(largest, std::abs(double{value}));
  EXPECT_LE(max_difference(actual, expected), kRelative * largest);
}

NetworkSettings settings_of(const std::filesystem::path& folder, bool kernels) {
  NetworkSettings settings;
  settings.family = "minimind_v";
  settings.path = folder / "model.safetensors";
  settings.config = folder / "config.json";
  settings.kernels = kernels;
  return settings;
}

class MinimindV : public ::testing::TestWithParam<std::tuple<const char*, bool>> {};

TEST_P(MinimindV, EqualsTheReference) {
  const auto [variant, kernels] = GetParam();
  for (const auto& root : roots(variant)) {
    Minimind golden(root, settings_of(root, kernels));
    for (int p = 0; p < 6; ++p) {
      const std::string name = "p" + std::to_string(p) + ".";
      if (!golden.has(name + "input_ids")) continue;
      SCOPED_TRACE(name);
      std::vector<int> images;
      if (golden.has(name + "image_index")) images = golden.whole<int>(name + "image_index");
      const GoldenPrompt ready = golden.prepare(golden.whole<TokenId>(name + "input_ids"), images);
      for (std::size_t i = 0; i < images.size(); ++i) {
        const auto expected =
            golden.floats("image" + std::to_string(images[i]) + ".pixel_values_pil");
        const auto& pixels = golden.processed.pixel_values.values;
        EXPECT_LE(max_difference(std::span(pixels).subspan(i * expected.size(), expected.size()),
                                 expected),
                  0);
      }
      const std::vector<std::vector<TokenId>> ids{golden.whole<TokenId>(name + "greedy_ids")};
      const auto logits = forced_logits(*golden.network, {&ready, 1}, ids)[0];
      const std::vector<float> expected = golden.floats(name + "greedy_step_logits");
      const std::size_t width = expected.size() / ids[0].size();
      for (std::size_t step = 0; step < ids[0].size(); ++step) {
        EXPECT_EQ(argmax(logits[step]), ids[0][step]) << step;
        expect_close(std::span(logits[step]).first(width),
                     std::span(expected).subspan(step * width, width));
      }
    }
  }
}

TEST_P(MinimindV, PlacesImagesAsTheReference) {
  const auto [variant, kernels] = GetParam();
  for (const auto& root : roots(variant)) {
    Minimind golden(root, settings_of(root, kernels));
    for (const std::string& tensor : golden.tensors.names()) {
      if (!tensor.starts_with("edge_") || !tensor.ends_with(".logits_last")) continue;
      SCOPED_TRACE(tensor);
      const std::string name = tensor.substr(0, tensor.find('.'));
      const auto ids = golden.whole<TokenId>(name + ".input_ids");
      // As many of the images as there are places, in order.
      GoldenPrompt ready;
      for (std::vector<int> images{0, 1};; images.pop_back()) {
        try {
          ready = golden.prepare(ids, images);
          break;
        } catch (const Error&) {
          ASSERT_FALSE(images.empty());
        }
      }
      const auto cache = golden.network->new_cache(ids.size());
      const Step step = GoldenFamily::first_step(ready, *cache, Step::Want::kLogits);
      expect_close(golden.network->forward({&step, 1})[0].logits, golden.floats(tensor));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Variants, MinimindV,
                         ::testing::Combine(::testing::Values("head_dense", "head_moe",
                                                              "head_moe_top2", "legacy_dense",
                                                              "legacy_moe"),
                                            ::testing::Bool()),
                         [](const auto& made) {
                           return std::string(std::get<0>(made.param)) +
                                  (std::get<1>(made.param) ? "_kernels" : "_libtorch");
                         });

TEST(MinimindPrompt, RefusesARunThatIsLongerThanAnImage) {
  EXPECT_THROW(place_minimind_images(std::vector<TokenId>(5, 12), {.id = 12, .tokens = 4}, 1),
               Error);
}

TEST(MinimindPrompt, RefusesImagesWithoutAPlace) {
  EXPECT_THROW(place_minimind_images({1, 2, 3}, {.id = 12, .tokens = 4}, 1), Error);
}

TEST(MinimindPrompt, LaterOverlappingImagesOverwriteEarlierOnes) {
  const Prompt prompt =
      place_minimind_images({34, 34, 34}, {.id = 34, .tokens = 2, .sliding = true}, 2);
  const std::vector<Prompt::VisionRow> expected{{0, 0}, {1, 2}, {2, 3}};
  EXPECT_EQ(prompt.vision_rows, expected);
}

TEST(MinimindRotary, YarnEqualsTheReference) {
  SIGHTLINE_NEED_SHARED("goldens/models/minimind_v/rope_and_sampling.safetensors");
  const TensorFile file =
      open_tensor_file(shared_path("goldens/models/minimind_v/rope_and_sampling.safetensors"));
  for (const std::int64_t dim : {64, 96}) {
    const std::string name = fmt::format("rope.yarn_{}.", dim);
    const auto positions = file.at(name + "rows").values<std::int64_t>();
    const Rotation rotation = Rotary({}, yarn_frequencies(dim, 1e6)).at(positions);
    const std::vector<float> cosines = file.at(name + "cos").values<float>();
    for (std::size_t r = 0; r < positions.size(); ++r) {
      const double tolerance = positions[r] > 2048 ? 1e-3 : 1e-5;
      const auto half = static_cast<std::size_t>(dim / 2);
      const float* row = rotation.cos.data_ptr<float>() + r * half;
      EXPECT_LE(max_difference({row, half}, std::span(cosines).subspan(r * 2 * half, half)),
                tolerance)
          << name << " position " << positions[r];
    }
  }
}

}  // namespace
}  // namespace sightline::testing
