#include "models/adapters/process_protocol.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "harness/base/base64.h"
#include "harness/base/error.h"
#include "harness/base/text.h"
#include "harness/media/decode.h"

namespace sightline {

using nlohmann::json;

namespace {

constexpr int kProtocol = 1;

/// Why an answer cannot be read; caught where the answer becomes a response.
struct BadAnswer {
  std::string reason;
};

template <typename... Args>
[[noreturn]] void refuse(fmt::format_string<Args...> format, Args&&... args) {
  throw BadAnswer{fmt::format(format, std::forward<Args>(args)...)};
}

/// A value as the program wrote it, shortened for messages. Nested values are only counted: writing
/// them out would need a stack as deep as they are.
std::string excerpt(const json& value) {
  constexpr std::size_t kLongest = 80;
  if (value.is_object()) return fmt::format("an object of {} fields", value.size());
  if (value.is_array()) {
    std::vector<std::string> items;
    for (const json& item : value) {
      if (item.is_structured() || items.size() == 8) {
        return fmt::format("a list of {}", value.size());
      }
      items.push_back(excerpt(item));
    }
    return fmt::format("[{}]", fmt::join(items, ", "));
  }
  const std::string text = value.is_string() ? '"' + value.get<std::string>() + '"' : value.dump();
  return text.size() > kLongest ? text.substr(0, kLongest) + "..." : text;
}

std::string text_field(const json& hello, const char* field) {
  const auto found = hello.find(field);
  if (found == hello.end() || found->is_null()) return {};
  require(found->is_string(), "its field '{}' is {}, want a text", field, excerpt(*found));
  return found->get<std::string>();
}

std::vector<Kind> read_kinds(const json& hello) {
  const auto found = hello.find("kinds");
  require(found != hello.end() && found->is_array() && !found->empty(),
          "its field 'kinds' is {}, want a list of \"text\", "
          "\"detect\", \"ground\", "
          "\"reconstruct\"",
          found == hello.end() ? "missing" : excerpt(*found));
  std::vector<Kind> kinds;
  for (const json& kind : *found) {
    require(kind.is_string(), "its field 'kinds' holds {}, want texts", excerpt(kind));
    kinds.push_back(parse_kind(kind.get<std::string>()));
  }
  return kinds;
}

std::size_t read_max_batch(const json& hello) {
  constexpr std::int64_t kLargest = 65536;
  const auto found = hello.find("max_batch");
  if (found == hello.end()) return 1;
  const bool valid = found->is_number_integer() && *found >= 1 && *found <= kLargest;
  require(valid,
          "its field 'max_batch' is {}, want a whole number from 1 "
          "to {}",
          excerpt(*found), kLargest);
  return found->get<std::size_t>();
}

std::map<std::string, std::string> read_hashes(const json& hello) {
  const auto found = hello.find("weights_sha256");
  if (found == hello.end() || found->is_null()) return {};
  if (found->is_string()) return {{"weights", found->get<std::string>()}};
  std::map<std::string, std::string> hashes;
  const char* wanted =
      "its field 'weights_sha256' is {}, want a text, or an object "
      "of texts";
  require(found->is_object(), fmt::runtime(wanted), excerpt(*found));
  for (const auto& [file, hash] : found->items()) {
    require(hash.is_string(), fmt::runtime(wanted), excerpt(*found));
    hashes[file] = hash.get<std::string>();
  }
  return hashes;
}

/// NaN, Infinity and -Infinity outside of strings become null.
std::string without_nan(const std::string& line) {
  std::string clean;
  bool in_string = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const std::string_view rest = std::string_view(line).substr(i);
    if (line[i] == '"') in_string = !in_string;
    if (in_string && line[i] == '\\' && i + 1 < line.size()) clean += line[i++];
    std::size_t skipped = 0;
    for (const std::string_view word : {"NaN", "Infinity", "-Infinity"}) {
      if (!in_string && rest.substr(0, word.size()) == word) skipped = word.size();
    }
    if (skipped == 0) {
      clean += line[i];
    } else {
      clean += "null";
      i += skipped - 1;
    }
  }
  return clean;
}

double read_coordinate(const json& box, std::size_t index, std::size_t coordinate) {
  const json& value = box[coordinate];
  if (!value.is_number() || !std::isfinite(value.get<double>())) {
    refuse("boxes[{}].xyxy[{}] is {}, want a finite number", index, coordinate, excerpt(value));
  }
  return value.get<double>();
}

Box read_box(const json& entry, std::size_t index) {
  if (!entry.is_object()) refuse("boxes[{}] is {}, want an object", index, excerpt(entry));
  const auto xyxy = entry.find("xyxy");
  if (xyxy == entry.end()) refuse("boxes[{}] has no 'xyxy'", index);
  if (!xyxy->is_array() || xyxy->size() != 4) {
    refuse("boxes[{}].xyxy is {}, want [x1, y1, x2, y2]", index, excerpt(*xyxy));
  }
  const double x1 = read_coordinate(*xyxy, index, 0), y1 = read_coordinate(*xyxy, index, 1);
  const double x2 = read_coordinate(*xyxy, index, 2), y2 = read_coordinate(*xyxy, index, 3);
  if (x2 < x1 || y2 < y1) {
    refuse("boxes[{}].xyxy is {}, want x1 <= x2 and y1 <= y2", index, excerpt(*xyxy));
  }
  return {x1, y1, x2 - x1, y2 - y1};
}

PredictedBox read_predicted_box(const json& entry, std::size_t index, const CategoryNames& names) {
  PredictedBox result{.box = read_box(entry, index), .label = {}, .score = {}};
  if (const auto label = entry.find("label"); label != entry.end() && !label->is_null()) {
    if (!label->is_string()) refuse("boxes[{}].label is {}, want a text", index, excerpt(*label));
    result.label = label->get<std::string>();
    result.category_id = names.find(result.label);
  }
  if (const auto score = entry.find("score"); score != entry.end()) {
    if (!score->is_number() || !std::isfinite(score->get<double>())) {
      refuse("boxes[{}].score is {}, want a finite number or no such field", index,
             excerpt(*score));
    }
    result.score = score->get<double>();
  }
  return result;
}

std::vector<PredictedBox> read_boxes(const json& answer, const CategoryNames& names) {
  const auto boxes = answer.find("boxes");
  if (boxes == answer.end()) refuse("the answer has no 'boxes'");
  if (!boxes->is_array()) refuse("'boxes' is {}, want a list", excerpt(*boxes));
  std::vector<PredictedBox> result;
  result.reserve(boxes->size());
  for (std::size_t i = 0; i < boxes->size(); ++i) {
    result.push_back(read_predicted_box((*boxes)[i], i, names));
  }
  return result;
}

std::string decode_inline_image(const std::string& text) {
  std::optional<std::string> bytes = from_base64(text);
  if (!bytes || bytes->empty()) {
    refuse("'image_png_base64' is no base64: {} characters", text.size());
  }
  return *std::move(bytes);
}

Image read_answer_image(const json& answer) {
  const auto file = answer.find("image");
  const auto inline_image = answer.find("image_png_base64");
  const auto& field = file != answer.end() ? file : inline_image;
  if (field == answer.end()) refuse("the answer has neither 'image' nor 'image_png_base64'");
  if (!field->is_string()) refuse("'{}' is {}, want a text", field.key(), excerpt(*field));
  try {
    if (file != answer.end()) return read_image(file->get<std::string>());
    return decode_image(decode_inline_image(inline_image->get<std::string>()));
  } catch (const Error& error) {
    refuse("'{}' holds no image that can be read: {}", field.key(), error.message());
  }
}

std::optional<std::int64_t> read_bits(const json& answer) {
  const auto bits = answer.find("bits");
  if (bits == answer.end() || bits->is_null()) return std::nullopt;
  constexpr double kLargest = 1e15;
  const double value = bits->is_number() ? bits->get<double>() : -1;
  if (!(value >= 0 && value <= kLargest) || value != std::floor(value)) {
    refuse("'bits' is {}, want a whole number that is not negative", excerpt(*bits));
  }
  return static_cast<std::int64_t>(value);
}

Reconstruction read_reconstruction(const json& answer, const Image& wanted) {
  Reconstruction result;
  auto image = std::make_shared<Image>(read_answer_image(answer));
  if (image->width != wanted.width || image->height != wanted.height) {
    refuse("the image has {} x {} pixels, want {} x {} as the input", image->width, image->height,
           wanted.width, wanted.height);
  }
  result.image = std::move(image);
  result.bits = read_bits(answer);
  return result;
}

std::string read_text(const json& answer) {
  const auto text = answer.find("text");
  if (text == answer.end()) refuse("the answer has no 'text'");
  if (!text->is_string()) refuse("'text' is {}, want a text", excerpt(*text));
  return text->get<std::string>();
}

int read_count(const json& answer, const char* field) {
  const auto found = answer.find(field);
  const bool valid = found != answer.end() && found->is_number_integer() && *found >= 0 &&
                     *found <= std::numeric_limits<int>::max();
  return valid ? found->get<int>() : 0;
}

void fill_response(const json& answer, const Request& request, Kind asked,
                   const CategoryNames& names, Response& response) {
  response.prompt_tokens = read_count(answer, "prompt_tokens");
  response.generated_tokens = read_count(answer, "generated_tokens");
  if (asked == Kind::kText) {
    response.text = read_text(answer);
    return;
  }
  Answer typed;
  if (asked == Kind::kReconstruct) {
    typed.reconstruction = read_reconstruction(answer, *request.images.at(0).pixels);
  } else {
    typed.boxes = read_boxes(answer, names);
  }
  response.answer = std::move(typed);
}

void add_decoding(const Decoding& decoding, json& line) {
  line["max_new_tokens"] = decoding.max_new_tokens;
  line["stop"] = decoding.stop;
  if (decoding.temperature > 0) {
    line["temperature"] = decoding.temperature;
    line["seed"] = decoding.seed;
  }
  if (!decoding.extra.empty()) line["gen_kwargs"] = decoding.extra;
}

json category_names(const Request& request) {
  json names = json::array();
  if (request.categories == nullptr) return names;
  for (const Category& category : *request.categories) names.push_back(category.name);
  return names;
}

std::string absolute_text(const std::filesystem::path& path) {
  return std::filesystem::absolute(path).string();
}

std::string to_line(const json& value) {
  try {
    return value.dump() + "\n";
  } catch (const json::exception&) {
    fail("the request holds a text or a path that is not valid UTF-8, which JSON cannot carry");
  }
}

}  // namespace

