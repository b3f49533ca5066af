#include "models/processors/read_processors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/bad_json.h"
#include "tests/support/errors.h"
#include "tests/support/paths.h"

namespace sightline {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using testing::error_of;
using ::testing::HasSubstr;
using testing::TemporaryFolder;
using testing::write_text;

json type_of(const std::string& type) {
  return {{"image_processor_type", type}};
}

std::string error_for(const json& object) {
  return error_of([&] { parse_processor_config(object, "some.json"); });
}

TEST(ParseProcessorConfig, TakesTransformersDefaults) {
  const std::pair<const char*, ProcessorKind> kTypes[] = {
      {"SiglipImageProcessor", ProcessorKind::kSiglip},
      {"SiglipImageProcessorFast", ProcessorKind::kSiglip},
      {"SiglipImageProcessorPil", ProcessorKind::kSiglip},
      {"CLIPImageProcessor", ProcessorKind::kClip},
      {"LlavaOnevisionImageProcessor", ProcessorKind::kLlavaOnevision},
      {"Qwen2VLImageProcessor", ProcessorKind::kQwen2Vl},
  };
  for (const auto& [name, kind] : kTypes) {
    EXPECT_EQ(parse_processor_config(type_of(name), name), default_processor_config(kind)) << name;
  }
  const json video = {{"video_processor_type", "Qwen2VLVideoProcessor"}};
  EXPECT_EQ(parse_processor_config(video, "video", true),
            default_processor_config(ProcessorKind::kQwen2Vl, true));
}

TEST(ParseProcessorConfig, NullsAreAsGoodAsMissing) {
  json object = type_of("CLIPImageProcessorFast");
  for (const char* field :
       {"size", "crop_size", "do_center_crop", "do_resize", "resample", "do_rescale",
        "rescale_factor", "do_normalize", "image_mean", "image_std", "do_pad"}) {
    object[field] = nullptr;
  }
  EXPECT_EQ(parse_processor_config(object, "nulls"),
            default_processor_config(ProcessorKind::kClip));
}

// As OpenAI's checkpoints of 2022 have it.
TEST(ParseProcessorConfig, TakesCLIPsOldForm) {
  const json object = {{"feature_extractor_type", "CLIPFeatureExtractor"},
                       {"size", 336},
                       {"crop_size", 336},
                       {"do_center_crop", true}};
  ProcessorConfig want = default_processor_config(ProcessorKind::kClip);
  want.shortest_edge = 336;
  want.crop_size = {336, 336};
  EXPECT_EQ(parse_processor_config(object, "old"), want);
}

TEST(ParseProcessorConfig, ReadsEveryField) {
  json object = type_of("SiglipImageProcessor");
  object.update({{"do_resize", false},
                 {"size", {{"height", 10}, {"width", 20}}},
                 {"resample", 1},
                 {"do_center_crop", true},
                 {"crop_size", {{"height", 8}, {"width", 9}}},
                 {"do_rescale", false},
                 {"rescale_factor", 0.25},
                 {"do_normalize", false},
                 {"image_mean", 0.25},
                 {"image_std", {1, 2, 3.5}},
                 {"image_seq_length", 256},
                 {"unknown", "is ignored"}});
  const ProcessorConfig want{.kind = ProcessorKind::kSiglip,
                             .do_resize = false,
                             .size = {20, 10},
                             .resample = ResizeFilter::kLanczos,
                             .do_center_crop = true,
                             .crop_size = {9, 8},
                             .scaling = {.do_rescale = false,
                                         .rescale_factor = 0.25,
                                         .do_normalize = false,
                                         .mean = {0.25, 0.25, 0.25},
                                         .std = {1, 2, 3.5}},
                             .tokens_per_tile = 256};
  EXPECT_EQ(parse_processor_config(object, "full"), want);
}

TEST(ParseProcessorConfig, BoundsOfTheAreaHaveTwoForms) {
  json object = type_of("Qwen2VLImageProcessor");
  object["size"] = {{"shortest_edge", 3136}, {"longest_edge", 15680}};
  EXPECT_EQ(parse_processor_config(object, "edges").max_pixels, 15680);
  object["max_pixels"] = 12'845'056;
  EXPECT_EQ(parse_processor_config(object, "both").max_pixels, 12'845'056);
  EXPECT_EQ(parse_processor_config(object, "both").min_pixels, 3136);
}

struct BadField {
  const char* type;
  const char* field;
  json value;
};

const BadField kBadFields[] = {
    {"SiglipImageProcessor", "size", "224"},
    {"SiglipImageProcessor", "size", 0},
    {"SiglipImageProcessor", "size", 1e9},
    {"SiglipImageProcessor", "size", json::array({224, 224})},
    {"SiglipImageProcessor", "do_resize", 1},
    {"SiglipImageProcessor", "do_normalize", "yes"},
    {"SiglipImageProcessor", "resample", 6},
    {"SiglipImageProcessor", "resample", -1},
    {"SiglipImageProcessor", "resample", 2.5},
    {"SiglipImageProcessor", "resample", "bicubic"},
    {"SiglipImageProcessor", "rescale_factor", 0},
    {"SiglipImageProcessor", "rescale_factor", "1/255"},
    {"SiglipImageProcessor", "image_mean", json::array({0.5, 0.5})},
    {"SiglipImageProcessor", "image_mean", json::array({0.5, 0.5, "x"})},
    {"SiglipImageProcessor", "image_mean", "x"},
    {"SiglipImageProcessor", "image_std", json::array({0.5, 0, 0.5})},
    {"SiglipImageProcessor", "image_seq_length", -1},
    {"CLIPImageProcessor", "crop_size", true},
    {"CLIPImageProcessor", "do_center_crop", json::array()},
    {"LlavaOnevisionImageProcessor", "size", {{"height", 384}, {"width", 400}}},
    {"LlavaOnevisionImageProcessor", "size", {{"shortest_edge", 384}}},
    {"LlavaOnevisionImageProcessor", "image_grid_pinpoints", json::array()},
    {"LlavaOnevisionImageProcessor", "image_grid_pinpoints", "(1x1)"},
    {"LlavaOnevisionImageProcessor", "image_grid_pinpoints", {{384, 384, 384}}},
    {"LlavaOnevisionImageProcessor", "image_grid_pinpoints", {{384, 0}}},
    {"LlavaOnevisionImageProcessor", "image_grid_pinpoints", {{384, -384}}},
    {"LlavaOnevisionImageProcessor", "image_grid_pinpoints", {{384, 400}}},
    {"Qwen2VLImageProcessor", "min_pixels", 0},
    {"Qwen2VLImageProcessor", "min_pixels", 18446744073709551615U},
    {"Qwen2VLImageProcessor", "max_pixels", 3},
    {"Qwen2VLImageProcessor", "size", 224},
    {"Qwen2VLImageProcessor", "patch_size", 0},
    {"Qwen2VLImageProcessor", "merge_size", "2"},
    {"Qwen2VLImageProcessor", "temporal_patch_size", 1000},
};

TEST(ParseProcessorConfig, NamesFileAndFieldOfWhatMakesNoSense) {
  for (const BadField& bad : kBadFields) {
    json object = type_of(bad.type);
    object[bad.field] = bad.value;
    SCOPED_TRACE(object.dump());
    EXPECT_THAT(error_for(object),
                AllOf(HasSubstr("some.json"), HasSubstr(fmt::format("'{}'", bad.field))));
  }
}

TEST(ParseProcessorConfig, NamesTheSideThatIsMissing) {
  json object = type_of("SiglipImageProcessor");
  object["size"] = {{"height", 224}};
  EXPECT_THAT(error_for(object),
              AllOf(HasSubstr("some.json: 'size'"), HasSubstr("'width' is missing")));
}

TEST(ParseProcessorConfig, RefusesUnknownTypes) {
  EXPECT_THAT(error_for(type_of("SigLipImageProcessor")),
              AllOf(HasSubstr("some.json: 'image_processor_type' is \"SigLipImageProcessor\""),
                    HasSubstr("did you mean 'SiglipImageProcessor'")));
  EXPECT_THAT(error_for(json::object()), HasSubstr("'image_processor_type' is missing"));
  EXPECT_THAT(error_for({{"image_processor_type", 5}}), HasSubstr("'image_processor_type' is 5"));
  EXPECT_THAT(error_for({{"video_processor_type", "X"}}), HasSubstr("'video_processor_type'"));
  EXPECT_THAT(error_for(json::array()), AllOf(HasSubstr("some.json"), HasSubstr("JSON object")));
}

TEST(ReadProcessors, TakesThePartOfTheSharedFileFirst) {
  const TemporaryFolder folder;
  json one = type_of("SiglipImageProcessor"), other = one;
  one["size"] = 448;
  write_text(folder / "preprocessor_config.json", other.dump());
  EXPECT_EQ(read_processors(folder.path()).image.size, (FrameSize{224, 224}));
  write_text(folder / "processor_config.json", json{{"image_processor", one}}.dump());
  EXPECT_EQ(read_processors(folder.path()).image.size, (FrameSize{448, 448}));
  EXPECT_FALSE(read_processors(folder.path()).video.has_value());
}

TEST(ReadProcessors, VideoFallsBackOnTheFileOfImages) {
  const TemporaryFolder folder;
  json object = type_of("Qwen2VLImageProcessor");
  object["max_pixels"] = 1'000'000;
  write_text(folder / "preprocessor_config.json", object.dump());
  const CheckpointProcessors processors = read_processors(folder.path());
  EXPECT_EQ(processors.image.min_pixels, 3136);
  EXPECT_EQ(processors.video.value().min_pixels, 128 * 28 * 28);
  EXPECT_EQ(processors.video.value().max_pixels, 1'000'000);
}

std::string llava_error(const TemporaryFolder& folder, const json& shared) {
  write_text(folder / "preprocessor_config.json", type_of("LlavaOnevisionImageProcessor").dump());
  write_text(folder / "processor_config.json", shared.dump());
  return error_of([&] { read_processors(folder.path()); });
}

TEST(ReadProcessors, TakesLlavasTokensFromTheSharedFile) {
  const TemporaryFolder folder;
  EXPECT_EQ(
      llava_error(folder, {{"num_image_tokens", 729}, {"vision_aspect_ratio", "anyres_max_6"}}),
      "no error");
  const CheckpointProcessors processors = read_processors(folder.path());
  for (const ProcessorConfig& config : {processors.image, processors.video.value()}) {
    EXPECT_EQ(config.tokens_per_tile, 729);
    EXPECT_EQ(config.max_tiles, 6);
  }
}

TEST(ReadProcessors, RefusesOtherFormsOfLlavasTokens) {
  const TemporaryFolder folder;
  const std::pair<const char*, json> kBad[] = {
      {"num_image_tokens", 0},
      {"vision_aspect_ratio", "pad"},
      {"vision_aspect_ratio", "anyres_max_"},
      {"vision_aspect_ratio", "anyres_max_0"},
      {"vision_aspect_ratio", "anyres_max_9x"},
      {"vision_aspect_ratio", 9},
      {"vision_feature_select_strategy", "default"},
  };
  for (const auto& [field, value] : kBad) {
    EXPECT_THAT(llava_error(folder, {{field, value}}),
                AllOf(HasSubstr("processor_config.json"), HasSubstr(fmt::format("'{}'", field))));
  }
}

TEST(ReadProcessors, RefusesWhatIsNoCheckpointAndFilesThatAreDamaged) {
  const TemporaryFolder folder;
  const auto error = [&] { return error_of([&] { read_processors(folder.path()); }); };
  EXPECT_THAT(error(), HasSubstr("preprocessor_config.json"));
  for (const std::string text : {"", "{", "[]", "\"x\"", "{\"a\": NaN}", "\xFF\xFE{}", "null"}) {
    write_text(folder / "preprocessor_config.json", text);
    EXPECT_THAT(error(), HasSubstr("preprocessor_config.json")) << text;
  }
}

}  // namespace
}  // namespace sightline
