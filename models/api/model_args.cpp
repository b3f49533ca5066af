#include <charconv>
#include <cmath>

#include "harness/base/error.h"
#include "harness/base/text.h"
#include "models/api/registry.h"

namespace sightline {

namespace {

/// Splits at commas; "\," is a comma inside a piece.
std::vector<std::string> split_at_commas(const std::string& text) {
  std::vector<std::string> pieces(1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size() && text[i + 1] == ',') {
      pieces.back() += ',';
      ++i;
    } else if (text[i] == ',') {
      pieces.emplace_back();
    } else {
      pieces.back() += text[i];
    }
  }
  return pieces;
}

}  // namespace

ModelArgs ModelArgs::parse(const std::string& text) {
  if (!is_utf8(text)) throw UsageError("--model_args is not valid UTF-8");
  std::map<std::string, std::string> values;
  for (const std::string& piece : split_at_commas(text)) {
    if (strip(piece).empty()) continue;
    const std::size_t equals = piece.find('=');
    const std::string key(strip(std::string_view(piece).substr(0, equals)));
    if (equals == std::string::npos || key.empty()) {
      throw UsageError(
          fmt::format("--model_args has '{}', want key=value pairs with commas between them (a "
                      "comma inside a value is written '\\,')",
                      piece));
    }
    if (!values.emplace(key, piece.substr(equals + 1)).second) {
      throw UsageError(fmt::format("--model_args gives '{}' twice", key));
    }
  }
  return ModelArgs(std::move(values));
}

std::string ModelArgs::get(const std::string& key, const std::string& fallback) {
  used_[key] = true;
  const auto found = values_.find(key);
  return found == values_.end() ? fallback : found->second;
}

std::string ModelArgs::need(const std::string& key, const std::string& meaning) {
  std::string value = get(key);
  if (value.empty()) {
    throw UsageError(fmt::format("the model needs --model_args {}=..., which is {}", key, meaning));
  }
  return value;
}

double ModelArgs::get_number(const std::string& key, double fallback) {
  if (!has(key)) {
    used_[key] = true;
    return fallback;
  }
  const std::string text = get(key);
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || error != std::errc() || stop != end || !std::isfinite(value)) {
    throw UsageError(fmt::format("--model_args {}={} is no number", key, text));
  }
  return value;
}

void ModelArgs::check_all_used(const std::string& model) const {
  std::vector<std::string> known;
  for (const auto& [key, used] : used_) known.push_back(key);
  for (const auto& [key, value] : values_) {
    if (used_.count(key) > 0) continue;
    throw UsageError(fmt::format("model {} takes no argument '{}'{} (it takes {})", model, key,
                                 did_you_mean(key, known),
                                 known.empty() ? "none" : fmt::to_string(fmt::join(known, ", "))));
  }
}

}  // namespace sightline
