#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "models/processors/processor_config.h"

namespace sightline {

/// The configuration of an image processor (`image_processor_type`) or a video processor
/// (`video_processor_type`), from the JSON object that transformers saves. Missing fields and
/// nulls take the defaults of transformers' class. `name` is for errors.
/// Throws `Error` naming file and field: a type that is not known, and values that make no sense.
ProcessorConfig parse_processor_config(const nlohmann::json& object, const std::string& name,
                                       bool video = false);

/// The processors of a checkpoint.
struct CheckpointProcessors {
  ProcessorConfig image;
  std::optional<ProcessorConfig> video;  ///< of families with video
};

/// Reads them from a checkpoint's folder: `image_processor` and `video_processor` of
/// processor_config.json (transformers 5), else preprocessor_config.json and
/// video_preprocessor_config.json. What processor_config.json says of LLaVA-OneVision's tokens
/// (num_image_tokens, vision_aspect_ratio) goes into both. Throws `Error` as above, and when there
/// is none of these files.
CheckpointProcessors read_processors(const std::filesystem::path& folder);

}  // namespace sightline