std::string write_greeting(std::string_view task, std::string_view precision) {
  return to_line({{"sightline", kProtocol}, {"task", task}, {"precision", precision}});
}

ProcessHello read_hello(const std::string& line) {
  const json hello = json::parse(line, nullptr, false);
  require(hello.is_object(),
          "its first line is no JSON object (what is not an answer must go to "
          "stderr): {}",
          line.substr(0, 200));
  const auto protocol = hello.find("sightline");
  require(protocol != hello.end(), "its first line has no field 'sightline': {}",
          line.substr(0, 200));
  require(*protocol == kProtocol, "it speaks protocol {}, want {}", excerpt(*protocol), kProtocol);
  ProcessHello result;
  result.name = text_field(hello, "name");
  require(!result.name.empty(), "its field 'name' is missing or empty");
  result.kinds = read_kinds(hello);
  result.max_batch = read_max_batch(hello);
  result.revision = text_field(hello, "revision");
  result.hashes = read_hashes(hello);
  result.prompt_style = text_field(hello, "prompt_style");
  result.geometry = text_field(hello, "geometry");
  return result;
}

std::string write_request(const Request& request, Kind asked, const std::string& wire_id,
                          const std::filesystem::path& image) {
  json line = {{"id", wire_id}, {"kind", name_of(asked)}};
  if (asked == Kind::kReconstruct) {
    line["image"] = absolute_text(image);
    return to_line(line);
  }
  json& images = line["images"] = json::array();
  for (const ImageInput& input : request.images) images.push_back(absolute_text(input.path));
  if (asked == Kind::kText) {
    line["prompt"] = request.prompt;
    add_decoding(request.decoding, line);
  } else if (asked == Kind::kDetect) {
    line["categories"] = category_names(request);
  } else {
    line["expression"] = request.text;
  }
  return to_line(line);
}

