#include "harness/engine/answer_codec.h"

#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>

#include "harness/base/base64.h"
#include "harness/base/error.h"

namespace sightline {

namespace {

using nlohmann::json;

json to_json(double value) {
  if (value == std::numeric_limits<double>::infinity()) return "inf";
  return value;
}

double to_double(const json& value) {
  return value == "inf" ? std::numeric_limits<double>::infinity() : value.get<double>();
}

Segmentation to_segmentation(const json& shape) {
  Segmentation made;
  if (shape.is_array()) {
    made.polygons = shape.get<std::vector<std::vector<double>>>();
  } else {
    made.height = shape.at("size").at(0);
    made.width = shape.at("size").at(1);
    made.counts = shape.at("counts");
  }
  return made;
}

json encode_boxes(const Answer& answer) {
  json boxes = json::array();
  for (const PredictedBox& predicted : answer.boxes) {
    const Box& box = predicted.box;
    json item = {{"bbox", {box.x, box.y, box.w, box.h}}};
    if (predicted.category_id != PredictedBox::kNoCategory)
      item["category_id"] = predicted.category_id;
    if (!predicted.label.empty()) item["label"] = predicted.label;
    if (predicted.score) item["score"] = *predicted.score;
    boxes.push_back(std::move(item));
  }
  return boxes;
}

json encode_masks(const Answer& answer) {
  json masks = json::array();
  for (const PredictedMask& predicted : answer.masks) {
    json item = {{"segmentation", to_coco_json(predicted.segmentation)}};
    if (predicted.category_id != PredictedBox::kNoCategory)
      item["category_id"] = predicted.category_id;
    if (predicted.score) item["score"] = *predicted.score;
    masks.push_back(std::move(item));
  }
  return masks;
}

std::string encode_shapes(const Answer& answer) {
  json document = {{"boxes", encode_boxes(answer)}};
  if (!answer.masks.empty()) document["masks"] = encode_masks(answer);
  return document.dump(-1, ' ', false, json::error_handler_t::replace);
}

Answer decode_boxes(const json& document) {
  Answer answer;
  for (const json& item : document.at("boxes")) {
    const json& numbers = item.at("bbox");
    PredictedBox box{.box = {numbers.at(0), numbers.at(1), numbers.at(2), numbers.at(3)},
                     .category_id = item.value("category_id", PredictedBox::kNoCategory),
                     .label = item.value("label", ""),
                     .score = {}};
    if (item.contains("score")) box.score = item.at("score").get<double>();
    answer.boxes.push_back(std::move(box));
  }
  return answer;
}

void decode_masks(const json& document, Answer& answer) {
  if (!document.contains("masks")) return;
  for (const json& item : document.at("masks")) {
    PredictedMask mask{.segmentation = to_segmentation(item.at("segmentation")),
                       .category_id = item.value("category_id", PredictedBox::kNoCategory),
                       .score = {}};
    if (item.contains("score")) mask.score = item.at("score").get<double>();
    answer.masks.push_back(std::move(mask));
  }
}

Answer decode_shapes(const json& document) {
  Answer answer = decode_boxes(document);
  decode_masks(document, answer);
  return answer;
}

std::string encode_floats(const std::vector<float>& values) {
  return to_base64({reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)});
}

std::vector<float> decode_floats(const json& text) {
  const std::optional<std::string> bytes = from_base64(text.get_ref<const std::string&>());
  require(bytes && bytes->size() % sizeof(float) == 0,
          "the journal holds features that cannot be read; the file was changed by something else");
  std::vector<float> values(bytes->size() / sizeof(float));
  std::memcpy(values.data(), bytes->data(), bytes->size());
  return values;
}

std::string encode_reconstruction(const Reconstruction& made) {
  json document = {{"measured", json::object()}};
  for (const auto& [key, value] : made.measured) document["measured"][key] = to_json(value);
  if (made.bits) document["bits"] = *made.bits;
  if (!made.features.empty()) {
    document["features"] = {encode_floats(made.features), encode_floats(made.original_features)};
  }
  return document.dump();
}

Answer decode_reconstruction(const json& document) {
  Answer answer;
  for (const auto& [key, value] : document.at("measured").items()) {
    answer.reconstruction.measured[key] = to_double(value);
  }
  if (document.contains("bits"))
    answer.reconstruction.bits = document.at("bits").get<std::int64_t>();
  if (document.contains("features")) {
    answer.reconstruction.features = decode_floats(document.at("features").at(0));
    answer.reconstruction.original_features = decode_floats(document.at("features").at(1));
  }
  return answer;
}

}  // namespace

nlohmann::ordered_json to_coco_json(const Segmentation& shape) {
  if (!shape.polygons.empty()) return shape.polygons;
  return {{"size", {shape.height, shape.width}}, {"counts", shape.counts}};
}

std::string encode_answer(Kind kind, const Answer& answer) {
  switch (kind) {
    case Kind::kText:
      return answer.text;
    case Kind::kDetect:
    case Kind::kGround:
      return encode_shapes(answer);
    case Kind::kReconstruct:
      return encode_reconstruction(answer.reconstruction);
  }
  return {};
}

Answer decode_answer(Kind kind, const std::string& text) {
  if (kind == Kind::kText) return {.text = text, .boxes = {}, .masks = {}, .reconstruction = {}};
  if (text.empty()) return {};
  try {
    const json document = json::parse(text);
    return kind == Kind::kReconstruct ? decode_reconstruction(document) : decode_shapes(document);
  } catch (const json::exception& error) {
    fail(
        "the journal holds an answer that cannot be read ({}); the file was changed by something "
        "else",
        error.what());
  }
}

}  // namespace sightline
