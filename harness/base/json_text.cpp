#include "harness/base/json_text.h"

#include <fmt/format.h>

#include <cmath>
#include <iterator>

#include "harness/base/text.h"

namespace sightline {

namespace {

bool is_plain(char c) {
  return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\';
}

void append_escaped(std::string& json, char c) {
  switch (c) {
    case '"':
      json += "\\\"";
      return;
    case '\\':
      json += "\\\\";
      return;
    case '\n':
      json += "\\n";
      return;
    case '\t':
      json += "\\t";
      return;
    case '\r':
      json += "\\r";
      return;
    default:
      fmt::format_to(std::back_inserter(json), "\\u{:04x}", static_cast<unsigned>(c));
  }
}

/// `text` with every byte that is no part of well-formed UTF-8 replaced.
std::string repaired(std::string_view text) {
  std::string good;
  while (!text.empty()) {
    std::size_t length = 1;
    while (length < 4 && length < text.size() && !is_utf8(text.substr(0, length))) ++length;
    if (is_utf8(text.substr(0, length))) {
      good += text.substr(0, length);
      text.remove_prefix(length);
    } else {
      good += "\xEF\xBF\xBD";
      text.remove_prefix(1);
    }
  }
  return good;
}

}  // namespace

void append_json_string(std::string& json, std::string_view text) {
  if (!is_utf8(text)) return append_json_string(json, repaired(text));
  json += '"';
  while (!text.empty()) {
    std::size_t plain = 0;
    while (plain < text.size() && is_plain(text[plain])) ++plain;
    json.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    append_escaped(json, text[0]);
    text.remove_prefix(1);
  }
  json += '"';
}

void append_json_number(std::string& json, double value) {
  if (std::isnan(value)) {
    json += "null";
  } else if (std::isinf(value)) {
    json += value > 0 ? "\"inf\"" : "\"-inf\"";
  } else if (value == 0) {
    json += std::signbit(value) ? "-0.0" : "0";  // "-0" would be read as the integer 0
  } else {
    fmt::format_to(std::back_inserter(json), "{}", value);
  }
}

}  // namespace sightline
