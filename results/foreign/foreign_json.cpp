#include "results/foreign/foreign_json.h"

#include <array>
#include <nlohmann/json.hpp>

#include "harness/base/error.h"

namespace sightline {

namespace {

constexpr std::array<std::string_view, 3> kNoNumbers = {"NaN", "-Infinity", "Infinity"};

/// The place behind a string that begins at `at`.
std::size_t end_of_string(std::string_view text, std::size_t at) {
  for (++at; at < text.size() && text[at] != '"'; ++at) at += text[at] == '\\';
  return at + 1;
}

std::string without_python_numbers(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '"') {
      const std::size_t end = std::min(end_of_string(text, at), text.size());
      plain += text.substr(at, end - at);
      at = end;
      continue;
    }
    std::size_t length = 0;
    for (const std::string_view word : kNoNumbers) {
      if (text.substr(at).starts_with(word)) length = word.size();
    }
    if (length == 0) {
      plain += text[at++];
    } else {
      plain += "null";
      at += length;
    }
  }
  return plain;
}

bool may_have_python_numbers(std::string_view text) {
  return text.find("NaN") != text.npos || text.find("Infinity") != text.npos;
}

}  // namespace

nlohmann::json parse_python_json(std::string_view text, const std::string& where) {
  try {
    if (!may_have_python_numbers(text)) return nlohmann::json::parse(text);
    return nlohmann::json::parse(without_python_numbers(text));
  } catch (const nlohmann::json::exception& error) {
    fail("{}: broken or truncated JSON: {}", where, error.what());
  }
}

}  // namespace sightline
