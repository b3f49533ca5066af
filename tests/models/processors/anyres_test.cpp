#include "models/processors/anyres.h"

#include <gtest/gtest.h>

#include "harness/base/error.h"
#include "harness/media/interpolate_float.h"
#include "harness/media/smart_resize.h"
#include "models/processors/image_steps.h"
#include "models/processors/read_processors.h"
#include "tests/models/processors/support.h"

namespace sightline {
namespace {

using testing::read_json;
using testing::read_safetensors;
using testing::shared_path;

// Rows of the tables have the height first.
FrameSize size_at(const nlohmann::json& row, std::size_t i) {
  return {row.at(i + 1).get<int>(), row.at(i).get<int>()};
}

std::vector<FrameSize> pinpoints_of(const nlohmann::json& tables) {
  std::vector<FrameSize> sizes;
  for (const auto& row : tables.at("pinpoints")) sizes.push_back(size_at(row, 0));
  return sizes;
}

void expect_transformers_sizes(const nlohmann::json& tables, std::size_t rows) {
  const std::vector<FrameSize> pinpoints = pinpoints_of(tables);
  EXPECT_EQ(pinpoints, default_processor_config(ProcessorKind::kLlavaOnevision).pinpoints);
  EXPECT_EQ(tables.at("llava_ov_token_count").size(), rows);
  for (const auto& row : tables.at("select_best_resolution_384")) {
    EXPECT_EQ(choose_resolution(size_at(row, 0), pinpoints), size_at(row, 2)) << row;
  }
  for (const auto& row : tables.at("patch_output_size")) {
    EXPECT_EQ(fit_within(size_at(row, 0), size_at(row, 2)), size_at(row, 4)) << row;
  }
  for (const auto& row : tables.at("llava_ov_token_count")) {
    const FrameSize image = size_at(row, 0);
    const AnyresPlan plan = plan_anyres(image, choose_resolution(image, pinpoints), 384, 27, 9);
    EXPECT_EQ(plan.tokens(), row.at(2)) << row;
  }
  for (const auto& row : tables.at("resize_shortest_edge")) {
    EXPECT_EQ(shortest_edge_size(size_at(row, 0), row.at(2)), size_at(row, 3)) << row;
  }
  for (const auto& row : tables.at("smart_resize")) {
    const FrameSize image = size_at(row, 0);
    const auto chosen = [&] {
      return smart_resize(image.width, image.height, row.at(2), row.at(3), row.at(4));
    };
    if (row.at(5) == -1) {
      EXPECT_THROW(chosen(), Error) << row;
    } else {
      EXPECT_EQ(chosen(), size_at(row, 5)) << row;
    }
  }
}

TEST(Anyres, HasTransformersSizesAndTokenCounts) {
  expect_transformers_sizes(read_json(testing::data_path("processors/size_tables.json")), 30);
}

TEST(Anyres, HasTransformersSizesAndTokenCountsInEveryGolden) {
  SIGHTLINE_NEED_SHARED("goldens/models/images/size_tables.json");
  expect_transformers_sizes(read_json(shared_path("goldens/models/images/size_tables.json")), 134);
}

// The features of the tiles as one map, [channels, rows, columns], without its margins.
std::vector<float> cut_map(const std::vector<float>& features, const AnyresPlan& plan,
                           std::size_t channels) {
  const auto g = static_cast<std::size_t>(plan.features_per_side);
  const auto across = static_cast<std::size_t>(plan.tile_grid.width);
  std::vector<float> map;
  for (std::size_t c = 0; c < channels; ++c) {
    for (int row = 0; row < plan.kept.height; ++row) {
      for (int column = 0; column < plan.kept.width; ++column) {
        const auto y = static_cast<std::size_t>(row + plan.first_row);
        const auto x = static_cast<std::size_t>(column + plan.first_column);
        const std::size_t tile = 1 + y / g * across + x / g;
        map.push_back(features[((tile * g + y % g) * g + x % g) * channels + c]);
      }
    }
  }
  return map;
}

// What the text model gets: the whole image, then the map with a newline behind each row.
std::vector<float> packed(const std::vector<float>& features, const AnyresPlan& plan,
                          const std::vector<float>& newline) {
  const std::size_t channels = newline.size();
  const auto base =
      static_cast<std::ptrdiff_t>(channels) * plan.features_per_side * plan.features_per_side;
  const auto height = static_cast<std::size_t>(plan.features.height);
  const auto width = static_cast<std::size_t>(plan.features.width);
  std::vector<float> map = cut_map(features, plan, channels);
  if (plan.features != plan.kept) {
    map = interpolate_planes(map,
                             {channels, static_cast<std::size_t>(plan.kept.height),
                              static_cast<std::size_t>(plan.kept.width)},
                             height, width, Interpolation::kBilinear);
  }
  std::vector<float> rows(features.begin(), features.begin() + base);
  for (std::size_t y = 0; y < height; ++y) {
    for (std::size_t x = 0; x < width; ++x) {
      for (std::size_t c = 0; c < channels; ++c) rows.push_back(map[(c * height + y) * width + x]);
    }
    rows.insert(rows.end(), newline.begin(), newline.end());
  }
  return rows;
}

TEST(Anyres, ThePlanPacksFeaturesAsTransformersDoes) {
  SIGHTLINE_NEED_SHARED("goldens/models/llava_onevision/golden.safetensors");
  const std::filesystem::path folder = shared_path("goldens/models/llava_onevision");
  const auto tensors = read_safetensors(folder / "golden.safetensors");
  const auto weights = read_safetensors(folder / "checkpoint_hub/model.safetensors");
  const ProcessorConfig config = read_processors(folder / "checkpoint").image;
  const auto newline = std::find_if(weights.begin(), weights.end(), [](const auto& entry) {
    return entry.first.ends_with("image_newline");
  });
  ASSERT_NE(newline, weights.end());
  int reduced = 0;
  const nlohmann::json goldens = read_json(folder / "cases.json");
  for (const auto& golden : goldens.at("cases")) {
    const std::string id = golden.at("id");
    if (!tensors.contains(id + "/packed_features")) continue;
    SCOPED_TRACE(id);
    const FrameSize image = size_at(golden.at("image_sizes").at(0), 0);
    const AnyresPlan plan = plan_anyres(image, choose_resolution(image, config.pinpoints),
                                        config.size.width, 5, config.max_tiles);
    const auto features = tensors.at(id + "/projector_out").values<float>();
    testing::expect_near(packed(features, plan, newline->second.values<float>()),
                         tensors.at(id + "/packed_features").values<float>());
    EXPECT_EQ(plan.tokens(), golden.at("num_image_tokens"));
    reduced += plan.features != plan.kept;
  }
  EXPECT_EQ(reduced, 1);
}

TEST(Anyres, VideoFeaturesArePooledAsTransformersDoes) {
  SIGHTLINE_NEED_SHARED("goldens/models/llava_onevision/golden.safetensors");
  const auto tensors =
      read_safetensors(shared_path("goldens/models/llava_onevision/golden.safetensors"));
  const auto features = tensors.at("video0/projector_out").values<float>();  // [4, 25, 64]
  const auto want = tensors.at("video0/pooled_features_without_newline").values<float>();
  std::vector<float> planes(features.size());
  for (std::size_t i = 0; i < features.size(); ++i) {
    const std::size_t frame = i / (25 * 64), place = i / 64 % 25, channel = i % 64;
    planes[(frame * 64 + channel) * 25 + place] = features[i];
  }
  const std::vector<float> pooled =
      interpolate_planes(planes, {4 * 64, 5, 5}, 3, 3, Interpolation::kBilinear);
  std::vector<float> rows(pooled.size());
  for (std::size_t i = 0; i < pooled.size(); ++i) {
    const std::size_t frame = i / (9 * 64), channel = i / 9 % 64, place = i % 9;
    rows[(frame * 9 + place) * 64 + channel] = pooled[i];
  }
  testing::expect_near(rows, want);
}

TEST(Anyres, KeepsEveryPlanWithinItsMap) {
  const std::vector<FrameSize> pinpoints =
      default_processor_config(ProcessorKind::kLlavaOnevision).pinpoints;
  for (int width = 1; width < 6000; width = width * 3 / 2 + 1) {
    for (int height = 1; height < 6000; height = height * 3 / 2 + 1) {
      SCOPED_TRACE(::testing::Message() << width << " x " << height);
      const FrameSize image{width, height};
      const FrameSize resolution = choose_resolution(image, pinpoints);
      const FrameSize fitted = fit_within(image, resolution);
      EXPECT_TRUE(fitted.width > 0 && fitted.width <= resolution.width);
      EXPECT_TRUE(fitted.height > 0 && fitted.height <= resolution.height);
      const AnyresPlan plan = plan_anyres(image, resolution, 384, 27, 9);
      EXPECT_GE(plan.first_row, 0);
      EXPECT_GE(plan.first_column, 0);
      EXPECT_GE(plan.kept.width, 0);
      EXPECT_GE(plan.kept.height, 0);
      EXPECT_LE(plan.features.width, plan.kept.width);
      EXPECT_LE(plan.features.height, plan.kept.height);
    }
  }
}

TEST(Anyres, RefusesNoResolutionsAndNoImage) {
  const std::vector<FrameSize> one = {{384, 384}};
  EXPECT_THROW(choose_resolution({10, 10}, {}), Error);
  EXPECT_THROW(choose_resolution({0, 10}, one), Error);
}

}  // namespace
}  // namespace sightline
