#include "models/prompts/chatrex_objects.h"

#include <algorithm>
#include <optional>
#include <unordered_set>

#include "harness/base/text.h"
#include "harness/base/unicode.h"
#include "models/prompts/answer_text.h"
#include "models/prompts/scanning.h"

namespace sightline {

namespace {

constexpr std::string_view kGround = "<ground>";
constexpr std::string_view kGroundEnd = "</ground>";
constexpr std::string_view kObjects = "<objects>";
constexpr std::string_view kObjectsEnd = "</objects>";
constexpr std::string_view kBetween = "</ground><objects>";
constexpr std::string_view kTag = "<obj";

/// The value 0..9 of a decimal digit of any script; none for another character. Unicode encodes
/// decimal digits in runs of ten in ascending order (The Unicode Standard, section 4.6).
std::optional<unsigned> digit_value(std::uint32_t code_point) {
  if (!is_decimal_digit(code_point)) return std::nullopt;
  if (code_point < 0x80) return code_point - '0';
  std::uint32_t first = code_point;
  while (is_decimal_digit(first - 1)) --first;
  return (code_point - first) % 10;
}

/// Moves `at` behind the digit there, if there is one; broken UTF-8 is none.
std::optional<unsigned> take_digit(std::string_view text, std::size_t& at) {
  if (at >= text.size()) return std::nullopt;
  const auto lead = static_cast<unsigned char>(text[at]);
  if (lead < 0x80 && !is_digit(text[at])) return std::nullopt;
  const std::size_t length = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (length > 1 && !is_utf8(text.substr(at, length))) return std::nullopt;
  std::size_t position = at;
  const auto value = digit_value(next_code_point(text, position));
  if (value) at = position;
  return value;
}

std::vector<std::string_view> find_tags(std::string_view text) {
  std::vector<std::string_view> tags;
  for (std::size_t at = text.find(kTag); at != std::string_view::npos; at = text.find(kTag, at)) {
    const std::size_t start = at;
    at += kTag.size();
    bool any = false;
    while (take_digit(text, at)) any = true;
    if (any && take(text, at, '>')) tags.push_back(text.substr(start, at - start));
  }
  return tags;
}

/// The number in a tag, at most `limit`.
std::size_t tag_index(std::string_view tag, std::size_t limit) {
  std::size_t at = kTag.size(), index = 0;
  while (const auto digit = take_digit(tag, at)) index = std::min(index * 10 + *digit, limit);
  return index;
}

/// Collects matches under the rules on tags and phrases seen before.
class PhraseCollector {
 public:
  void add(std::string_view phrase, std::string_view objects) {
    const std::vector<std::string_view> tags = find_tags(objects);
    bool any_new = false;
    for (const std::string_view tag : tags) any_new = tags_.insert(tag).second || any_new;
    if (!any_new || !names_.insert(strip_any(phrase)).second) return;
    phrases_.push_back({std::string(strip_any(phrase)), {tags.begin(), tags.end()}});
  }
  std::vector<ChatRexPhrase> take() { return std::move(phrases_); }

 private:
  std::vector<ChatRexPhrase> phrases_;
  std::unordered_set<std::string_view> tags_, names_;
};

void scan_line(std::string_view line, PhraseCollector& collector) {
  for (std::size_t at = line.find(kGround); at != std::string_view::npos;
       at = line.find(kGround, at)) {
    const std::size_t phrase = at + kGround.size();
    const std::size_t between = line.find(kBetween, phrase);
    if (between == std::string_view::npos) return;
    const std::size_t objects = between + kBetween.size();
    const std::size_t end = line.find(kObjectsEnd, objects);
    // Without a close behind the first middle part, no later start on this line can match either.
    if (end == std::string_view::npos) return;
    collector.add(line.substr(phrase, between - phrase), line.substr(objects, end - objects));
    at = end + kObjectsEnd.size();
  }
}

}  // namespace

std::vector<ChatRexPhrase> parse_chatrex_phrases(std::string_view text) {
  PhraseCollector collector;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    scan_line(text.substr(start, end - start), collector);
    start = end + 1;
  }
  return collector.take();
}

std::vector<ChatRexLabel> chatrex_labels(const std::vector<ChatRexPhrase>& phrases,
                                         std::size_t box_count) {
  std::vector<ChatRexLabel> labels;
  for (const ChatRexPhrase& phrase : phrases) {
    for (const std::string& tag : phrase.tags) {
      const std::size_t index = tag_index(tag, box_count);
      if (index < box_count) labels.push_back({phrase.phrase, index});
    }
  }
  return labels;
}

std::string remove_chatrex_grounding(std::string_view text) {
  std::string words;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t tag = std::min(text.find('<', at), text.size());
    words.append(text.substr(at, tag - at));
    at = tag;
    if (take(text, at, kGround) || take(text, at, kGroundEnd) || take(text, at, kObjectsEnd)) {
      continue;
    }
    if (take(text, at, kObjects)) {
      const std::size_t end = text.find(kObjectsEnd, at);
      at = end == std::string_view::npos ? text.size() : end + kObjectsEnd.size();
    } else if (at < text.size()) {
      words += text[at++];
    }
  }
  return std::string(strip_any(words));
}

std::string format_chatrex_phrases(const std::vector<ChatRexPhrase>& phrases) {
  std::string text;
  for (const ChatRexPhrase& phrase : phrases) {
    if (!text.empty()) text += '\n';
    text.append(kGround).append(phrase.phrase).append(kBetween);
    for (const std::string& tag : phrase.tags) text += tag;
    text.append(kObjectsEnd);
  }
  return text;
}

}  // namespace sightline
