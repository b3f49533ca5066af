#include "results/plain_text.h"

#include <cstdint>
#include <nlohmann/json.hpp>

#include "harness/base/text.h"

namespace sightline {

using nlohmann::json;

namespace {

constexpr std::uint32_t kReplacement = 0xFFFD;

bool breaks_a_line(std::uint32_t c) {
  return (c >= '\t' && c <= '\r') || c == 0x85 || c == 0x2028 || c == 0x2029;
}

bool is_control(std::uint32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0);
}

/// Bidirectional embeddings, overrides, isolates and marks (Unicode Standard Annex 9, section 2).
bool turns_direction(std::uint32_t c) {
  return c == 0x061C || c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) ||
         (c >= 0x2066 && c <= 0x2069);
}

}  // namespace

json well_formed(const json& value) {
  return json::parse(value.dump(-1, ' ', false, json::error_handler_t::replace));
}

std::string one_line(std::string_view text) {
  const std::string repaired =
      is_utf8(text) ? std::string(text) : well_formed(json(text)).get<std::string>();
  std::string line;
  line.reserve(repaired.size());
  for (std::size_t at = 0; at < repaired.size();) {
    const std::uint32_t c = next_code_point(repaired, at);
    const bool hidden = is_control(c) || turns_direction(c);
    append_utf8(line, breaks_a_line(c) ? ' ' : hidden ? kReplacement : c);
  }
  return line;
}

}  // namespace sightline
