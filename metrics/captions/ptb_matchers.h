#pragma once

#include <cstddef>
#include <string_view>

#include "metrics/captions/ptb_symbols.h"

/// What the rules of the Penn Treebank tokenizer match at a place of the text. A matcher returns
/// the number of symbols of the longest match that begins there, 0 where there is none. Words in
/// literals match in either case, character classes in the case they name.
namespace sightline::ptb {

using Place = const Symbol*;

/// `lower` (ASCII, lower case) in any case.
inline std::size_t literal(Place at, std::string_view lower) {
  for (std::size_t i = 0; i < lower.size(); ++i) {
    char32_t code = at[i].code;
    if (code >= 'A' && code <= 'Z') code += 'a' - 'A';
    if (code != static_cast<unsigned char>(lower[i])) return 0;
  }
  return lower.size();
}

/// The number of symbols of the run whose classes meet `any_of`.
inline std::size_t run(Place at, std::uint32_t any_of) {
  std::size_t length = 0;
  while (at[length].is(any_of)) ++length;
  return length;
}

/// Whether the symbol is one of `ascii`, in the case given.
inline bool one_of(const Symbol& symbol, std::string_view ascii) {
  for (const char c : ascii) {
    if (symbol == static_cast<unsigned char>(c)) return true;
  }
  return false;
}

// Words (ptb_words.cpp).
std::size_t match_apostrophe(Place at);       ///< ' and its curly and entity forms
std::size_t match_apostrophe_like(Place at);  ///< those, and left single quotes
std::size_t match_word_letter(Place at);      ///< a letter of words, or an entity such as &eacute;
std::size_t match_word(Place at);             ///< letters and digits, also "end.Start"
std::size_t match_contraction(Place at);      ///< 's 'm 'd 're 've 'll
std::size_t match_negation(Place at);         ///< n't
std::size_t match_word_before_negation(Place at);  ///< "do" of "don't"
std::size_t match_apostrophe_word(Place at);       ///< 'em, ma'am, c'mon, '90s
std::size_t match_thing(Place at);                 ///< hyphenated words, also d'Artagnan-like
std::size_t match_slashed(Place at);               ///< and/or, one-two/three
std::size_t match_initials(Place at);              ///< AT&T, A+B
std::size_t match_special(Place at);               ///< -LRB-, S&P-500, pro-, cap'n
std::size_t match_exclaimed_name(Place at);        ///< Yahoo!
std::size_t match_programming_language(Place at);  ///< C++, C#

// Numbers (ptb_numbers.cpp).
std::size_t match_date(Place at);           ///< 12/25/2014
std::size_t match_number(Place at);         ///< -1,000.5, 12:30
std::size_t match_script_number(Place at);  ///< superscripts and subscripts
std::size_t match_fraction(Place at);       ///< 1/2, 3 1/2
std::size_t match_phone(Place at);          ///< (650) 723-2300

// Abbreviations (ptb_abbreviations.cpp).
struct Abbreviation {
  std::size_t seldom_last = 0;    ///< before upper case it ends a sentence: Inc. Jan. etc.
  std::size_t never_last = 0;     ///< it goes on: Mr. vs. a.m. B.
  std::size_t before_number = 0;  ///< one only before a digit: No. fig.
  std::size_t company = 0;        ///< Co. Pty. before Ltd.
};
/// The abbreviations at a place, their full stop included.
Abbreviation match_abbreviation(Place at);
std::size_t match_acronym(Place at);          ///< U.S. a.m. B., with the last full stop
std::size_t match_acronym_no_stop(Place at);  ///< U.S before white space
/// Whether an abbreviation of so many letters begins with the letter; single letters are some.
bool may_be_abbreviation(char32_t first, std::size_t letters);
/// White space, then upper case, white space or a tag.
std::size_t match_sentence_end(Place at);
/// White space, a word that often begins a sentence (or a tag), and white space.
std::size_t match_sentence_start(Place at);

// Mark-up and addresses (ptb_markup.cpp).
std::size_t match_tag(Place at);          ///< <br>, </b>, <a href="x">
std::size_t match_dash_entity(Place at);  ///< &mdash;
std::size_t match_mark_entity(Place at);  ///< &#39; and the marks of old corpora
std::size_t match_url(Place at);          ///< http://...
std::size_t match_twitter(Place at);      ///< @user, #topic

/// Matchers that look far ahead. They remember how far a look went in vain, so that a long text
/// without spaces stays linear. They are for the places of one text, from left to right.
class FarMatcher {
 public:
  /// Begins a text.
  void reset(Place begin);
  std::size_t match_hyphenated(Place at);  ///< ASCII, with numbers: 1.5-million, x-U.S. a,b-c
  std::size_t match_host(Place at);        ///< www.example.com/page, example.com
  std::size_t match_email(Place at);       ///< user@example.com
  std::size_t match_file_name(Place at);   ///< notes.txt, before white space or a mark

 private:
  void find_file_name(Place at);

  Place no_hyphenated_before_ = nullptr;
  Place no_www_before_ = nullptr;
  Place no_host_before_ = nullptr;
  Place no_email_before_ = nullptr;
  Place file_run_end_ = nullptr;  ///< the letters, digits and marks looked through for a name
  Place file_stop_ = nullptr;     ///< the full stop before its ending
  Place file_name_end_ = nullptr;
};

// Marks (ptb_marks.cpp).
std::size_t match_dots(Place at);    ///< ... . . . and the ellipsis
std::size_t match_quotes(Place at);  ///< quotes that are a token
/// Quotes before a letter and another character, thus before a word.
std::size_t match_quotes_before_word(Place at);
std::size_t match_double_quote(Place at);  ///< " &quot;
std::size_t match_smiley(Place at);        ///< :-) before no letter or digit
std::size_t match_asian_smiley(Place at);  ///< ^_^
std::size_t match_asterisks(Place at);     ///< ** \*

}  // namespace sightline::ptb
