#include "results/differences.h"

#include <algorithm>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>

namespace sightline {

namespace {

using nlohmann::json;

constexpr std::size_t kLongest = 120;  // bytes of a value that a message shows
constexpr std::size_t kBefore = 30;    // bytes shown before the place of the difference

bool continues_a_code_point(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

std::string text_of(const json* value) {
  if (value == nullptr) return "(absent)";
  return value->dump(-1, ' ', false, json::error_handler_t::replace);
}

/// At most `kLongest` bytes from `start` on, cut at code points, with marks where text is missing.
std::string window(const std::string& text, std::size_t start) {
  while (start > 0 && start < text.size() && continues_a_code_point(text[start])) --start;
  std::size_t end = std::min(text.size(), start + kLongest);
  while (end < text.size() && continues_a_code_point(text[end])) ++end;
  return (start > 0 ? "…" : "") + text.substr(start, end - start) + (end < text.size() ? "…" : "");
}

FieldDifference difference(const std::string& path, const json* left, const json* right) {
  const std::string a = text_of(left);
  const std::string b = text_of(right);
  if (std::max(a.size(), b.size()) <= kLongest) return {path, a, b};
  const auto at = std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin();
  const auto common = static_cast<std::size_t>(at);
  const std::size_t start = common > kBefore ? common - kBefore : 0;
  return {path, window(a, start), window(b, start)};
}

const json* field(const json& object, const std::string& name) {
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

void collect(const std::string& path, const json* left, const json* right,
             std::vector<FieldDifference>& found) {
  const bool both = left != nullptr && right != nullptr;
  if (both && *left == *right) return;
  if (!both || !left->is_object() || !right->is_object()) {
    found.push_back(difference(path, left, right));
    return;
  }
  std::set<std::string> names;
  for (const auto& item : left->items()) names.insert(item.key());
  for (const auto& item : right->items()) names.insert(item.key());
  for (const std::string& name : names) {
    collect(path.empty() ? name : path + "." + name, field(*left, name), field(*right, name),
            found);
  }
}

}  // namespace

std::vector<FieldDifference> differences(const json& left, const json& right) {
  std::vector<FieldDifference> found;
  collect("", &left, &right, found);
  return found;
}

}  // namespace sightline
