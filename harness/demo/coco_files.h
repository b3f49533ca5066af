#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "harness/demo/referring.h"
#include "harness/demo/scene.h"

namespace sightline::demo {

/// "COCO_val2014_000000001234.jpg"; `prefix` as in COCO ("COCO_val2014_", or "" for 2017).
std::string coco_file_name(const std::string& prefix, std::int64_t id);

/// instances_*.json: every object with its polygon, area and box; a cluster of dots is one crowd
/// with a run-length mask. Annotation ids count from 1 in the order of scenes and objects.
nlohmann::ordered_json instances_file(std::span<const Scene> scenes, const std::string& prefix);

/// captions_*.json: five captions an image.
nlohmann::ordered_json captions_file(std::span<const Scene> scenes, std::uint64_t seed);

/// What refs(...).p holds: objects of every scene by expressions; the splits go by scene, in turn.
/// "testA" has only round things and symbols, "testB" only angular ones.
nlohmann::ordered_json refs_file(std::span<const Scene> scenes, Wording wording,
                                 const std::vector<std::string>& splits, std::uint64_t seed);

/// One line of docci_descriptions.jsonlines.
struct DocciExample {
  std::string id, split, image_file;
  const Scene* scene = nullptr;
};
/// Splits in turn; one image of eight is a PNG, the others JPEGs.
std::vector<DocciExample> docci_examples(std::span<const Scene> scenes);
std::string docci_file(const std::vector<DocciExample>& examples, std::uint64_t seed);

/// A mask of `height` x `width`, run by run down the columns, starting with zeros, as COCO's
/// uncompressed RLE has it.
std::vector<int> run_lengths(const std::vector<bool>& by_column);

}  // namespace sightline::demo
