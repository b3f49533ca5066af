#include "models/tokenizers/split_scanners.h"

#include "models/tokenizers/unicode_classes.h"

namespace sightline {

namespace {

constexpr std::uint8_t kNoOther = kLetterClass | kNumberClass | kSpaceClass;

/// A text with the questions that the patterns ask of it.
class Scan {
 public:
  explicit Scan(std::string_view text) : text_(text) {}

  std::size_t size() const { return text_.size(); }
  char byte(std::size_t at) const { return text_[at]; }
  std::uint8_t class_at(std::size_t at) const {
    return classes_.of(character_at(text_, at).code_point);
  }
  std::size_t next(std::size_t at) const { return at + character_at(text_, at).length; }

  /// The end of the run of characters from `at` on with any of `classes`.
  std::size_t run(std::size_t at, std::uint8_t classes) const {
    return run_if(at, [classes](std::uint8_t c) { return (c & classes) != 0; });
  }
  /// The end of the run of characters that are no letters, numbers or space.
  std::size_t run_of_others(std::size_t at) const {
    return run_if(at, [](std::uint8_t c) { return (c & kNoOther) == 0; });
  }
  bool is_other(std::size_t at) const { return (class_at(at) & kNoOther) == 0; }

  /// `\s+(?!\S)|\s+` at a space: a run without its last character unless the text or the run ends.
  std::size_t space(std::size_t at) const {
    const std::size_t end = run(at, kSpaceClass);
    if (end == text_.size()) return end;
    const std::size_t last = start_of_last(text_, end);
    return last > at ? last : end;
  }

  bool starts_with(std::size_t at, std::string_view prefix) const {
    return text_.substr(at, prefix.size()) == prefix;
  }

  /// `'s|'t|'re|'ve|'m|'ll|'d` at an apostrophe; `at` when none of them stands there.
  std::size_t contraction(std::size_t at) const {
    return contraction(at, [this](std::size_t i) { return i < size() ? text_[i] : '\0'; });
  }
  /// The same in any case; the long s (U+017F) folds to "s".
  std::size_t contraction_in_any_case(std::size_t at) const {
    if (starts_with(at + 1, "\u017F")) return at + 3;
    return contraction(at, [this](std::size_t i) {
      if (i >= size()) return '\0';
      const char c = text_[i];
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    });
  }

 private:
  template <typename Wants>
  std::size_t run_if(std::size_t at, Wants wants) const {
    while (at < text_.size()) {
      const Character c = character_at(text_, at);
      if (!wants(classes_.of(c.code_point))) break;
      at += c.length;
    }
    return at;
  }

  template <typename Letter>
  static std::size_t contraction(std::size_t at, Letter letter) {
    const char first = letter(at + 1);
    if (first == 's' || first == 't' || first == 'm' || first == 'd') return at + 2;
    const char second = letter(at + 2);
    const bool is_long =
        ((first == 'r' || first == 'v') && second == 'e') || (first == 'l' && second == 'l');
    return is_long ? at + 3 : at;
  }

  std::string_view text_;
  CharClasses classes_;
};

std::size_t gpt2_end(const Scan& scan, std::size_t at) {
  if (scan.byte(at) == '\'') {
    if (const std::size_t end = scan.contraction(at); end > at) return end;
  }
  const std::size_t word = at + (scan.byte(at) == ' ' ? 1 : 0);
  if (word < scan.size()) {
    const std::uint8_t kind = scan.class_at(word);
    if ((kind & kLetterClass) != 0) return scan.run(word, kLetterClass);
    if ((kind & kNumberClass) != 0) return scan.run(word, kNumberClass);
    if ((kind & kSpaceClass) == 0) return scan.run_of_others(word);
  }
  return scan.space(at);
}

/// The end of at most `most` characters of class number.
std::size_t digits_end(const Scan& scan, std::size_t at, int most) {
  while (most-- > 0 && at < scan.size() && (scan.class_at(at) & kNumberClass) != 0) {
    at = scan.next(at);
  }
  return at;
}

/// `\s*[\r\n]+|\s+(?!\S)|\s+` at a space.
std::size_t qwen2_space_end(const Scan& scan, std::size_t at) {
  std::size_t end = scan.run(at, kSpaceClass);
  const auto is_newline = [&](std::size_t i) {
    return scan.byte(i) == '\n' || scan.byte(i) == '\r';
  };
  while (end > at && !is_newline(end - 1)) --end;
  return end > at ? end : scan.space(at);
}

template <int kMostDigits>
std::size_t qwen2_end(const Scan& scan, std::size_t at) {
  if (scan.byte(at) == '\'') {
    if (const std::size_t end = scan.contraction_in_any_case(at); end > at) return end;
  }
  const std::uint8_t kind = scan.class_at(at);
  if ((kind & kLetterClass) != 0) return scan.run(at, kLetterClass);
  if ((kind & kNumberClass) != 0) return digits_end(scan, at, kMostDigits);
  if ((kind & kNewlineClass) == 0) {
    const std::size_t word = scan.next(at);
    const std::size_t end = scan.run(word, kLetterClass);
    if (end > word) return end;
  }
  const std::size_t sign = at + (scan.byte(at) == ' ' ? 1 : 0);
  if (sign < scan.size() && scan.is_other(sign)) {
    return scan.run(scan.run_of_others(sign), kNewlineClass);
  }
  return qwen2_space_end(scan, at);
}

/// `at` where nothing matches, which is at white space.
std::size_t clip_end(const Scan& scan, std::size_t at) {
  for (const std::string_view token : {"<|startoftext|>", "<|endoftext|>"}) {
    if (scan.starts_with(at, token)) return at + token.size();
  }
  if (scan.byte(at) == '\'') {
    if (const std::size_t end = scan.contraction(at); end > at) return end;
  }
  const std::uint8_t kind = scan.class_at(at);
  if ((kind & kLetterClass) != 0) return scan.run(at, kLetterClass);
  if ((kind & kNumberClass) != 0) return scan.next(at);
  return scan.run_of_others(at);
}

std::size_t space_end(const Scan& scan, std::size_t at) {
  return scan.run(at, kSpaceClass);
}

template <std::size_t (*kEnd)(const Scan&, std::size_t)>
void find_all(std::string_view text, std::vector<TextRange>& matches) {
  const Scan scan(text);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = kEnd(scan, at);
    if (end > at) matches.push_back({at, end});
    at = end > at ? end : scan.next(at);
  }
}

}  // namespace

SplitScanner find_scanner(std::string_view pattern) {
  if (pattern == kGpt2Pattern) return find_all<gpt2_end>;
  if (pattern == kQwen2Pattern) return find_all<qwen2_end<1>>;
  if (pattern == kLlama3Pattern) return find_all<qwen2_end<3>>;
  if (pattern == kClipPattern) return find_all<clip_end>;
  if (pattern == kSpacePattern) return find_all<space_end>;
  return nullptr;
}

}  // namespace sightline
