#include "models/processors/read_processors.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "models/processors/config_fields.h"

namespace sightline {
namespace {

using nlohmann::json;

constexpr int kLargestSide = 1 << 16;
constexpr long kMostPixels = 1'000'000'000;

constexpr std::array<std::pair<std::string_view, ProcessorKind>, 8> kTypes{{
    {"SiglipImageProcessor", ProcessorKind::kSiglip},
    {"CLIPImageProcessor", ProcessorKind::kClip},
    {"CLIPFeatureExtractor", ProcessorKind::kClip},
    {"LlavaOnevisionImageProcessor", ProcessorKind::kLlavaOnevision},
    {"LlavaOnevisionVideoProcessor", ProcessorKind::kLlavaOnevision},
    {"Qwen2VLImageProcessor", ProcessorKind::kQwen2Vl},
    {"Qwen2_5_VLImageProcessor", ProcessorKind::kQwen2Vl},
    {"Qwen2VLVideoProcessor", ProcessorKind::kQwen2Vl},
}};

// The field that names the class; older files have other names for it.
std::string_view type_field(const ConfigFields& fields) {
  for (const std::string_view field : {"video_processor_type", "feature_extractor_type"}) {
    if (fields.find("image_processor_type") == nullptr && fields.find(field) != nullptr) {
      return field;
    }
  }
  return "image_processor_type";
}

ProcessorKind read_kind(const ConfigFields& fields) {
  const std::string_view field = type_field(fields);
  const std::string type = fields.text(field, "");
  std::string_view base = type;
  for (const std::string_view variant : {"Fast", "Pil"}) {
    if (base.ends_with(variant)) base.remove_suffix(variant.size());
  }
  std::vector<std::string> known;
  for (const auto& [name, kind] : kTypes) {
    if (name == base) return kind;
    known.emplace_back(name);
  }
  fields.fail_field(field, fmt::format("one of {}{}", fmt::join(known, ", "),
                                       did_you_mean(std::string(base), known)));
}

int read_side(const ConfigFields& fields, std::string_view field) {
  if (fields.find(field) == nullptr) fields.fail_field(field, "a number of pixels");
  return static_cast<int>(fields.whole(field, 0, 1, kLargestSide));
}

FrameSize read_sides(const ConfigFields& fields) {
  return {read_side(fields, "width"), read_side(fields, "height")};
}

// {"height", "width"}, {"shortest_edge"}, or a number, which CLIP takes as the shortest edge.
void read_size(const ConfigFields& fields, ProcessorConfig& config) {
  const json* size = fields.find("size");
  if (size == nullptr) return;
  config.size = {};
  config.shortest_edge = 0;
  if (size->is_object()) {
    const ConfigFields sides = fields.object("size");
    if (sides.find("shortest_edge") != nullptr) {
      config.shortest_edge = read_side(sides, "shortest_edge");
    } else {
      config.size = read_sides(sides);
    }
    return;
  }
  const int side = read_side(fields, "size");
  if (config.kind == ProcessorKind::kClip) {
    config.shortest_edge = side;
  } else {
    config.size = {side, side};
  }
}

void read_crop(const ConfigFields& fields, ProcessorConfig& config) {
  config.do_center_crop = fields.flag("do_center_crop", config.do_center_crop);
  const json* crop = fields.find("crop_size");
  if (crop != nullptr) {
    const bool square = crop->is_number();
    const int side = square ? read_side(fields, "crop_size") : 0;
    config.crop_size = square ? FrameSize{side, side} : read_sides(fields.object("crop_size"));
  }
  if (config.do_center_crop && config.crop_size.width == 0) {
    fields.fail_field("crop_size", "a size, since do_center_crop is true");
  }
}

// transformers writes the numbers of Pillow's filters.
ResizeFilter read_filter(const ConfigFields& fields) {
  constexpr std::array kFilters{ResizeFilter::kNearest,  ResizeFilter::kLanczos,
                                ResizeFilter::kBilinear, ResizeFilter::kBicubic,
                                ResizeFilter::kBox,      ResizeFilter::kHamming};
  return kFilters.at(static_cast<std::size_t>(fields.whole("resample", 3, 0, 5)));
}

SampleScaling read_scaling(const ConfigFields& fields, SampleScaling scaling) {
  scaling.do_rescale = fields.flag("do_rescale", scaling.do_rescale);
  scaling.rescale_factor = fields.positive("rescale_factor", scaling.rescale_factor);
  scaling.do_normalize = fields.flag("do_normalize", scaling.do_normalize);
  scaling.mean = fields.by_channel("image_mean", scaling.mean);
  scaling.std = fields.by_channel("image_std", scaling.std);
  for (const double deviation : scaling.std) {
    if (deviation == 0) fields.fail_field("image_std", "no zero, since samples are divided by it");
  }
  return scaling;
}

// A list of [height, width].
std::vector<FrameSize> read_pinpoints(const ConfigFields& fields) {
  std::vector<FrameSize> sizes;
  const json& list = *fields.find("image_grid_pinpoints");
  bool good = list.is_array() && !list.empty();
  for (std::size_t i = 0; good && i < list.size(); ++i) {
    const json& pair = list[i];
    good = pair.is_array() && pair.size() == 2 && pair[0].is_number_integer() &&
           pair[1].is_number_integer();
    for (std::size_t j = 0; good && j < 2; ++j) {
      good = pair[j] >= 1 && pair[j] <= kLargestSide;
    }
    if (good) sizes.push_back({pair[1].get<int>(), pair[0].get<int>()});
  }
  if (!good) fields.fail_field("image_grid_pinpoints", "a list of [height, width] in pixels");
  return sizes;
}

void read_llava(const ConfigFields& fields, bool video, ProcessorConfig& config) {
  read_size(fields, config);
  if (config.size.width == 0 || config.size.width != config.size.height) {
    fields.fail_field("size", "equal height and width: tiles are square");
  }
  if (video) return;
  if (fields.find("image_grid_pinpoints") != nullptr) config.pinpoints = read_pinpoints(fields);
  for (const FrameSize& size : config.pinpoints) {
    if (size.width % config.size.width != 0 || size.height % config.size.width != 0) {
      fields.fail_field(
          "image_grid_pinpoints",
          fmt::format("only multiples of the tile's side of {} pixels", config.size.width));
    }
  }
}

// Bounds of the area stand in min_pixels and max_pixels, or in `size` under the names of edges.
void read_qwen(const ConfigFields& fields, ProcessorConfig& config) {
  if (fields.find("size") != nullptr) {
    const ConfigFields size = fields.object("size");
    config.min_pixels = size.whole("shortest_edge", config.min_pixels, 1, kMostPixels);
    config.max_pixels = size.whole("longest_edge", config.max_pixels, 1, kMostPixels);
  }
  config.min_pixels = fields.whole("min_pixels", config.min_pixels, 1, kMostPixels);
  config.max_pixels = fields.whole("max_pixels", config.max_pixels, 1, kMostPixels);
  if (config.max_pixels < config.min_pixels) {
    fields.fail_field(fields.find("max_pixels") != nullptr ? "max_pixels" : "size",
                      fmt::format("at least {} pixels, the least area", config.min_pixels));
  }
  const auto small = [&](std::string_view field, int fallback, int most) {
    return static_cast<int>(fields.whole(field, fallback, 1, most));
  };
  config.patch_size = small("patch_size", config.patch_size, 1024);
  config.temporal_patch_size = small("temporal_patch_size", config.temporal_patch_size, 64);
  config.merge_size = small("merge_size", config.merge_size, 64);
}

json read_json_file(const std::filesystem::path& path) {
  const std::string text = read_file(path);
  try {
    return json::parse(text);
  } catch (const json::exception& error) {
    fail("{} is no JSON: {}", path.string(), error.what());
  }
}

// The N of "anyres_max_N".
int read_max_tiles(const ConfigFields& fields, int fallback) {
  const std::string text = fields.text("vision_aspect_ratio", "");
  if (text.empty()) return fallback;
  constexpr std::string_view kPrefix = "anyres_max_";
  int tiles = 0;
  if (text.starts_with(kPrefix)) {
    std::from_chars(text.data() + kPrefix.size(), text.data() + text.size(), tiles);
  }
  if (tiles < 1 || tiles > 10'000 || text != fmt::format("{}{}", kPrefix, tiles)) {
    fields.fail_field("vision_aspect_ratio", "anyres_max_N with a whole number N");
  }
  return tiles;
}

void add_llava_tokens(const ConfigFields& fields, ProcessorConfig& config) {
  config.tokens_per_tile =
      static_cast<int>(fields.whole("num_image_tokens", config.tokens_per_tile, 1, 1'000'000));
  config.max_tiles = read_max_tiles(fields, config.max_tiles);
  if (fields.text("vision_feature_select_strategy", "full") != "full") {
    fields.fail_field("vision_feature_select_strategy",
                      "\"full\": LLaVA-OneVision's vision tower has no class token to leave out");
  }
}

// Where transformers looks for a processor: a part of processor_config.json, else a file.
std::optional<ProcessorConfig> find_processor(const std::filesystem::path& folder,
                                              const json& shared, bool video) {
  const std::string shared_name = (folder / "processor_config.json").string();
  const std::string part = video ? "video_processor" : "image_processor";
  if (shared.contains(part)) {
    return parse_processor_config(shared[part], fmt::format("{}: '{}'", shared_name, part), video);
  }
  std::vector<std::string> files{"preprocessor_config.json"};
  if (video) files.insert(files.begin(), "video_preprocessor_config.json");
  for (const std::string& file : files) {
    const std::filesystem::path path = folder / file;
    if (std::filesystem::exists(path)) {
      return parse_processor_config(read_json_file(path), path.string(), video);
    }
  }
  return std::nullopt;
}

}  // namespace

ProcessorConfig parse_processor_config(const json& object, const std::string& name, bool video) {
  const ConfigFields fields(object, name);
  ProcessorConfig config = default_processor_config(read_kind(fields), video);
  config.do_resize = fields.flag("do_resize", true);
  config.resample = read_filter(fields);
  config.scaling = read_scaling(fields, config.scaling);
  config.tokens_per_tile = static_cast<int>(fields.whole("image_seq_length", 0, 0, 1'000'000));
  if (config.kind == ProcessorKind::kQwen2Vl) {
    read_qwen(fields, config);
  } else if (config.kind == ProcessorKind::kLlavaOnevision) {
    read_llava(fields, video, config);
  } else {
    read_size(fields, config);
    read_crop(fields, config);
  }
  return config;
}

CheckpointProcessors read_processors(const std::filesystem::path& folder) {
  const std::filesystem::path shared_path = folder / "processor_config.json";
  const json shared =
      std::filesystem::exists(shared_path) ? read_json_file(shared_path) : json::object();
  const ConfigFields fields(shared, shared_path.string());
  const auto image = find_processor(folder, shared, false);
  require(image.has_value(),
          "{} says nothing of image processing: want preprocessor_config.json, or "
          "processor_config.json with 'image_processor'",
          folder.string());
  CheckpointProcessors processors{*image, std::nullopt};
  if (image->kind == ProcessorKind::kQwen2Vl || image->kind == ProcessorKind::kLlavaOnevision) {
    processors.video = find_processor(folder, shared, true);
  }
  if (image->kind == ProcessorKind::kLlavaOnevision) {
    add_llava_tokens(fields, processors.image);
    if (processors.video) add_llava_tokens(fields, *processors.video);
  }
  return processors;
}

}  // namespace sightline
