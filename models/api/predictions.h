#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <unordered_map>
#include <vector>

#include "models/api/response.h"

namespace sightline {

/// How a task's official predictions file looks.
struct PredictionFormat {
  enum class Shape {
    kTexts,       ///< [{id_field, text_field}], one a sample
    kDetections,  ///< [{"image_id", "category_id", "bbox": [x, y, w, h], "score"}], many a sample
    kGroundings,  ///< [{"ref_id", "sent_id", "bbox": [x, y, w, h]}], either id or both
    kMasks,       ///< [{"image_id", "category_id", "segmentation", "score"}], many a sample
    kGroundedMasks,   ///< [{"ref_id", "sent_id", "segmentation"}], either id or both
    kReconstructions  ///< a folder of images named as the originals, and bits.json {name: bits}
  };
  Shape shape = Shape::kTexts;
  std::string id_field = "id";
  std::string text_field = "answer";

  /// Whether answers are masks, which not every model of boxes can give.
  bool has_masks() const { return shape == Shape::kMasks || shape == Shape::kGroundedMasks; }
  /// Whether an image without a row is one in which nothing was detected.
  bool may_be_absent() const { return shape == Shape::kDetections || shape == Shape::kMasks; }
};

/// Predictions by sample id, in file order. Ids are strings; a JSON integer is its digits.
/// For kGroundings and kGroundedMasks the key is the sent_id; a row with only a ref_id has the key
/// "ref:<ref_id>". For kReconstructions the key is the file name without its extension, and images
/// stay on disk.
struct Predictions {
  std::vector<std::string> ids;
  std::vector<Answer> answers;               ///< one an id
  std::vector<std::filesystem::path> files;  ///< kReconstructions: one an id
  std::unordered_map<std::string, std::size_t> index;
  std::string sha256;  ///< kReconstructions: of the folder's names and sizes; else empty

  const Answer* find(const std::string& id) const {
    const auto found = index.find(id);
    return found == index.end() ? nullptr : &answers[found->second];
  }
};

/// Reads an official result file (a JSON array, or JSON lines with the same fields), or a folder
/// for kReconstructions. Throws `Error` naming file, record and field: truncated JSON, wrong type,
/// missing field, a second text for one id, a box with NaN or negative size, run lengths or
/// polygons that are no mask, text that is not UTF-8.
Predictions read_predictions(const std::filesystem::path& path, const PredictionFormat& format);

}  // namespace sightline
