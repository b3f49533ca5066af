#include "harness/demo/coco_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <numbers>

#include "harness/base/text.h"
#include "harness/demo/captions.h"

namespace sightline::demo {
namespace {

using Json = nlohmann::ordered_json;

double two_decimals(double value) {
  return std::round(value * 100) / 100;
}

Json info_block() {
  return {{"description", "Sightline demo suite: drawn scenes in COCO's format"},
          {"url", ""},
          {"version", "1.0"},
          {"year", 2026},
          {"contributor", "Sightline"},
          {"date_created", "2026/01/01"}};
}

Json image_entries(std::span<const Scene> scenes, const std::string& prefix) {
  Json images = Json::array();
  for (const Scene& scene : scenes) {
    images.push_back({{"license", 1},
                      {"file_name", coco_file_name(prefix, scene.id)},
                      {"coco_url", ""},
                      {"height", scene.height},
                      {"width", scene.width},
                      {"date_captured", "2026-01-01 00:00:00"},
                      {"flickr_url", ""},
                      {"id", scene.id}});
  }
  return images;
}

Json coco_file(std::span<const Scene> scenes, const std::string& prefix) {
  return {{"info", info_block()},
          {"licenses", Json::array({{{"url", ""}, {"id", 1}, {"name", "Public domain"}}})},
          {"images", image_entries(scenes, prefix)},
          {"annotations", Json::array()}};
}

Json box_entry(const Box& box) {
  return {two_decimals(box.x), two_decimals(box.y), two_decimals(box.w), two_decimals(box.h)};
}

Json object_entry(const Scene& scene, const SceneObject& object, std::int64_t id) {
  Json polygon = Json::array();
  for (const Point& point : object.outline) {
    polygon.push_back(point.x);
    polygon.push_back(point.y);
  }
  return {{"segmentation", Json::array({polygon})},
          {"area", std::round(object.area * 1e4) / 1e4},
          {"iscrowd", 0},
          {"image_id", scene.id},
          {"bbox", box_entry(object.box)},
          {"category_id", info_of(object.shape).category_id},
          {"id", id}};
}

/// Pixels whose centre lies in a dot, column by column.
std::vector<bool> dots_mask(const Scene& scene) {
  std::vector<bool> mask;
  for (int x = 0; x < scene.width; ++x) {
    for (int y = 0; y < scene.height; ++y) {
      mask.push_back(std::ranges::any_of(scene.dots, [&](const SceneObject& dot) {
        const Point centre = dot.centre();
        const double dx = x + 0.5 - centre.x, dy = y + 0.5 - centre.y;
        return (dx * dx + dy * dy) * std::numbers::pi <= dot.area;
      }));
    }
  }
  return mask;
}

Json crowd_entry(const Scene& scene, std::int64_t id) {
  const std::vector<bool> mask = dots_mask(scene);
  int left = scene.width, right = 0, top = scene.height, bottom = 0;
  for (int x = 0; x < scene.width; ++x) {
    for (int y = 0; y < scene.height; ++y) {
      if (!mask[static_cast<std::size_t>(x * scene.height + y)]) continue;
      left = std::min(left, x);
      right = std::max(right, x + 1);
      top = std::min(top, y);
      bottom = std::max(bottom, y + 1);
    }
  }
  return {{"segmentation", {{"counts", run_lengths(mask)}, {"size", {scene.height, scene.width}}}},
          {"area", std::ranges::count(mask, true)},
          {"iscrowd", 1},
          {"image_id", scene.id},
          {"bbox", {left, top, right - left, bottom - top}},
          {"category_id", info_of(Shape::kDot).category_id},
          {"id", id}};
}

/// Whether a split has objects of this shape.
bool split_takes(const std::string& split, Shape shape) {
  const bool angular = info_of(shape).supercategory == "angular";
  return split == "testA" ? !angular : split == "testB" ? angular : true;
}

/// A sentence of a ref: what was written, and the same in lower case without punctuation.
Json sentence_entry(const std::string& expression, bool is_sentence, std::int64_t id) {
  std::string raw = expression;
  if (is_sentence) {
    raw[0] = 'T';  // every long expression starts with "the"
    raw += ".";
  }
  Json tokens = Json::array();
  for (const std::string_view token : split_at_space(expression)) tokens.push_back(token);
  return {{"tokens", tokens}, {"raw", raw}, {"sent_id", id}, {"sent", expression}};
}

}  // namespace

std::string coco_file_name(const std::string& prefix, std::int64_t id) {
  return fmt::format("{}{:012}.jpg", prefix, id);
}

std::vector<int> run_lengths(const std::vector<bool>& by_column) {
  std::vector<int> counts;
  bool value = false;
  int length = 0;
  for (const bool pixel : by_column) {
    if (pixel != value) {
      counts.push_back(length);
      value = pixel;
      length = 0;
    }
    ++length;
  }
  counts.push_back(length);
  return counts;
}

Json instances_file(std::span<const Scene> scenes, const std::string& prefix) {
  Json file = coco_file(scenes, prefix);
  std::int64_t id = 0;
  for (const Scene& scene : scenes) {
    for (const SceneObject& object : scene.objects) {
      file["annotations"].push_back(object_entry(scene, object, ++id));
    }
    if (scene.dots_are_crowd) {
      file["annotations"].push_back(crowd_entry(scene, ++id));
      continue;
    }
    for (const SceneObject& dot : scene.dots) {
      file["annotations"].push_back(object_entry(scene, dot, ++id));
    }
  }
  file["categories"] = Json::array();
  for (const ShapeInfo& info : all_shapes()) {
    file["categories"].push_back(
        {{"supercategory", info.supercategory}, {"id", info.category_id}, {"name", info.name}});
  }
  return file;
}

Json captions_file(std::span<const Scene> scenes, std::uint64_t seed) {
  Json file = coco_file(scenes, "COCO_val2014_");
  std::int64_t id = 0;
  for (const Scene& scene : scenes) {
    const Rng rng(seed, static_cast<std::uint64_t>(scene.id));
    for (const std::string& caption : short_captions(scene, rng)) {
      file["annotations"].push_back({{"image_id", scene.id}, {"id", ++id}, {"caption", caption}});
    }
  }
  return file;
}

Json refs_file(std::span<const Scene> scenes, Wording wording,
               const std::vector<std::string>& splits, std::uint64_t seed) {
  Json refs = Json::array();
  std::int64_t annotation_id = 0, sentence_id = 0;
  for (std::size_t i = 0; i < scenes.size(); ++i) {
    const Scene& scene = scenes[i];
    const std::string& split = splits[i % splits.size()];
    Rng rng(seed, static_cast<std::uint64_t>(scene.id));
    for (std::size_t index = 0; index < scene.objects.size(); ++index) {
      ++annotation_id;
      const std::vector<std::string> expressions = refer_to(scene, index, wording, 3, rng);
      const Shape shape = scene.objects[index].shape;
      if (expressions.empty() || !split_takes(split, shape)) continue;
      Json sentences = Json::array(), ids = Json::array();
      for (const std::string& expression : expressions) {
        ids.push_back(sentence_id);
        sentences.push_back(
            sentence_entry(expression, wording == Wording::kSentence, sentence_id++));
      }
      const std::string stem = fmt::format("COCO_train2014_{:012}_{}.jpg", scene.id, annotation_id);
      refs.push_back({{"sent_ids", ids},
                      {"file_name", stem},
                      {"ann_id", annotation_id},
                      {"ref_id", refs.size()},
                      {"image_id", scene.id},
                      {"split", split},
                      {"sentences", sentences},
                      {"category_id", info_of(shape).category_id}});
    }
    // As `instances_file` counts.
    annotation_id += scene.dots_are_crowd ? 1 : static_cast<std::int64_t>(scene.dots.size());
  }
  return refs;
}

std::vector<DocciExample> docci_examples(std::span<const Scene> scenes) {
  static const std::vector<std::string> kSplits = {"test", "qual_dev", "test",  "qual_test",
                                                   "test", "qual_dev", "train", "qual_test"};
  std::map<std::string, int> counts;
  std::vector<DocciExample> examples;
  for (std::size_t i = 0; i < scenes.size(); ++i) {
    const std::string& split = kSplits[i % kSplits.size()];
    const std::string id = fmt::format("{}_{:05}", split, counts[split]++);
    const std::string extension = i % kSplits.size() == 5 ? ".png" : ".jpg";
    examples.push_back({id, split, id + extension, &scenes[i]});
  }
  return examples;
}

std::string docci_file(const std::vector<DocciExample>& examples, std::uint64_t seed) {
  std::string lines;
  for (const DocciExample& example : examples) {
    const Rng rng(seed, static_cast<std::uint64_t>(example.scene->id));
    const Json line = {{"example_id", example.id},
                       {"split", example.split},
                       {"image_file", example.image_file},
                       {"description", detailed_caption(*example.scene, rng)}};
    lines += line.dump() + "\n";
  }
  return lines;
}

}  // namespace sightline::demo
