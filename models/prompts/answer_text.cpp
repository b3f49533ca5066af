#include "models/prompts/answer_text.h"

#include <algorithm>
#include <array>

#include "harness/base/text.h"

namespace sightline {

namespace {

bool is_ascii(char c) {
  return static_cast<unsigned char>(c) < 0x80;
}

/// Bytes of the well-formed UTF-8 sequence at the start of `text`; 0 where it is broken.
std::size_t sequence_length(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  return text.size() >= length && is_utf8(text.substr(0, length)) ? length : 0;
}

bool starts_with_space(std::string_view text) {
  std::size_t position = 0;
  return sequence_length(text) > 0 && is_space(next_code_point(text, position));
}

/// The start of the last code point, at most four bytes back.
std::size_t last_sequence(std::string_view text) {
  std::size_t at = text.size() - 1;
  for (int back = 0; back < 3 && at > 0; ++back) {
    if ((static_cast<unsigned char>(text[at]) & 0xC0) != 0x80) break;
    --at;
  }
  return at;
}

}  // namespace

std::string repair_utf8(std::string_view text) {
  std::string repaired;
  repaired.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = sequence_length(text);
    if (length == 0) append_utf8(repaired, 0xFFFD);
    repaired.append(text.substr(0, length));
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return repaired;
}

std::string_view strip_any(std::string_view text) {
  while (!text.empty() && starts_with_space(text)) {
    text.remove_prefix(is_ascii(text[0]) ? 1 : sequence_length(text));
  }
  while (!text.empty()) {
    const std::size_t last = last_sequence(text);
    const std::string_view tail = text.substr(last);
    if (!starts_with_space(tail) || sequence_length(tail) != tail.size()) break;
    text.remove_suffix(tail.size());
  }
  return text;
}

std::string as_label(std::string_view text) {
  return text.size() > kLongestLabel ? std::string() : std::string(strip_any(text));
}

std::string clean_answer(std::string_view text, std::span<const std::string_view> ends,
                         std::span<const std::string_view> marks) {
  for (const std::string_view end : ends) text = text.substr(0, text.find(end));
  std::string cleaned(text);
  for (const std::string_view mark : marks) {
    std::size_t at = cleaned.find(mark);
    if (at == std::string::npos) continue;
    std::string kept;
    std::size_t from = 0;
    for (; at != std::string::npos; at = cleaned.find(mark, from)) {
      kept.append(cleaned, from, at - from);
      from = at + mark.size();
    }
    cleaned = kept.append(cleaned, from);
  }
  return std::string(strip_any(cleaned));
}

bool is_refusal(std::string_view text) {
  static constexpr std::array<std::string_view, 12> kPhrases{
      "i'm sorry",     "i am sorry", "sorry, ",     "i cannot",  "i can't",  "i'm not able to",
      "i am not able", "i'm unable", "i am unable", "unable to", "as an ai", "i apologize"};
  constexpr std::size_t kOpening = 160;  // a refusal says so at once; later words may quote one
  std::string opening;
  for (std::size_t at = 0; at < std::min(text.size(), kOpening); ++at) {
    const char c = text[at];
    if (text.compare(at, 3, "\xE2\x80\x99") == 0) {
      opening += '\'';
      at += 2;
    } else {
      opening += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    }
  }
  return std::any_of(kPhrases.begin(), kPhrases.end(), [&opening](std::string_view phrase) {
    return opening.find(phrase) != std::string::npos;
  });
}

}  // namespace sightline
