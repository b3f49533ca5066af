#include "models/prompts/paligemma_boxes.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "models/prompts/answer_text.h"
#include "models/prompts/scanning.h"

namespace sightline {

namespace {

constexpr std::string_view kLocation = "<loc";
constexpr int kBins = 1024;
constexpr std::size_t kMaskTokens = 16;

/// "<loc" or "<seg", then exactly `digits` digits and ">"; -1, and `at` stays, for anything else.
int take_token(std::string_view text, std::size_t& at, std::string_view name, std::size_t digits) {
  const std::size_t length = name.size() + digits + 1;
  if (text.size() - at < length || text.compare(at, name.size(), name) != 0) return -1;
  int value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    const char c = text[at + name.size() + i];
    if (!is_digit(c)) return -1;
    value = value * 10 + (c - '0');
  }
  if (text[at + length - 1] != '>') return -1;
  at += length;
  return value;
}

std::string_view take_label(std::string_view text, std::size_t& at) {
  std::size_t end = at;
  while (end < text.size() && text[end] != ';' &&
         !(text[end] == '<' && text.compare(end, kLocation.size(), kLocation) == 0)) {
    ++end;
  }
  const std::string_view label = text.substr(at, end - at);
  at = end;
  return label;
}

/// Up to four location tokens; how many there were, or -1 with one out of range.
int take_locations(std::string_view text, std::size_t& at, std::array<double, 4>& numbers) {
  bool in_range = true;
  for (int count = 0; count < 4; ++count) {
    const int bin = take_token(text, at, kLocation, 4);
    if (bin < 0) return count;
    in_range = in_range && bin < kBins;
    numbers[static_cast<std::size_t>(count)] = bin;
  }
  return in_range ? 4 : -1;
}

std::array<int, kMaskTokens> take_mask(std::string_view text, std::size_t& at, bool& complete) {
  std::array<int, kMaskTokens> codes{};
  std::size_t position = at;
  complete = false;
  for (int& code : codes) {
    code = take_token(text, position, "<seg", 3);
    if (code < 0 || code > 127) return codes;
  }
  complete = true;
  at = position;
  return codes;
}

/// Calls `visit(numbers, mask span or empty, label)` for every readable object.
template <typename Visit>
std::size_t scan_objects(std::string_view text, Visit&& visit) {
  std::size_t unreadable = 0;
  for (std::size_t at = text.find(kLocation); at != std::string_view::npos;
       at = text.find(kLocation, at)) {
    std::array<double, 4> numbers{};
    const int found = take_locations(text, at, numbers);
    if (found != 4) {
      ++unreadable;
      if (found == 0) at += kLocation.size();
      continue;
    }
    bool has_mask = false;
    const auto codes = take_mask(text, at, has_mask);
    visit(numbers, codes, has_mask, take_label(text, at));
  }
  return unreadable;
}

}  // namespace

std::vector<PaliGemmaObject> parse_paligemma_objects(std::string_view text,
                                                     std::size_t& unreadable) {
  std::vector<PaliGemmaObject> objects;
  unreadable = scan_objects(text, [&objects](const auto& numbers, const auto& codes, bool has_mask,
                                             std::string_view label) {
    PaliGemmaObject object{{numbers, as_label(label), {}}, {}};
    if (has_mask) object.mask_codes.assign(codes.begin(), codes.end());
    objects.push_back(std::move(object));
  });
  return objects;
}

RawBoxes parse_paligemma_boxes(std::string_view text) {
  RawBoxes found;
  found.unreadable =
      scan_objects(text, [&found](const auto& numbers, const auto&, bool, std::string_view label) {
        found.boxes.push_back({numbers, as_label(label), {}});
      });
  return found;
}

std::string format_paligemma_objects(const std::vector<PaliGemmaObject>& objects) {
  fmt::memory_buffer text;
  const auto out = std::back_inserter(text);
  for (const PaliGemmaObject& object : objects) {
    if (text.size() > 0) fmt::format_to(out, " ; ");
    for (const double bin : object.box.numbers) {
      fmt::format_to(out, "<loc{:04}>", static_cast<int>(bin));
    }
    for (const int code : object.mask_codes) fmt::format_to(out, "<seg{:03}>", code);
    fmt::format_to(out, " {}", object.box.label);
  }
  return fmt::to_string(text);
}

}  // namespace sightline
