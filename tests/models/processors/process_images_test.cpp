#include "models/processors/process_images.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "models/processors/read_processors.h"
#include "tests/models/processors/support.h"
#include "tests/support/errors.h"

namespace sightline {
namespace {

using ::testing::AllOf;
using testing::data_path;
using testing::error_of;
using ::testing::HasSubstr;
using testing::ImageSet;
using testing::noise_image;
using testing::read_images;
using testing::read_json;
using testing::read_safetensors;
using testing::shared_path;
using testing::StoredTensor;

const std::map<std::string, std::string> kTypes = {
    {"siglip", "SiglipImageProcessor"},
    {"siglip224", "SiglipImageProcessor"},
    {"siglip_rect_bilinear", "SiglipImageProcessor"},
    {"clip", "CLIPImageProcessor"},
    {"clip_crop_larger", "CLIPImageProcessor"},
    {"llava_ov", "LlavaOnevisionImageProcessor"},
    {"llava_ov_clipnorm", "LlavaOnevisionImageProcessor"},
    {"qwen2_vl", "Qwen2VLImageProcessor"},
};

// The goldens were made with Pillow 13.
ImageProtocol protocol_of(const nlohmann::json& golden) {
  return {parse_image_backend(golden.at("backend").get<std::string>()), PassOrder::kPillow13};
}

ProcessorConfig config_of(const nlohmann::json& golden) {
  nlohmann::json fields = golden.at("config");
  fields["image_processor_type"] = kTypes.at(golden.at("processor"));
  ProcessorConfig config = parse_processor_config(fields, "golden");
  if (config.kind == ProcessorKind::kLlavaOnevision) config.tokens_per_tile = 16;
  return config;
}

// The samples as integers: scaling that leaves them as they are changes neither shape nor layout.
std::vector<std::uint8_t> samples_of(const ImageSet& set, ProcessorConfig config,
                                     const ImageProtocol& protocol) {
  const ProcessedImages floats = process_images(set.pointers, config, protocol);
  const std::array<double, 3> mean = config.scaling.mean;
  config.scaling = {.do_rescale = false, .do_normalize = false, .mean = mean};
  const ProcessedImages plain = process_images(set.pointers, config, protocol);
  std::vector<std::uint8_t> samples;
  for (const float value : plain.pixel_values.values) {
    samples.push_back(static_cast<std::uint8_t>(value));
  }
  EXPECT_EQ(plain.pixel_values.shape, floats.pixel_values.shape);
  EXPECT_EQ(plain.images, floats.images);
  return samples;
}

void expect_layout(const std::vector<ImageLayout>& images, const nlohmann::json& golden) {
  for (std::size_t i = 0; i < images.size(); ++i) {
    if (golden.contains("image_sizes")) {
      EXPECT_EQ(images[i].size.height, golden["image_sizes"][i][0]);
      EXPECT_EQ(images[i].size.width, golden["image_sizes"][i][1]);
    }
    if (golden.contains("image_grid_thw")) {
      const auto grid = golden["image_grid_thw"][i].get<std::array<int, 3>>();
      EXPECT_EQ(images[i].grid_thw, grid);
      EXPECT_EQ(images[i].num_tokens, grid[0] * grid[1] * grid[2] / 4);
    }
  }
}

void expect_transformers_pixels(const std::filesystem::path& folder, std::size_t count) {
  const nlohmann::json goldens = read_json(folder / "processors.json");
  const auto tensors = read_safetensors(folder / "processors.safetensors");
  ASSERT_EQ(goldens.at("cases").size(), count);
  for (const nlohmann::json& golden : goldens.at("cases")) {
    SCOPED_TRACE(golden.at("pixel_u8").get<std::string>());
    const ImageSet set(read_images(folder, golden.contains("files")
                                               ? golden["files"].get<std::vector<std::string>>()
                                               : std::vector{golden["file"].get<std::string>()}));
    const ProcessorConfig config = config_of(golden);
    const ProcessedImages result = process_images(set.pointers, config, protocol_of(golden));
    EXPECT_EQ(result.pixel_values.shape,
              golden.at("pixel_values_shape").get<std::vector<std::size_t>>());
    expect_layout(result.images, golden);
    const StoredTensor& samples = tensors.at(golden.at("pixel_u8"));
    EXPECT_TRUE(samples_of(set, config, protocol_of(golden)) == samples.values<std::uint8_t>());
    if (golden.contains("pixel_values")) {
      testing::expect_bits(result.pixel_values, tensors.at(golden.at("pixel_values")));
    }
  }
}

TEST(ProcessImages, HasTransformersPixels) {
  expect_transformers_pixels(data_path("processors"), 20);
}

TEST(ProcessImages, HasTransformersPixelsInEveryGolden) {
  SIGHTLINE_NEED_SHARED("goldens/models/images/processors.json");
  expect_transformers_pixels(shared_path("goldens/models/images"), 82);
}

// Families of checkpoints: their files, and the pixel values their goldens begin with.
struct Family {
  const char* folder;
  const char* checkpoint;
  const char* cases;
  const char* tensors;
  ImageProtocol protocol;
};

constexpr ImageProtocol kTorchvision{ImageBackend::kTorchvision, PassOrder::kPillow12};
const Family kFamilies[] = {
    {"paligemma1", "checkpoint", "cases.json", "golden.safetensors", kTorchvision},
    {"paligemma1", "checkpoint_hub", "cases_pil12.json", "golden_pil12.safetensors", {}},
    {"paligemma2", "checkpoint_hub", "cases.json", "golden.safetensors", kTorchvision},
    {"paligemma2", "checkpoint", "cases_pil12.json", "golden_pil12.safetensors", {}},
    {"llava_onevision", "checkpoint", "cases.json", "golden.safetensors", kTorchvision},
    {"llava_onevision", "checkpoint_hub", "cases.json", "golden.safetensors", kTorchvision},
    {"llava_onevision", "checkpoint", "cases_pil12.json", "golden_pil12.safetensors", {}},
    {"qwen2_vl", "checkpoint", "cases.json", "golden.safetensors", kTorchvision},
    {"qwen2_vl", "checkpoint_hub", "cases.json", "golden.safetensors", kTorchvision},
    {"qwen2_5_vl", "checkpoint", "cases.json", "golden.safetensors", kTorchvision},
    {"clip", "checkpoint", "cases.json", "golden.safetensors", kTorchvision},
    {"siglip_vision", "checkpoint", "cases.json", "golden.safetensors", kTorchvision},
};

std::vector<std::string> files_of(const nlohmann::json& golden) {
  for (const char* field : {"frames", "images"}) {
    if (golden.contains(field)) return golden[field].get<std::vector<std::string>>();
  }
  if (golden.contains("image")) return {golden["image"].get<std::string>()};
  return {};
}

bool is_batch(const nlohmann::json& golden) {
  return golden.at("id").get<std::string>().starts_with("batch");
}

// A batch is samples of one image each; a sample's tiles that are missing follow as zeros.
PixelTensor joined(const ImageSet& set, const ProcessorConfig& config,
                   const ImageProtocol& protocol, const std::vector<std::size_t>& shape) {
  PixelTensor batch{shape, {}};
  for (std::size_t i = 0; i < set.pointers.size(); ++i) {
    const auto one = process_images(std::span(set.pointers).subspan(i, 1), config, protocol);
    std::vector<float> values = one.pixel_values.values;
    if (shape.size() == 5) {
      values.resize(values.size() / one.pixel_values.shape[1] * shape[1]);
    }
    batch.values.insert(batch.values.end(), values.begin(), values.end());
  }
  return batch;
}

int tokens_of(const ProcessedImages& processed) {
  int sum = 0;
  for (const ImageLayout& image : processed.images) sum += image.num_tokens;
  return sum;
}

void expect_sample(const ProcessedImages& got, const nlohmann::json& golden,
                   const StoredTensor& want) {
  testing::expect_bits(got.pixel_values, want);
  expect_layout(got.images, golden);
  for (const char* field : {"num_image_tokens", "num_video_tokens"}) {
    if (golden.contains(field)) {
      EXPECT_EQ(tokens_of(got), golden[field]);
    }
  }
  if (golden.contains("video_grid_thw")) {
    EXPECT_EQ(got.images.at(0).grid_thw, (golden["video_grid_thw"][0].get<std::array<int, 3>>()));
  }
}

TEST(ProcessImages, HasTheFamiliesPixelValuesFromTheirCheckpointFiles) {
  SIGHTLINE_NEED_SHARED("goldens/models/paligemma2/cases.json");
  const std::filesystem::path root = shared_path("goldens/models");
  std::map<std::string, int> compared;
  for (const Family& family : kFamilies) {
    SCOPED_TRACE(fmt::format("{} {} {}", family.folder, family.checkpoint, family.cases));
    const std::filesystem::path folder = root / family.folder;
    const CheckpointProcessors processors = read_processors(folder / family.checkpoint);
    const auto tensors = read_safetensors(folder / family.tensors);
    const nlohmann::json goldens = read_json(folder / family.cases);
    for (const nlohmann::json& golden : goldens.at("cases")) {
      const std::string id = golden.at("id");
      SCOPED_TRACE(id);
      const bool video = golden.contains("frames");
      std::string name = id + (video ? "/pixel_values_videos" : "/pixel_values");
      if (!tensors.contains(name) && (id == "zeroshot" || id == "vision")) name = "pixel_values";
      if (!tensors.contains(name)) continue;
      const StoredTensor& want = tensors.at(name);
      const ImageSet set(read_images(root, files_of(golden)));
      if (is_batch(golden)) {
        testing::expect_bits(joined(set, processors.image, family.protocol, want.shape), want);
      } else if (video) {
        expect_sample(process_video(set.pointers, processors.video.value(), family.protocol),
                      golden, want);
      } else {
        expect_sample(process_images(set.pointers, processors.image, family.protocol), golden,
                      want);
      }
      ++compared[family.folder];
    }
  }
  const std::map<std::string, int> want = {
      {"clip", 1},       {"llava_onevision", 22}, {"paligemma1", 17},  {"paligemma2", 17},
      {"qwen2_5_vl", 7}, {"qwen2_vl", 14},        {"siglip_vision", 1}};
  EXPECT_EQ(compared, want);
}

TEST(ProcessImages, HasMiniMindsPixelValues) {
  SIGHTLINE_NEED_SHARED("goldens/models/minimind_v/head_dense/golden.safetensors");
  for (const std::string name :
       {"head_dense", "head_moe", "head_moe_top2", "legacy_dense", "legacy_moe"}) {
    const std::filesystem::path folder = shared_path("goldens/models/minimind_v") / name;
    const auto tensors = read_safetensors(folder / "golden.safetensors");
    for (int i = 0; i < 4; ++i) {
      SCOPED_TRACE(fmt::format("{} image {}", name, i));
      const ImageSet set({read_image(folder / "images" / fmt::format("img{}.png", i))});
      for (const ImageBackend backend : {ImageBackend::kPil, ImageBackend::kTorchvision}) {
        const StoredTensor& want =
            tensors.at(fmt::format("image{}.pixel_values_{}", i, name_of(backend)));
        const int side = static_cast<int>(want.shape.at(1));
        const ProcessorConfig config =
            name.starts_with("head") ? minimind_v_config(side) : minimind_v_legacy_config(side);
        ProcessedImages got = process_images(set.pointers, config, {backend, PassOrder::kPillow13});
        got.pixel_values.shape.erase(got.pixel_values.shape.begin());
        testing::expect_bits(got.pixel_values, want);
      }
    }
  }
}

ProcessorConfig config_named(ProcessorKind kind) {
  ProcessorConfig config = default_processor_config(kind);
  if (kind == ProcessorKind::kLlavaOnevision) config.tokens_per_tile = 729;
  return config;
}

constexpr ProcessorKind kKinds[] = {ProcessorKind::kSiglip, ProcessorKind::kClip,
                                    ProcessorKind::kLlavaOnevision, ProcessorKind::kQwen2Vl};

TEST(ProcessImages, TakesAnImageOfOnePixel) {
  Image pixel = black_image(1, 1);
  pixel.pixels = {200, 100, 50};
  const ImageSet set({pixel});
  const std::vector<std::size_t> shapes[] = {
      {1, 3, 224, 224}, {1, 3, 224, 224}, {1, 2, 3, 384, 384}, {16, 1176}};
  for (std::size_t i = 0; i < 4; ++i) {
    for (const ImageProtocol& protocol : {ImageProtocol{}, kTorchvision}) {
      const ProcessorConfig config = config_named(kKinds[i]);
      const ProcessedImages result = process_images(set.pointers, config, protocol);
      EXPECT_EQ(result.pixel_values.shape, shapes[i]);
      // Every resize of one pixel is flat: three values in all.
      EXPECT_EQ(
          std::set<float>(result.pixel_values.values.begin(), result.pixel_values.values.end())
              .size(),
          3U);
    }
  }
}

TEST(ProcessImages, TakesAnImageLikeAThreadOrSaysWhyNot) {
  const ImageSet set({noise_image(20'000, 20, 1)});
  const auto process = [&](ProcessorKind kind) {
    return process_images(set.pointers, config_named(kind));
  };
  EXPECT_EQ(process(ProcessorKind::kSiglip).pixel_values.shape,
            (std::vector<std::size_t>{1, 3, 224, 224}));
  EXPECT_EQ(process(ProcessorKind::kClip).pixel_values.shape,
            (std::vector<std::size_t>{1, 3, 224, 224}));
  const ProcessedImages tiles = process(ProcessorKind::kLlavaOnevision);
  EXPECT_EQ(tiles.pixel_values.shape, (std::vector<std::size_t>{1, 7, 3, 384, 384}));
  // Six tiles beside each other make a map of 27 rows, of which padding fills all but one.
  EXPECT_EQ(tiles.images.at(0).num_tokens, 729 + 6 * 27 + 1);
  EXPECT_THAT(error_of([&] { process(ProcessorKind::kQwen2Vl); }),
              AllOf(HasSubstr("20000 x 20"), HasSubstr("200 times")));
}

TEST(ProcessImages, RefusesWhatWouldFillTheMemory) {
  const ImageSet set({noise_image(60'000, 2, 1)});
  EXPECT_THAT(error_of([&] { process_images(set.pointers, config_named(ProcessorKind::kClip)); }),
              AllOf(HasSubstr("60000 x 2"), HasSubstr("too long")));
  const ImageSet two({noise_image(60'000, 2, 1), noise_image(9, 9, 1)});
  EXPECT_THAT(
      error_of([&] { process_images(two.pointers, config_named(ProcessorKind::kLlavaOnevision)); }),
      AllOf(HasSubstr("60000 x 2"), HasSubstr("60000 x 60000")));
}

TEST(ProcessImages, RefusesNoImagesAndImagesWithoutPixels) {
  const ImageSet empty({Image{}});
  const std::vector<const Image*> null = {nullptr};
  for (const ProcessorKind kind : kKinds) {
    EXPECT_THROW(process_images({}, config_named(kind)), Error);
    EXPECT_THROW(process_images(empty.pointers, config_named(kind)), Error);
    EXPECT_THROW(process_images(null, config_named(kind)), Error);
    EXPECT_THROW(process_video({}, config_named(kind)), Error);
  }
}

TEST(ProcessImages, RefusesImagesWhoseTensorsCannotBeJoined) {
  const ImageSet set({noise_image(20, 30, 1), noise_image(30, 20, 1)});
  ProcessorConfig config = config_named(ProcessorKind::kSiglip);
  EXPECT_EQ(process_images(set.pointers, config).pixel_values.shape[0], 2U);
  config.do_resize = false;
  EXPECT_THAT(error_of([&] { process_images(set.pointers, config); }),
              AllOf(HasSubstr("30 x 20"), HasSubstr("20 x 30")));
}

TEST(ProcessImages, RefusesVideosOfMixedSizesAndOfFamiliesWithoutVideo) {
  const ImageSet mixed({noise_image(56, 56, 1), noise_image(56, 57, 1)});
  EXPECT_THROW(process_video(mixed.pointers, config_named(ProcessorKind::kQwen2Vl)), Error);
  const ImageSet good({noise_image(56, 56, 1), noise_image(56, 56, 2)});
  EXPECT_THROW(process_video(good.pointers, config_named(ProcessorKind::kSiglip)), Error);
}

TEST(ProcessImages, RefusesAFilterThatTorchvisionLacks) {
  const ImageSet set({noise_image(20, 30, 1)});
  ProcessorConfig config = config_named(ProcessorKind::kSiglip);
  config.resample = ResizeFilter::kLanczos;
  EXPECT_EQ(process_images(set.pointers, config).images.size(), 1U);
  EXPECT_THAT(error_of([&] { process_images(set.pointers, config, kTorchvision); }),
              HasSubstr("image_backend=pil"));
}

TEST(ProcessImages, SizesThatAreNoMultiplesOfAPatchAreRefusedWithoutResizing) {
  const ImageSet set({noise_image(56, 57, 1)});
  ProcessorConfig config = config_named(ProcessorKind::kQwen2Vl);
  config.do_resize = false;
  EXPECT_THAT(error_of([&] { process_images(set.pointers, config); }), HasSubstr("28"));
}

TEST(ProcessVideo, RepeatsTheLastFrameOfAnOddNumber) {
  const ImageSet three({noise_image(56, 84, 1), noise_image(56, 84, 2), noise_image(56, 84, 3)});
  const ImageSet four({three.images[0], three.images[1], three.images[2], three.images[2]});
  const ProcessorConfig config = config_named(ProcessorKind::kQwen2Vl);
  const ProcessedImages odd = process_video(three.pointers, config);
  EXPECT_EQ(odd.images.at(0).grid_thw, (std::array{2, 6, 4}));
  EXPECT_EQ(odd.images.at(0).num_tokens, 12);
  EXPECT_EQ(odd.pixel_values, process_video(four.pointers, config).pixel_values);
}

TEST(ProcessVideo, AnImageIsAVideoOfTwoEqualFrames) {
  const ImageSet twice({noise_image(70, 90, 5), noise_image(70, 90, 5)});
  const ProcessorConfig config = config_named(ProcessorKind::kQwen2Vl);
  EXPECT_EQ(process_video(twice.pointers, config).pixel_values,
            process_images(std::span(twice.pointers).first(1), config).pixel_values);
}

}  // namespace
}  // namespace sightline
