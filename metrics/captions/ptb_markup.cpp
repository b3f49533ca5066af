#include <algorithm>

#include "metrics/captions/ptb_matchers.h"

namespace sightline::ptb {

namespace {

constexpr char32_t kNoBreakSpace = 0xA0;
constexpr std::string_view kAddressBreaks = " \t\n\f\r\"<>|";

bool is_name_character(const Symbol& symbol) {
  return symbol.is(kAsciiAlphanumeric) || one_of(symbol, "_:.-");
}

/// Any symbol of the text that is none of `breaks`.
bool is_none_of(const Symbol& symbol, std::string_view breaks) {
  return !symbol.is(kEnd) && !one_of(symbol, breaks);
}

template <typename Accepts>
std::size_t run_where(Place at, Accepts accepts) {
  std::size_t length = 0;
  while (accepts(at[length])) ++length;
  return length;
}

std::size_t run_of(Place at, char32_t code) {
  return run_where(at, [code](const Symbol& symbol) { return symbol == code; });
}

/// One symbol or more that `accepts`, and behind them one that also is no `bad_last`.
template <typename Accepts>
std::size_t run_with_good_last(Place at, Accepts accepts, std::string_view bad_last) {
  std::size_t length = run_where(at, accepts);
  while (length >= 2 && one_of(at[length - 1], bad_last)) --length;
  return length >= 2 ? length : 0;
}

std::size_t match_name(Place at) {
  return at->is(kAsciiLetter) ? run_where(at, is_name_character) : 0;
}

/// The value of an attribute: quoted, or a name.
std::size_t match_attribute_value(Place at) {
  if (!one_of(*at, "'\"")) {
    return at->is(kAsciiLetter) || *at == U'_' ? run_where(at, is_name_character) : 0;
  }
  const char32_t quote = at->code;
  const std::size_t inside = run_where(at + 1, [quote](const Symbol& symbol) {
    return is_none_of(symbol, "\n") && !(symbol == quote);
  });
  return at[1 + inside] == quote ? inside + 2 : 0;
}

/// A name, or a name, = and a value, with spaces around the sign.
std::size_t match_attribute(Place at) {
  const std::size_t name = match_name(at);
  if (name == 0) return 0;
  std::size_t length = name + run_of(at + name, U' ');
  if (!(at[length] == U'=')) return name;
  ++length;
  length += run_of(at + length, U' ');
  const std::size_t value = match_attribute_value(at + length);
  return value == 0 ? name : length + value;
}

std::size_t match_element(Place at) {
  std::size_t length = match_name(at);
  if (length == 0) return 0;
  for (;;) {
    const std::size_t spaces = run_of(at + length, U' ');
    const std::size_t attribute = spaces == 0 ? 0 : match_attribute(at + length + spaces);
    if (attribute == 0) break;
    length += spaces + attribute;
  }
  length += run_of(at + length, U' ');
  return at[length] == U'/' ? length + 1 : length;
}

/// The path of an address without a scheme.
std::size_t match_path(Place at) {
  if (!(*at == U'/')) return 0;
  const auto accepts = [](const Symbol& s) {
    return is_none_of(s, kAddressBreaks) && !one_of(s, "()");
  };
  const std::size_t path = run_with_good_last(at + 1, accepts, ".!?(){},-");
  return path == 0 ? 0 : 1 + path;
}

bool is_host_character(const Symbol& symbol) {
  // The set ends at `_` and begins at `,`: digits and capitals are not in such names either.
  return is_none_of(symbol, kAddressBreaks) && !one_of(symbol, "`'!(){}$") &&
         !(symbol.code >= ',' && symbol.code <= '_');
}

bool is_www_character(const Symbol& symbol) {
  return is_none_of(symbol, kAddressBreaks) && !one_of(symbol, ".!?(){},");
}

std::size_t with_path(Place at, std::size_t host) {
  return host + match_path(at + host);
}

bool is_mail_character(const Symbol& symbol) {
  return is_none_of(symbol, kAddressBreaks) && !one_of(symbol, "(){}") &&
         !(symbol == kNoBreakSpace);
}

/// The end of the address whose @ is one of [first, last), a run of mail characters: the longest
/// part behind an @ that is made of non-empty pieces between full stops, the last of them without
/// brackets and punctuation. Goes backwards, so that many @ cost no more than one.
Place end_of_mail_host(Place first, Place last) {
  Place piece_end = last;       // the first symbol behind `at` that is a full stop, or `last`
  Place plain_end = last;       // behind the run of symbols at `at` that may end an address
  Place behind_stop = nullptr;  // the end reached from behind the stop at `piece_end`
  Place reached = nullptr;      // the end reached from behind `at`
  Place best = nullptr;
  for (Place at = last; at > first;) {
    --at;
    if (*at == U'@') best = std::max(best, reached, std::less<>());
    if (*at == U'.') {
      behind_stop = reached;
      piece_end = at;
      plain_end = at;
      reached = nullptr;
      continue;
    }
    if (one_of(*at, "[],;:")) plain_end = at;
    const Place plain = plain_end > at ? plain_end : nullptr;
    reached = std::max(plain, piece_end < last ? behind_stop : nullptr, std::less<>());
  }
  return best;
}

constexpr std::string_view kFileEndings[] = {
    "bat", "bmp", "c",    "class", "cgi",  "cpp",  "dll", "doc", "docx", "exe", "gif", "gz",
    "h",   "htm", "html", "jar",   "java", "jpeg", "jpg", "mov", "mp3",  "pdf", "php", "pl",
    "png", "ppt", "ps",   "py",    "sql",  "tar",  "txt", "wav", "x",    "xml", "zip",
};

}  // namespace

std::size_t match_tag(Place at) {
  if (!at->is(kOpensTag)) return 0;
  std::size_t length = 1;
  if (one_of(at[1], "!?")) {
    if (!at[2].is(kAsciiLetter) && !(at[2] == U'-')) return 0;
    length += 2 + run_where(at + 3, [](const Symbol& s) { return is_none_of(s, ">\n"); });
  } else if (at[1] == U'/') {
    const std::size_t name = match_name(at + 2);
    if (name == 0) return 0;
    length += 1 + name;
  } else {
    const std::size_t element = match_element(at + 1);
    if (element == 0) return 0;
    length += element;
  }
  length += run_of(at + length, U' ');
  return at[length] == U'>' ? length + 1 : 0;
}

std::size_t match_dash_entity(Place at) {
  return std::max({literal(at, "&md;"), literal(at, "&mdash;"), literal(at, "&ndash;")});
}

std::size_t match_mark_entity(Place at) {
  if (!(*at == U'&')) return 0;
  for (const std::string_view name :
       {"ht;", "tl;", "ur;", "lr;", "qc;", "ql;", "qr;", "odq;", "cdq;"}) {
    if (const std::size_t length = literal(at + 1, name)) return 1 + length;
  }
  if (!(at[1] == U'#')) return 0;
  const std::size_t digits = run(at + 2, kAsciiDigit);
  return digits > 0 && at[2 + digits] == U';' ? digits + 3 : 0;
}

std::size_t match_url(Place at) {
  const std::size_t scheme = std::max(literal(at, "http://"), literal(at, "https://"));
  if (scheme == 0) return 0;
  const auto accepts = [](const Symbol& s) {
    return is_none_of(s, kAddressBreaks) && !one_of(s, "(){}");
  };
  const std::size_t rest = run_with_good_last(at + scheme, accepts, "'.!?,-");
  return rest == 0 ? 0 : scheme + rest;
}

std::size_t match_twitter(Place at) {
  if (*at == U'@' && (at[1].is(kAsciiLetter) || at[1] == U'_')) {
    return 1 +
           run_where(at + 1, [](const Symbol& s) { return s.is(kAsciiAlphanumeric) || s == U'_'; });
  }
  std::size_t length = *at == U'#' ? match_word_letter(at + 1) : 0;
  if (length == 0) return 0;
  for (++length;;) {
    std::size_t more = match_word_letter(at + length);
    if (at[length].is(kDigit) || at[length] == U'_') more = 1;
    if (more == 0) return length;
    length += more;
  }
}

void FarMatcher::reset(Place begin) {
  no_hyphenated_before_ = no_www_before_ = no_host_before_ = no_email_before_ = begin;
  file_run_end_ = file_stop_ = file_name_end_ = begin;
}

std::size_t FarMatcher::match_host(Place at) {
  std::size_t longest = 0;
  if (at >= no_www_before_ && literal(at, "www.") > 0) {
    Place piece = at + 4;
    for (;;) {
      const std::size_t size = run_where(piece, is_www_character);
      if (size == 0 || !(piece[size] == U'.')) break;
      piece += size + 1;
      const std::size_t letters = run(piece, kAsciiLetter);
      if (letters < 2) continue;
      const auto head = static_cast<std::size_t>(piece - at);
      const std::size_t host = head + std::min<std::size_t>(letters, 4);
      longest = std::max(longest, letters <= 4 ? with_path(at, host) : host);
    }
    if (longest == 0) no_www_before_ = piece;
  }
  if (at < no_host_before_ || !is_host_character(*at)) return longest;
  std::size_t found = 0;
  Place piece = at;
  for (;;) {
    const std::size_t size = run_where(piece, is_host_character);
    if (size == 0 || !(piece[size] == U'.')) break;
    piece += size + 1;
    for (const std::string_view domain : {"com", "net", "org", "edu"}) {
      const std::size_t letters = literal(piece, domain);
      if (letters == 0) continue;
      found = with_path(at, static_cast<std::size_t>(piece - at) + letters);
    }
  }
  if (found == 0) no_host_before_ = piece;
  return std::max(longest, found);
}

std::size_t FarMatcher::match_email(Place at) {
  Place first = at;
  if (const std::size_t bracket = *at == U'<' ? 1 : literal(at, "&lt;")) first += bracket;
  if (first < no_email_before_ || !first->is(kAsciiAlphanumeric)) return 0;
  const Place last = first + run_where(first, is_mail_character);
  const Place end = end_of_mail_host(first + 1, last);
  if (end == nullptr) {
    no_email_before_ = last;
    return 0;
  }
  auto length = static_cast<std::size_t>(end - at);
  if (*end == U'>') return length + 1;
  // The closing entity begins with symbols that the address has taken already: it closes where
  // the address would also end before it.
  const bool closes = *end == U';' && literal(end - 3, "&gt") > 0 &&
                      end_of_mail_host(first + 1, end - 3) == end - 3;
  return closes ? length + 1 : length;
}

std::size_t FarMatcher::match_file_name(Place at) {
  if (!at->is(kWordCharacter)) return 0;
  if (at >= file_run_end_) find_file_name(at);
  // The name needs something before the full stop of its ending.
  return at < file_stop_ ? static_cast<std::size_t>(file_name_end_ - at) : 0;
}

void FarMatcher::find_file_name(Place at) {
  file_run_end_ = at + run(at, kWordCharacter);
  file_stop_ = at;
  for (;;) {
    const Place mark = file_run_end_;
    if (!one_of(*mark, "-._/") || !mark[1].is(kWordCharacter)) return;
    for (const std::string_view ending : kFileEndings) {
      const std::size_t length = *mark == U'.' ? literal(mark + 1, ending) : 0;
      const Place behind = mark + 1 + length;
      if (length == 0 || !(behind->is(kSpaceOrNewline) || one_of(*behind, ".?!,"))) continue;
      file_stop_ = mark;
      file_name_end_ = behind;
    }
    file_run_end_ += 1 + run(mark + 1, kWordCharacter);
  }
}

}  // namespace sightline::ptb
