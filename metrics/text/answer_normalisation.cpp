#include "metrics/text/answer_normalisation.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "harness/base/text.h"
#include "harness/base/unicode.h"
#include "metrics/text/word_replacements.h"

namespace sightline {

namespace {

constexpr std::string_view kPunctuation = ";/[]\"{}()=+\\_-><@`,?!";

using ByteSet = std::array<bool, 256>;

constexpr ByteSet bytes_of(std::string_view bytes) {
  ByteSet set{};
  for (const char c : bytes) set[static_cast<unsigned char>(c)] = true;
  return set;
}

constexpr ByteSet kIsPunctuation = bytes_of(kPunctuation);

bool contains(const ByteSet& set, char c) {
  return set[static_cast<unsigned char>(c)];
}

bool is_ascii_digit(char c) {
  return c >= '0' && c <= '9';
}

bool starts_with_digit(std::string_view text, bool python3) {
  if (text.empty()) return false;
  if (!python3 || static_cast<unsigned char>(text[0]) < 0x80) return is_ascii_digit(text[0]);
  std::size_t position = 0;
  return is_decimal_digit(next_code_point(text, position));
}

bool ends_with_digit(std::string_view text, bool python3) {
  if (text.empty()) return false;
  std::size_t last = text.size() - 1;
  while (last > 0 && (static_cast<unsigned char>(text[last]) & 0xC0) == 0x80) --last;
  return starts_with_digit(text.substr(last), python3);
}

bool has_number_with_comma(std::string_view text, const NormalisationRules& rules) {
  for (std::size_t at = text.find(','); at != text.npos; at = text.find(',', at + 1)) {
    std::size_t after = at + 1;
    while (rules.comma_runs && after < text.size() && text[after] == ',') ++after;
    if (ends_with_digit(text.substr(0, at), rules.python3) &&
        starts_with_digit(text.substr(after), rules.python3)) {
      return true;
    }
  }
  return false;
}

/// The punctuation characters to delete; the others become spaces.
ByteSet punctuation_to_delete(std::string_view text, const NormalisationRules& rules) {
  if (has_number_with_comma(text, rules)) return kIsPunctuation;
  ByteSet beside_space{};
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == ' ') beside_space[static_cast<unsigned char>(text[i - 1])] = true;
    if (text[i - 1] == ' ') beside_space[static_cast<unsigned char>(text[i])] = true;
  }
  return beside_space;
}

std::string without_punctuation(std::string_view text, const NormalisationRules& rules) {
  if (std::ranges::none_of(text, [](char c) { return contains(kIsPunctuation, c); })) {
    return std::string(text);
  }
  const ByteSet deleted = punctuation_to_delete(text, rules);
  std::string result;
  result.reserve(text.size());
  for (const char c : text) {
    if (!contains(kIsPunctuation, c)) {
      result += c;
    } else if (!contains(deleted, c)) {
      result += ' ';
    }
  }
  return result;
}

std::string without_periods(std::string text, const NormalisationRules& rules) {
  const std::size_t first = text.find('.');
  if (first == text.npos) return text;
  std::string result(text, 0, first);
  int deleted = 0;
  for (std::size_t at = first; at < text.size(); ++at) {
    if (text[at] == '.' && deleted < rules.max_deleted_periods &&
        !starts_with_digit(std::string_view(text).substr(at + 1), rules.python3)) {
      ++deleted;
    } else {
      result += text[at];
    }
  }
  return result;
}

std::string lower(std::string_view text, const NormalisationRules& rules) {
  return rules.python3 ? to_lower_in_context(text) : to_lower(text);
}

}  // namespace

std::string clean_answer(std::string_view raw) {
  std::string text(raw);
  std::ranges::replace_if(
      text, [](char c) { return c == '\n' || c == '\t'; }, ' ');
  return std::string(strip(text));
}

std::string process_punctuation(std::string_view cleaned, const NormalisationRules& rules) {
  return without_periods(without_punctuation(cleaned, rules), rules);
}

std::string process_digits_and_articles(std::string_view text, const NormalisationRules& rules) {
  const std::string lower_case = lower(text, rules);
  std::string result;
  result.reserve(text.size() + 4);
  for (const std::string_view word : split_at_space(lower_case)) {
    const std::string_view replaced = replace_word(word);
    if (replaced.empty()) continue;
    if (!result.empty()) result += ' ';
    result += replaced;
  }
  return result;
}

std::string normalise_answer(std::string_view cleaned, const NormalisationRules& rules) {
  return process_digits_and_articles(process_punctuation(cleaned, rules), rules);
}

std::string tokenize_words(std::string_view raw) {
  const std::string lower_case = to_lower_in_context(raw);
  std::string kept, result;
  std::ranges::copy_if(lower_case, std::back_inserter(kept),
                       [](char c) { return c != ',' && c != '?'; });
  for (std::size_t at = 0; at < kept.size(); ++at) {
    if (kept.compare(at, 2, "'s") == 0) result += ' ';
    result += kept[at];
  }
  return std::string(strip(result));
}

}  // namespace sightline
