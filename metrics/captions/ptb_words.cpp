#include <algorithm>

#include "metrics/captions/ptb_matchers.h"

namespace sightline::ptb {

namespace {

constexpr char32_t kSoftHyphen = 0xAD;

/// `match` where all parts of a sequence were found, else 0.
std::size_t word_then_apostrophe(Place at, std::string_view word) {
  const std::size_t length = literal(at, word);
  if (length == 0) return 0;
  const std::size_t apostrophe = match_apostrophe(at + length);
  return apostrophe == 0 ? 0 : length + apostrophe;
}

std::size_t apostrophe_then(Place at, std::string_view word) {
  const std::size_t apostrophe = match_apostrophe(at);
  if (apostrophe == 0) return 0;
  const std::size_t length = literal(at + apostrophe, word);
  return length == 0 ? 0 : apostrophe + length;
}

/// 'n and 'n' ; 'em ; 'til and 'till ; 'cause ; '20s to '90s.
std::size_t match_leading_apostrophe(Place at) {
  std::size_t longest = 0;
  if (const std::size_t n = apostrophe_then(at, "n")) longest = n + match_apostrophe(at + n);
  for (const std::string_view word : {"em", "til", "till", "cause"}) {
    longest = std::max(longest, apostrophe_then(at, word));
  }
  const std::size_t digits = match_apostrophe(at);
  if (digits > 0 && one_of(at[digits], "23456789") && at[digits + 1] == U'0' &&
      literal(at + digits + 2, "s")) {
    longest = std::max(longest, digits + 3);
  }
  return longest;
}

/// d' l' j' as French has them, and one capital (not I, Y) before two letters or more.
std::size_t match_letter_apostrophe(Place at) {
  std::size_t longest = 0;
  const std::size_t apostrophe = match_apostrophe(at + 1);
  if (apostrophe > 0 && one_of(*at, "lLdDjJ")) longest = 1 + apostrophe;
  const bool capital = one_of(*at, "ABCDEFGHJKLMNOPQRSTUVWXZn");
  const std::size_t mark = capital ? match_apostrophe_like(at + 1) : 0;
  if (mark > 0) {
    const std::size_t letters = run(at + 1 + mark, kLetter);
    if (letters >= 2) longest = std::max(longest, 1 + mark + letters);
  }
  return longest;
}

/// ma'am, Shi'ite: a vowel, an apostrophe, a vowel or a capital.
std::size_t match_vowel_apostrophe(Place at) {
  const std::size_t letters = run(at, kLetter);
  if (letters < 2 || !one_of(at[letters - 1], "aeiouyAEIOUY")) return 0;
  const std::size_t mark = match_apostrophe_like(at + letters);
  if (mark == 0) return 0;
  const Place rest = at + letters + mark;
  if (!rest->is(kAsciiUpper) && !one_of(*rest, "aeiou")) return 0;
  return letters + mark + 1 + run(rest + 1, kLetter);
}

/// The part of a thing between hyphens; d' l' o' may stand before it.
std::size_t match_thing_part(Place at) {
  if (one_of(*at, "dDoOlL")) {
    const std::size_t mark = match_apostrophe_like(at + 1);
    const std::size_t letters = mark == 0 ? 0 : run(at + 1 + mark, kWordCharacter);
    if (letters >= 2) return 1 + mark + letters;
  }
  return run(at, kWordCharacter);
}

std::size_t match_soft_alphanumeric(Place at) {
  std::size_t length = 0;
  while (at[length].is(kAsciiAlphanumeric) || at[length] == kSoftHyphen) ++length;
  return length;
}

/// ASCII letters and digits, then up to two hyphenated words.
std::size_t match_slash_part(Place at) {
  std::size_t length = run(at, kAsciiAlphanumeric);
  if (length == 0) return 0;
  for (int words = 0; words < 2 && at[length] == U'-'; ++words) {
    const std::size_t letters = run(at + length + 1, kAsciiLetter);
    if (letters == 0) break;
    length += 1 + letters;
  }
  return length;
}

}  // namespace

std::size_t match_apostrophe(Place at) {
  return at->is(kApostrophe) ? 1 : literal(at, "&apos;");
}

std::size_t match_apostrophe_like(Place at) {
  return at->is(kOpenSingle) ? 1 : match_apostrophe(at);
}

std::size_t match_word_letter(Place at) {
  if (at->is(kWordLetter)) return 1;
  if (!(*at == U'&') || !one_of(at[1], "aeiouAEIOU")) return 0;
  for (const std::string_view accent : {"acute;", "grave;", "uml;"}) {
    if (const std::size_t length = literal(at + 2, accent)) return 2 + length;
  }
  return 0;
}

std::size_t match_word(Place at) {
  std::size_t length = match_word_letter(at);
  if (length == 0) return 0;
  for (;;) {
    if (at[length].is(kDigit)) {
      ++length;
    } else if (const std::size_t letter = match_word_letter(at + length)) {
      length += letter;
    } else if (one_of(at[length], ".!?") && match_word_letter(at + length + 1) > 0) {
      ++length;
    } else {
      return length;
    }
  }
}

std::size_t match_contraction(Place at) {
  const std::size_t mark = match_apostrophe(at);
  if (mark == 0) return 0;
  if (one_of(at[mark], "msdMSD")) return mark + 1;
  for (const std::string_view verb : {"re", "ve", "ll"}) {
    if (literal(at + mark, verb)) return mark + 2;
  }
  return 0;
}

std::size_t match_negation(Place at) {
  if (!literal(at, "n")) return 0;
  const std::size_t mark = match_apostrophe_like(at + 1);
  return mark > 0 && literal(at + 1 + mark, "t") ? mark + 2 : 0;
}

std::size_t match_word_before_negation(Place at) {
  std::size_t length = 0;
  while (at[length].is(kAsciiLetter) || at[length] == kSoftHyphen) ++length;
  if (length < 2 || match_negation(at + length - 1) == 0) return 0;
  std::size_t last = length - 1;
  while (last > 0 && at[last - 1] == kSoftHyphen) --last;
  if (last == 0 || one_of(at[last - 1], "nN")) return 0;
  return length - 1;
}

std::size_t match_apostrophe_word(Place at) {
  const std::size_t letters = run(at, kLetter);
  if (match_apostrophe_like(at + letters) == 0) return 0;
  if (letters == 0) return match_leading_apostrophe(at);
  std::size_t longest = std::max(match_letter_apostrophe(at), match_vowel_apostrophe(at));
  for (const std::string_view word : {"dunkin", "somethin", "ol"}) {
    longest = std::max(longest, word_then_apostrophe(at, word));
  }
  for (const std::string_view word :
       {"cont'd.", "cont'd", "nor'easter", "c'mon", "e'er", "s'mores", "ev'ry", "li'l", "nat'l"}) {
    longest = std::max(longest, literal(at, word));
  }
  return longest;
}

std::size_t match_thing(Place at) {
  std::size_t length = match_thing_part(at);
  if (length == 0) return 0;
  while (at[length].is(kHyphen)) {
    const std::size_t part = match_thing_part(at + length + 1);
    if (part == 0) break;
    length += 1 + part;
  }
  return length;
}

std::size_t FarMatcher::match_hyphenated(Place at) {
  if (at < no_hyphenated_before_ || !at->is(kAsciiAlphanumeric)) return 0;
  std::size_t length = 1;
  while (at[length].is(kAsciiAlphanumeric) || at[length] == U'.' || at[length] == U',' ||
         at[length] == kSoftHyphen) {
    ++length;
  }
  bool hyphenated = false;
  while (at[length] == U'-') {
    const std::size_t acronym = match_acronym(at + length + 1);
    const std::size_t part = acronym > 2 ? acronym : match_soft_alphanumeric(at + length + 1);
    if (part == 0) break;
    length += 1 + part;
    hyphenated = true;
  }
  if (!hyphenated) no_hyphenated_before_ = at + length;
  return hyphenated ? length : 0;
}

std::size_t match_slashed(Place at) {
  std::size_t length = match_slash_part(at);
  bool slashed = false;
  for (int slashes = 0; length > 0 && slashes < 2; ++slashes) {
    const std::size_t slash = at[length] == U'\\' ? 2 : 1;
    if (!(at[length + slash - 1] == U'/')) break;
    const std::size_t part = match_slash_part(at + length + slash);
    if (part == 0) break;
    length += slash + part;
    slashed = true;
  }
  return slashed ? length : 0;
}

std::size_t match_initials(Place at) {
  std::size_t length = run(at, kAsciiUpper);
  if (length == 0) return 0;
  bool joined = false;
  for (;;) {
    std::size_t joint = literal(at + length, "&amp;");
    if (joint == 0 || !at[length + joint].is(kAsciiUpper)) {
      joint = one_of(at[length], "+&") ? 1 : 0;
    }
    if (joint == 0 || !at[length + joint].is(kAsciiUpper)) return joined ? length : 0;
    length += joint + run(at + length + joint, kAsciiUpper);
    joined = true;
  }
}

std::size_t match_special(Place at) {
  std::size_t longest = 0;
  for (const std::string_view word :
       {"-rrb-", "-lrb-", "-rcb-", "-lcb-", "-rsb-", "-lsb-", "c.d.s", "pro-", "anti-", "s&p-500",
        "s&amp;p-500", "s&ls", "s&amp;ls"}) {
    longest = std::max(longest, literal(at, word));
  }
  if (const std::size_t cap = word_then_apostrophe(at, "cap"); cap && literal(at + cap, "n")) {
    longest = std::max(longest, cap + 1);
  }
  if (const std::size_t c = word_then_apostrophe(at, "c"); c && literal(at + c, "est")) {
    longest = std::max(longest, c + 3);
  }
  return longest;
}

std::size_t match_exclaimed_name(Place at) {
  return std::max({literal(at, "e!"), literal(at, "yahoo!"), literal(at, "jeopardy!")});
}

std::size_t match_programming_language(Place at) {
  return std::max({literal(at, "c++"), literal(at, "c#"), literal(at, "f#")});
}

}  // namespace sightline::ptb
