#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>

#include "harness/demo/scene.h"
#include "harness/demo/text_scenes.h"

namespace sightline::demo {

/// v2_OpenEnded_mscoco_*_questions.json and v2_mscoco_*_annotations.json, which go together.
enum class VqaPart { kQuestions, kAnnotations };
/// `subtype` is "val2014" or "train2014".
nlohmann::ordered_json vqa_file(std::span<const Scene> scenes, VqaPart part,
                                const std::string& subtype, std::uint64_t seed);

/// A picture with writing, as its question files know it.
struct TextExample {
  std::string image_id;  ///< 16 hexadecimal digits
  TextScene scene;       ///< without its pixels
  int width = 0, height = 0;
};

/// TextVQA_0.5.1_val.json.
nlohmann::ordered_json textvqa_file(std::span<const TextExample> examples, std::uint64_t seed);

/// TextVQA_Rosetta_OCR_v0.2_val.json: the words of each picture with their boxes as shares of its
/// size. A few are misread, as Rosetta misreads some.
nlohmann::ordered_json ocr_file(std::span<const TextExample> examples, std::uint64_t seed);

}  // namespace sightline::demo
