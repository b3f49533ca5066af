#include "models/tokenizers/model_json.h"

#include <simdjson.h>

#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "harness/base/file.h"

namespace sightline {

namespace od = simdjson::ondemand;

namespace {

constexpr std::string_view kMerges = "model.merges";

}  // namespace

struct TokenizerJson::Reader {
  Reader(TokenizerJson& target, const std::filesystem::path& path) : out(target), file(path) {}

  void read();
  void read_model(od::object model);
  void read_vocabulary(od::value value);
  void read_merges(od::value value);
  std::pair<std::string_view, std::string_view> read_merge(od::value value);
  std::pair<std::string_view, std::string_view> read_merge_pair(od::value value);
  nlohmann::json small(od::value value, std::string_view field);

  /// The value of a result; throws about `field` when simdjson failed.
  template <typename T>
  T need(simdjson::simdjson_result<T> result, std::string_view field, std::string_view wanted) {
    T value;
    const simdjson::error_code error = std::move(result).get(value);
    if (error == simdjson::SUCCESS) return value;
    if (error == simdjson::INCORRECT_TYPE || error == simdjson::NUMBER_ERROR) {
      fail("{}: {} is not {}", out.name_, field, wanted);
    }
    if (error == simdjson::STRING_ERROR) {
      fail("{}: {} has a string with a broken escape (half of a surrogate pair?)", out.name_,
           field);
    }
    if (error == simdjson::UTF8_ERROR) fail("{}: the file is not valid UTF-8", out.name_);
    fail("{}: broken or truncated JSON at {} ({})", out.name_, field,
         simdjson::error_message(error));
  }

  TokenizerJson& out;
  MappedFile file;
  od::parser parser;
};

void TokenizerJson::Reader::read() {
  const std::string_view bytes = file.bytes();
  require(!bytes.empty(), "{} is empty, want a tokenizer in JSON", out.name_);
  od::document document;
  const simdjson::error_code error =
      parser.iterate(bytes.data(), bytes.size(), bytes.size() + MappedFile::kPadding).get(document);
  require(error != simdjson::UTF8_ERROR, "{}: the file is not valid UTF-8", out.name_);
  require(error == simdjson::SUCCESS, "{}: broken or truncated JSON ({})", out.name_,
          simdjson::error_message(error));
  constexpr std::string_view kTop = "the top level";
  for (auto result : need(document.get_object(), kTop, "an object")) {
    od::field field = need(std::move(result), kTop, "an object");
    const std::string name(need(field.unescaped_key(), kTop, "an object"));
    if (name == "model") {
      read_model(need(field.value().get_object(), "model", "an object"));
    } else {
      (*out.rest_)[name] = small(field.value(), name);
    }
  }
  const char* rest = nullptr;
  require(document.current_location().get(rest) != simdjson::SUCCESS,
          "{}: there is something behind the JSON object", out.name_);
}

void TokenizerJson::Reader::read_model(od::object model) {
  nlohmann::json& rest = (*out.rest_)["model"] = nlohmann::json::object();
  for (auto result : model) {
    od::field field = need(std::move(result), "model", "an object");
    const std::string name(need(field.unescaped_key(), "model", "an object"));
    if (name == "vocab") {
      read_vocabulary(field.value());
    } else if (name == "merges") {
      read_merges(field.value());
    } else {
      rest[name] = small(field.value(), "model." + name);
    }
  }
}

void TokenizerJson::Reader::read_vocabulary(od::value value) {
  constexpr std::string_view kName = "model.vocab";
  out.has_vocabulary_ = true;
  od::json_type type = need(value.type(), kName, "an object");
  // Unigram has an array here; the model's type, which may stand behind it, tells that better.
  if (type == od::json_type::array) return;
  for (auto result : need(value.get_object(), kName, "an object of tokens and ids")) {
    od::field field = need(std::move(result), kName, "an object");
    const std::string_view token = need(field.unescaped_key(), kName, "an object");
    out.vocabulary_.emplace_back(
        token, need(field.value().get_int64(), kName, "an object of tokens and integer ids"));
  }
}

std::pair<std::string_view, std::string_view> TokenizerJson::Reader::read_merge_pair(
    od::value value) {
  std::pair<std::string_view, std::string_view> merge;
  std::size_t parts = 0;
  for (auto part : need(value.get_array(), kMerges, "an array")) {
    const std::string_view token = need(part.get_string(), kMerges, "an array of pairs of strings");
    if (parts++ == 0) merge.first = token;
    merge.second = token;
  }
  require(parts == 2, "{}: {}[{}] has {} parts, want 2", out.name_, kMerges, out.merges_.size(),
          parts);
  return merge;
}

std::pair<std::string_view, std::string_view> TokenizerJson::Reader::read_merge(od::value value) {
  if (need(value.type(), kMerges, "an array of merges") == od::json_type::array) {
    return read_merge_pair(value);
  }
  const std::string_view text =
      need(value.get_string(), kMerges, "an array of strings or of pairs of strings");
  const std::size_t space = text.find(' ');
  require(space != std::string_view::npos && text.find(' ', space + 1) == std::string_view::npos,
          "{}: {}[{}] is '{}', want two tokens with one space between them", out.name_, kMerges,
          out.merges_.size(), text);
  return {text.substr(0, space), text.substr(space + 1)};
}

void TokenizerJson::Reader::read_merges(od::value value) {
  out.has_merges_ = true;
  for (auto result : need(value.get_array(), kMerges, "an array")) {
    out.merges_.push_back(read_merge(need(std::move(result), kMerges, "an array")));
  }
}

nlohmann::json TokenizerJson::Reader::small(od::value value, std::string_view field) {
  const std::string_view text = need(simdjson::to_json_string(value), field, "JSON");
  nlohmann::json parsed = nlohmann::json::parse(text, nullptr, false);
  require(!parsed.is_discarded(), "{}: {} is broken JSON", out.name_, field);
  return parsed;
}

TokenizerJson::TokenizerJson(const std::filesystem::path& path)
    : name_(path.string()),
      reader_(std::make_unique<Reader>(*this, path)),
      rest_(std::make_unique<nlohmann::json>(nlohmann::json::object())) {
  reader_->read();
}

TokenizerJson::~TokenizerJson() = default;

}  // namespace sightline
