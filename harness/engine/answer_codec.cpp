#include "harness/engine/answer_codec.h"

#include <limits>
#include <nlohmann/json.hpp>

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

std::string encode_boxes(const Answer& answer) {
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
  return json{{"boxes", std::move(boxes)}}.dump(-1, ' ', false, json::error_handler_t::replace);
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

std::string encode_reconstruction(const Reconstruction& made) {
  json document = {{"measured", json::object()}};
  for (const auto& [key, value] : made.measured) document["measured"][key] = to_json(value);
  if (made.bits) document["bits"] = *made.bits;
  return document.dump();
}

Answer decode_reconstruction(const json& document) {
  Answer answer;
  for (const auto& [key, value] : document.at("measured").items()) {
    answer.reconstruction.measured[key] = to_double(value);
  }
  if (document.contains("bits"))
    answer.reconstruction.bits = document.at("bits").get<std::int64_t>();
  return answer;
}

}  // namespace

std::string encode_answer(Kind kind, const Answer& answer) {
  switch (kind) {
    case Kind::kText:
      return answer.text;
    case Kind::kDetect:
    case Kind::kGround:
      return encode_boxes(answer);
    case Kind::kReconstruct:
      return encode_reconstruction(answer.reconstruction);
  }
  return {};
}

Answer decode_answer(Kind kind, const std::string& text) {
  if (kind == Kind::kText) return {.text = text, .boxes = {}, .reconstruction = {}};
  if (text.empty()) return {};
  try {
    const json document = json::parse(text);
    return kind == Kind::kReconstruct ? decode_reconstruction(document) : decode_boxes(document);
  } catch (const json::exception& error) {
    fail(
        "the journal holds an answer that cannot be read ({}); the file was changed by something "
        "else",
        error.what());
  }
}

}  // namespace sightline