std::optional<json> read_answer_line(const std::string& line) {
  json value = json::parse(line, nullptr, false);
  if (value.is_discarded()) value = json::parse(without_nan(line), nullptr, false);
  if (!value.is_object()) return std::nullopt;
  return value;
}

CategoryNames::CategoryNames(std::shared_ptr<const std::vector<Category>> categories)
    : categories_(std::move(categories)) {
  if (categories_ == nullptr) return;
  for (const Category& category : *categories_) {
    exact_.emplace(category.name, category.id);
    lower_.emplace(to_lower(category.name), category.id);
  }
}

std::int64_t CategoryNames::find(const std::string& label) const {
  if (const auto found = exact_.find(label); found != exact_.end()) return found->second;
  const auto found = lower_.find(to_lower(label));
  return found == lower_.end() ? PredictedBox::kNoCategory : found->second;
}

Response read_answer(const json& answer, const Request& request, Kind asked,
                     const CategoryNames& names) {
  if (const auto error = answer.find("error"); error != answer.end() && !error->is_null()) {
    const std::string words = error->is_string() ? error->get<std::string>() : excerpt(*error);
    return failed_response(Outcome::kModelError, "the program answered: " + words);
  }
  Response response;
  try {
    fill_response(answer, request, asked, names, response);
  } catch (const BadAnswer& bad) {
    response = failed_response(Outcome::kParseFail, bad.reason);
  }
  return response;
}

}  // namespace sightline
