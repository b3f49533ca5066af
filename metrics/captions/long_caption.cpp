#include "metrics/captions/long_caption.h"

#include <cstdint>
#include <string_view>

#include "harness/base/error.h"
#include "harness/base/text.h"

namespace sightline {

namespace {

bool one_of(std::uint32_t code_point, std::u32string_view set) {
  return set.find(static_cast<char32_t>(code_point)) != std::u32string_view::npos;
}

/// Whether a sentence can begin at `at`.
bool begins_sentence(std::string_view text, std::size_t at) {
  std::uint32_t first = next_code_point(text, at);
  if (one_of(first, U"\"'([\u201C\u2018") && at < text.size()) first = next_code_point(text, at);
  return (first >= 'A' && first <= 'Z') || (first >= '0' && first <= '9');
}

}  // namespace

std::size_t count_characters(std::string_view text) {
  require(is_utf8(text), "a caption is not valid UTF-8");
  return count_code_points(text);
}

std::vector<std::string_view> split_sentences(std::string_view text) {
  require(is_utf8(text), "a caption is not valid UTF-8");
  text = strip(text);
  std::vector<std::string_view> sentences;
  std::size_t sentence = 0;      // where the one being read begins
  std::size_t sentence_end = 0;  // where white space behind such an end begins
  bool ended = false;            // . ! ? stands before, with closing marks at most behind it
  bool in_space = false;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    const std::uint32_t code_point = next_code_point(text, at);
    if (is_space(code_point)) {
      if (!in_space) sentence_end = begin;
      in_space = ended;
      continue;
    }
    if (in_space && begins_sentence(text, begin)) {
      sentences.push_back(text.substr(sentence, sentence_end - sentence));
      sentence = begin;
    }
    const bool closes = !in_space && ended && one_of(code_point, U"\"')]\u201D\u2019");
    ended = closes || one_of(code_point, U".!?");
    in_space = false;
  }
  if (!text.empty()) sentences.push_back(text.substr(sentence));
  return sentences;
}

std::size_t count_sentences(std::string_view text) {
  return split_sentences(text).size();
}

}  // namespace sightline
