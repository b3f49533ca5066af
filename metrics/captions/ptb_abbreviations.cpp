#include <algorithm>
#include <array>

#include "metrics/captions/ptb_matchers.h"

namespace sightline::ptb {

namespace {

enum Use : unsigned { kSeldomLast = 1, kNeverLast = 2, kBeforeNumber = 4 };

/// A word with its use before a full stop. It matches in any case, except where `=` stands before
/// a letter: that letter matches only as written, since the word is also an ordinary one.
struct Entry {
  std::string_view pattern;
  unsigned use;
};

constexpr std::size_t kLongestWord = 7;

constexpr Entry kWords[] = {
    // Months and days; Sat. and Sun. are left out as too common as words.
    {"jan", kSeldomLast},
    {"feb", kSeldomLast},
    {"mar", kSeldomLast},
    {"apr", kSeldomLast},
    {"jun", kSeldomLast},
    {"jul", kSeldomLast},
    {"aug", kSeldomLast},
    {"sep", kSeldomLast},
    {"sept", kSeldomLast},
    {"oct", kSeldomLast},
    {"nov", kSeldomLast},
    {"dec", kSeldomLast},
    {"mon", kSeldomLast},
    {"tue", kSeldomLast},
    {"tues", kSeldomLast},
    {"wed", kSeldomLast},
    {"thu", kSeldomLast},
    {"thurs", kSeldomLast},
    {"fri", kSeldomLast},
    // States.
    {"ala", kSeldomLast},
    {"ariz", kSeldomLast},
    {"=Az", kSeldomLast},
    {"=Ark", kSeldomLast},
    {"calif", kSeldomLast},
    {"colo", kSeldomLast},
    {"conn", kSeldomLast},
    {"ct", kSeldomLast},
    {"dak", kSeldomLast},
    {"=Del", kSeldomLast},
    {"fla", kSeldomLast},
    {"ga", kSeldomLast},
    {"=Ill", kSeldomLast},
    {"ind", kSeldomLast},
    {"kan", kSeldomLast},
    {"kans", kSeldomLast},
    {"ky", kSeldomLast},
    {"=La", kSeldomLast},
    {"=Mass", kSeldomLast},
    {"md", kSeldomLast},
    {"mich", kSeldomLast},
    {"minn", kSeldomLast},
    {"=Miss", kSeldomLast | kNeverLast},
    {"mo", kSeldomLast},
    {"mont", kSeldomLast},
    {"neb", kSeldomLast},
    {"nev", kSeldomLast},
    {"okla", kSeldomLast},
    {"=Ore", kSeldomLast},
    {"=Pa", kSeldomLast},
    {"penn", kSeldomLast},
    {"tenn", kSeldomLast},
    {"=Tex", kSeldomLast},
    {"va", kSeldomLast},
    {"vt", kSeldomLast},
    {"=Wash", kSeldomLast},
    {"wis", kSeldomLast},
    {"wisc", kSeldomLast},
    {"wyo", kSeldomLast},
    // Companies.
    {"inc", kSeldomLast},
    {"co", kSeldomLast},
    {"cos", kSeldomLast},
    {"corp", kSeldomLast},
    {"pt=y", kSeldomLast},
    {"pt=ys", kSeldomLast},
    {"pt=e", kSeldomLast},
    {"pt=es", kSeldomLast},
    {"ppt=y", kSeldomLast},
    {"ppt=ys", kSeldomLast},
    {"ppt=e", kSeldomLast},
    {"ppt=es", kSeldomLast},
    {"ltd", kSeldomLast},
    {"plc", kSeldomLast},
    {"rt", kSeldomLast},
    {"bancorp", kSeldomLast},
    {"bhd", kSeldomLast},
    {"assn", kSeldomLast},
    {"univ", kSeldomLast},
    {"intl", kSeldomLast},
    {"sys", kSeldomLast},
    // Before numbers, behind names, and the rest that may end a sentence.
    {"tel", kSeldomLast},
    {"est", kSeldomLast},
    {"ext", kSeldomLast},
    {"sq", kSeldomLast},
    {"jr", kSeldomLast},
    {"sr", kSeldomLast},
    {"bros", kSeldomLast},
    {"blvd", kSeldomLast},
    {"rd", kSeldomLast},
    {"esq", kSeldomLast},
    {"etc", kSeldomLast},
    {"al", kSeldomLast},
    {"seq", kSeldomLast},
    {"bldg", kSeldomLast | kBeforeNumber},
    // Titles.
    {"mr", kNeverLast},
    {"mrs", kNeverLast},
    {"ms", kNeverLast},
    {"dr", kNeverLast},
    {"drs", kNeverLast},
    {"prof", kNeverLast},
    {"profs", kNeverLast},
    {"sen", kNeverLast},
    {"sens", kNeverLast},
    {"rep", kNeverLast},
    {"reps", kNeverLast},
    {"atty", kNeverLast},
    {"attys", kNeverLast},
    {"lt", kNeverLast},
    {"col", kNeverLast},
    {"gen", kNeverLast},
    {"messrs", kNeverLast},
    {"gov", kNeverLast},
    {"govs", kNeverLast},
    {"adm", kNeverLast},
    {"rev", kNeverLast},
    {"maj", kNeverLast},
    {"sgt", kNeverLast},
    {"cpl", kNeverLast},
    {"pvt", kNeverLast},
    {"capt", kNeverLast},
    {"st", kNeverLast},
    {"ste", kNeverLast},
    {"ave", kNeverLast},
    {"pres", kNeverLast},
    {"lieut", kNeverLast},
    {"hon", kNeverLast},
    {"brig", kNeverLast},
    {"comdr", kNeverLast},
    {"cmdr", kNeverLast},
    {"pfc", kNeverLast},
    {"spc", kNeverLast},
    {"supt", kNeverLast},
    {"supts", kNeverLast},
    {"det", kNeverLast},
    {"mt", kNeverLast},
    {"ft", kNeverLast},
    {"adj", kNeverLast},
    {"adv", kNeverLast},
    {"asst", kNeverLast},
    {"assoc", kNeverLast},
    {"ens", kNeverLast},
    {"insp", kNeverLast},
    {"mlle", kNeverLast},
    {"mme", kNeverLast},
    {"msgr", kNeverLast},
    {"sfc", kNeverLast},
    // Others that go on.
    {"vs", kNeverLast},
    {"alex", kNeverLast},
    {"wm", kNeverLast},
    {"jos", kNeverLast},
    {"cie", kNeverLast},
    {"cf", kNeverLast},
    {"treas", kNeverLast},
    {"ph", kNeverLast},
    {"invt", kNeverLast},
    {"elec", kNeverLast},
    {"natl", kNeverLast},
    {"m=fg", kNeverLast},
    {"m=tg", kNeverLast},
    {"dept", kNeverLast},
    // Abbreviations only where a number follows.
    {"ca", kBeforeNumber},
    {"fig", kBeforeNumber},
    {"figs", kBeforeNumber},
    {"prop", kBeforeNumber},
    {"no", kBeforeNumber},
    {"nos", kBeforeNumber},
    {"art", kBeforeNumber},
    {"arts", kBeforeNumber},
    {"pp", kBeforeNumber},
    {"op", kBeforeNumber},
};

constexpr std::string_view kSentenceStarts[] = {
    "About", "According", "Additionally", "After", "An",    "A",       "As",   "At",
    "But",   "Earlier",   "He",           "Her",   "Here",  "However", "If",   "In",
    "It",    "Last",      "Many",         "More",  "Mr.",   "Ms.",     "Now",  "Once",
    "One",   "Other",     "Our",          "She",   "Since", "So",      "Some", "Such",
    "That",  "The",       "Their",        "Then",  "There", "These",   "They", "This",
    "We",    "When",      "While",        "What",  "Yet",   "You",
};

char32_t lower(const Symbol& symbol) {
  return symbol.is(kAsciiUpper) ? symbol.code + ('a' - 'A') : symbol.code;
}

/// Whether `pattern` covers exactly the `size` letters at a place.
bool fits(Place at, std::size_t size, std::string_view pattern) {
  std::size_t matched = 0;
  for (std::size_t i = 0; i < pattern.size(); ++i, ++matched) {
    if (matched == size) return false;
    const bool as_written = pattern[i] == '=';
    if (as_written) ++i;
    const auto want = static_cast<unsigned char>(pattern[i]);
    if (want != (as_written ? at[matched].code : lower(at[matched]))) return false;
  }
  return matched == size;
}

/// A sentence start begins with a capital; the other letters match in any case.
std::size_t match_capitalised(Place at, std::string_view word) {
  if (!(*at == static_cast<unsigned char>(word[0]))) return 0;
  for (std::size_t i = 1; i < word.size(); ++i) {
    const char want = word[i] >= 'A' && word[i] <= 'Z' ? static_cast<char>(word[i] + 32) : word[i];
    if (lower(at[i]) != static_cast<unsigned char>(want)) return 0;
  }
  return word.size();
}

/// Letters with a full stop behind each: the symbols of the longest such chain.
std::size_t match_letter_stops(Place at) {
  std::size_t length = 0;
  while (at[length].is(kAsciiLetter) && at[length + 1] == U'.') length += 2;
  return length;
}

/// The compound forms, without their last full stop.
std::size_t match_compound_acronym(Place at) {
  std::size_t longest = 0;
  if (!one_of(*at, "CSKEJNUcskejnu")) return 0;
  for (const std::string_view form : {"canada-u.s", "sino-u.s", "korean-u.s", "eu-u.s", "japan-u.s",
                                      "non-u.s", "u.s.-u.k", "u.s.-u.s.s.r"}) {
    longest = std::max(longest, literal(at, form));
  }
  return longest;
}

}  // namespace

std::size_t match_acronym(Place at) {
  const std::size_t compound = match_compound_acronym(at);
  const std::size_t with_stop = compound > 0 && at[compound] == U'.' ? compound + 1 : 0;
  return std::max(with_stop, match_letter_stops(at));
}

std::size_t match_acronym_no_stop(Place at) {
  std::size_t longest = match_compound_acronym(at);
  if (longest > 0 && !at[longest].is(kSpaceOrNewline)) longest = 0;
  const std::size_t stops = match_letter_stops(at);
  if (at[stops].is(kAsciiLetter) && at[stops + 1].is(kSpaceOrNewline)) {
    longest = std::max(longest, stops + 1);
  }
  return longest;
}

bool may_be_abbreviation(char32_t first, std::size_t letters) {
  static const auto lengths = [] {
    std::array<unsigned, 26> bits{};
    for (const Entry& entry : kWords) {
      const std::size_t marks = static_cast<std::size_t>(std::ranges::count(entry.pattern, '='));
      const char letter = entry.pattern[0] == '=' ? entry.pattern[1] : entry.pattern[0];
      bits[static_cast<std::size_t>((letter | 0x20) - 'a')] |= 1u << (entry.pattern.size() - marks);
    }
    return bits;
  }();
  if (letters == 1) return true;
  return letters <= kLongestWord && (lengths[(first | 0x20) - 'a'] >> letters & 1u) != 0;
}

Abbreviation match_abbreviation(Place at) {
  Abbreviation found;
  found.never_last = match_acronym(at);
  for (const std::string_view degree : {"ed.d.", "ph.d."}) {
    found.seldom_last = std::max(found.seldom_last, literal(at, degree));
  }
  const std::size_t letters = run(at, kAsciiLetter);
  if (letters == 0 || letters > kLongestWord || !(at[letters] == U'.')) return found;
  const std::size_t length = letters + 1;
  if (!may_be_abbreviation(at->code, letters)) return found;
  for (const Entry& entry : kWords) {
    if (!fits(at, letters, entry.pattern)) continue;
    if (entry.use & kSeldomLast) found.seldom_last = std::max(found.seldom_last, length);
    if (entry.use & kNeverLast) found.never_last = std::max(found.never_last, length);
    if (entry.use & kBeforeNumber) found.before_number = length;
  }
  const bool company =
      fits(at, letters, "co") || fits(at, letters, "pty") || fits(at, letters, "pte");
  if (company && at[length].is(kSpace) &&
      (literal(at + length + 1, "ltd") || literal(at + length + 1, "lim"))) {
    found.company = length;
  }
  return found;
}

std::size_t match_sentence_end(Place at) {
  if (!at->is(kSpaceOrNewline)) return 0;
  if (at[1].is(kSpaceOrNewline | kUpper)) return 2;
  const std::size_t tag = match_tag(at + 1);
  return tag == 0 ? 0 : 1 + tag;
}

std::size_t match_sentence_start(Place at) {
  const std::size_t space = run(at, kSpaceOrNewline);
  if (space == 0) return 0;
  const Place word = at + space;
  std::size_t longest = match_tag(word);
  if (longest > 0 && !word[longest].is(kSpaceOrNewline)) longest = 0;
  for (const std::string_view start : kSentenceStarts) {
    const std::size_t length = match_capitalised(word, start);
    if (length > 0 && word[length].is(kSpaceOrNewline)) longest = std::max(longest, length);
  }
  return longest == 0 ? 0 : space + longest + 1;
}

}  // namespace sightline::ptb
