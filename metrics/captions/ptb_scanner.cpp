#include "metrics/captions/ptb_scanner.h"

#include <algorithm>

namespace sightline::ptb {

namespace {

/// The best of the matches offered so far.
class Best {
 public:
  /// A match of `length` symbols whose rule saw `ahead` more; none if `length` is 0.
  void offer(Rule rule, std::size_t length, std::size_t ahead = 0) {
    offer_part(rule, length, length, ahead);
  }

  /// The scanner goes on behind `consumed` symbols although the text of the token is longer.
  void offer_part(Rule rule, std::size_t length, std::size_t consumed, std::size_t ahead) {
    if (length == 0) return;
    const std::size_t seen = std::max(length, consumed) + ahead;
    if (seen < seen_ || (seen == seen_ && rule >= match_.rule)) return;
    seen_ = seen;
    match_ = {rule, length, consumed};
  }

  const Match& match() const { return match_; }

 private:
  std::size_t seen_ = 0;
  Match match_;
};

/// cannot, gonna, 'twas: one word in writing, two tokens. The second is what the scanner finds
/// next.
void offer_split_words(Best& best, Place at) {
  for (const std::string_view word : {"cannot", "'twas"}) {
    if (literal(at, word)) best.offer(Rule::kSplitWord, word.size() - 3, 3);
  }
  for (const std::string_view word : {"gonna", "gotta", "lemme", "gimme", "wanna"}) {
    if (literal(at, word)) best.offer(Rule::kSplitWord, word.size() - 2, 2);
  }
  const std::size_t mark = match_apostrophe(at);
  if (mark > 0 && literal(at + mark, "tis")) best.offer(Rule::kSplitWord, mark + 1, 2);
}

void offer_with_stop(Best& best, Rule rule, Place at, std::size_t length) {
  if (length > 0 && at[length] == U'.' && at[length + 1].is(kInSentence)) {
    best.offer(rule, length + 1, 1);
  }
}

void offer_abbreviations(Best& best, Place at) {
  const Abbreviation found = match_abbreviation(at);
  // An acronym before a word that often begins a sentence ends one: its full stop serves twice,
  // except behind a single letter, which is then no acronym.
  const std::size_t acronym = match_acronym(at);
  if (const std::size_t start = acronym == 0 ? 0 : match_sentence_start(at + acronym)) {
    const std::size_t length = acronym == 2 ? 1 : acronym;
    best.offer_part(Rule::kAcronymAtEnd, length, acronym - 1, start + acronym - length);
  }
  if (found.before_number > 0) {
    const Place behind = at + found.before_number;
    const std::size_t space = behind->is(kSpaceOrNewline) ? 1 : 0;
    if (behind[space].is(kDigit)) {
      best.offer(Rule::kAbbreviationBeforeNumber, found.before_number, space + 1);
    }
  }
  best.offer(Rule::kCompany, found.company, 4);
  if (found.seldom_last > 0) {
    if (const std::size_t end = match_sentence_end(at + found.seldom_last)) {
      best.offer_part(Rule::kAbbreviationAtEnd, found.seldom_last, found.seldom_last - 1, end);
    }
  }
  best.offer(Rule::kAbbreviation, found.seldom_last);
  best.offer(Rule::kTitle, found.never_last);
  best.offer(Rule::kAcronym, match_acronym_no_stop(at), 1);
}

/// Rules whose tokens begin with a letter or a mark that stands in words.
void offer_words(Best& best, Place at) {
  const std::size_t word = match_word(at);
  if (word > 0) {
    if (const std::size_t verb = match_contraction(at + word)) {
      best.offer(Rule::kWordBeforeContraction, word, verb);
    }
    best.offer(Rule::kWord, word);
    offer_with_stop(best, Rule::kWordWithStop, at, word);
  }
  if (const std::size_t stem = match_word_before_negation(at)) {
    best.offer(Rule::kWordBeforeNegation, stem, match_negation(at + stem));
  }
  best.offer(Rule::kApostropheWord, match_apostrophe_word(at));
  if (!at->is(kAsciiLetter)) return;
  best.offer(Rule::kProgrammingLanguage, match_programming_language(at));
  offer_split_words(best, at);
  if (literal(at, "y")) {
    const std::size_t mark = match_apostrophe(at + 1);
    if (mark > 0 && at[1 + mark].is(kLetter)) best.offer(Rule::kApostropheY, 1 + mark, 1);
  }
  best.offer(Rule::kUrl, match_url(at));
  best.offer(Rule::kNegation, match_negation(at));
  if (one_of(*at, "CPASpcas")) best.offer(Rule::kSpecial, match_special(at));
  best.offer(Rule::kExclaimedName, match_exclaimed_name(at));
  const std::size_t capitals = run(at, kAsciiUpper);
  if (at[capitals] == U'$') best.offer(Rule::kDollar, capitals + 1);
  offer_abbreviations(best, at);
  const std::size_t initials = match_initials(at);
  best.offer(Rule::kInitials, initials);
  offer_with_stop(best, Rule::kInitialsWithStop, at, initials);
}

/// Rules whose tokens begin with a letter or a digit of any script.
void offer_things(Best& best, Place at, FarMatcher& far) {
  best.offer(Rule::kSlashed, match_slashed(at));
  const std::size_t hyphenated = far.match_hyphenated(at);
  best.offer(Rule::kHyphenated, hyphenated);
  offer_with_stop(best, Rule::kHyphenatedWithStop, at, hyphenated);
  const std::size_t thing = match_thing(at);
  best.offer(Rule::kThing, thing);
  offer_with_stop(best, Rule::kThingWithStop, at, thing);
}

void offer_numbers(Best& best, Place at) {
  best.offer(Rule::kDate, match_date(at));
  best.offer(Rule::kNumber, match_number(at));
  best.offer(Rule::kFraction, match_fraction(at));
  best.offer(Rule::kPhone, match_phone(at));
}

void offer_quotes(Best& best, Place at) {
  if (const std::size_t mark = match_apostrophe(at)) {
    best.offer(Rule::kApostropheWord, match_apostrophe_word(at));
    offer_split_words(best, at);
    const std::size_t verb = match_contraction(at);
    if (verb > 0 && !at[verb].is(kAsciiLetter | kEnd)) best.offer(Rule::kContraction, verb, 1);
    best.offer(Rule::kLateContraction, verb);
    if (at[mark].is(kAsciiDigit) && at[mark + 1].is(kAsciiDigit) &&
        at[mark + 2].is(kSpaceOrNewline)) {
      best.offer(Rule::kYear, mark + 2, 1);
    }
  }
  if (const std::size_t quote = match_double_quote(at)) {
    if (at[quote].is(kAsciiAlphanumeric) || at[quote] == U'$') {
      best.offer(Rule::kOpeningDoubleQuote, quote, 1);
    }
    best.offer(Rule::kDoubleQuote, quote);
  }
  best.offer(Rule::kOpeningQuote, match_quotes_before_word(at), 2);
  best.offer(Rule::kQuote, match_quotes(at));
}

void offer_entities(Best& best, Place at) {
  best.offer(Rule::kDash, match_dash_entity(at));
  best.offer(Rule::kAmpersand, literal(at, "&amp;"));
  best.offer(Rule::kMarkEntity, match_mark_entity(at));
  best.offer(Rule::kLess, literal(at, "&lt;"));
  best.offer(Rule::kGreater, literal(at, "&gt;"));
  best.offer(Rule::kSkipped, literal(at, "&nbsp;"));
}

std::size_t run_of(Place at, char32_t code) {
  std::size_t length = 0;
  while (at[length] == code) ++length;
  return length;
}

void offer_ascii_marks(Best& best, Place at) {
  switch (at->code) {
    case '<':
    case '>':
      best.offer(Rule::kTag, match_tag(at));
      best.offer(*at == U'<' ? Rule::kLess : Rule::kGreater, 1);
      if (at[1] == at->code) best.offer(Rule::kSymbol, 2);
      break;
    case '#':
    case '@':
      best.offer(Rule::kTwitter, match_twitter(at));
      if (*at == U'#') best.offer(Rule::kDollar, 1);
      best.offer(Rule::kMarks, run_of(at, at->code));
      break;
    case '-':
      best.offer(Rule::kSpecial, match_special(at));
      best.offer(Rule::kHyphens, run_of(at, U'-'));
      break;
    case '$':
      best.offer(Rule::kDollar, 1);
      break;
    case '_':
    case '=':
      best.offer(Rule::kMarks, run_of(at, at->code));
      break;
    case '*':
    case '\\':
      best.offer(Rule::kMarks, match_asterisks(at));
      break;
    case '?':
    case '!':
      best.offer(Rule::kMarks, [&] {
        std::size_t length = 0;
        while (one_of(at[length], "?!")) ++length;
        return length;
      }());
      break;
    case '/':
      best.offer(Rule::kMarks, 1);
      break;
    case '(':
    case ')':
    case '[':
    case ']':
    case '{':
    case '}':
      best.offer(Rule::kBracket, 1);
      break;
    default:
      break;
  }
  if (one_of(*at, "-^=~<>'(")) best.offer(Rule::kSmiley, match_asian_smiley(at));
  if (one_of(*at, "<>:;=")) best.offer(Rule::kSmiley, match_smiley(at));
}

void offer_marks(Best& best, Place at) {
  offer_ascii_marks(best, at);
  if (at->is(kDash)) best.offer(Rule::kDash, 1);
  if (at->is(kInSentence | kStop)) best.offer(Rule::kMarks, 1);
  best.offer(Rule::kDots, match_dots(at));
  if (at->is(kSuperscript | kSubscript | kScriptSign)) {
    best.offer(Rule::kScriptNumber, match_script_number(at));
  }
  if (at->is(kFractionSign)) best.offer(Rule::kFractionSign, 1);
  if (at->is(kCurrency)) best.offer(Rule::kCurrency, 1);
  if (at->is(kSymbol)) best.offer(Rule::kSymbol, 1);
  best.offer(Rule::kSkipped, run(at, kSpace));
}

}  // namespace

void Scanner::begin(const SymbolText& text) {
  far_.reset(text.begin());
  has_at_sign_ = text.has_at_sign();
  has_inner_stop_ = text.has_inner_stop();
}

Match Scanner::next(Place at) {
  Best best;
  if (has_inner_stop_) {
    best.offer(Rule::kHost, far_.match_host(at));
    if (const std::size_t name = far_.match_file_name(at)) {
      best.offer(Rule::kFileName, name, 1);
    }
  }
  if (has_at_sign_) best.offer(Rule::kEmail, far_.match_email(at));
  if (at->is(kWordLetter | kLetter) || *at == U'&') offer_words(best, at);
  if (at->is(kWordCharacter)) offer_things(best, at, far_);
  if (at->is(kDigit) || one_of(*at, "+-.,(") || *at == char32_t{0x066B} ||
      *at == char32_t{0x066C}) {
    offer_numbers(best, at);
  }
  if (at->is(kApostrophe | kOpenSingle | kQuoteMark) || one_of(*at, "\"&")) offer_quotes(best, at);
  if (*at == U'&') offer_entities(best, at);
  if (*at == U'x') best.offer(Rule::kSmiley, match_asian_smiley(at));
  offer_marks(best, at);
  return best.match();
}

}  // namespace sightline::ptb
