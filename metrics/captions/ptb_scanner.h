#pragma once

#include <cstddef>

#include "metrics/captions/ptb_matchers.h"

namespace sightline::ptb {

/// The rules of the tokenizer, the first of equally long matches winning. What each rule does to
/// the text of its token is in ptb_tokenizer.cpp.
enum class Rule {
  kProgrammingLanguage,
  kSplitWord,
  kTag,
  kDash,
  kAmpersand,
  kMarkEntity,
  kWordBeforeContraction,
  kWordBeforeNegation,
  kWord,
  kApostropheWord,
  kApostropheY,
  kUrl,
  kHost,
  kEmail,
  kTwitter,
  kContraction,
  kNegation,
  kDate,
  kNumber,
  kScriptNumber,
  kFraction,
  kFractionSign,
  kSpecial,
  kExclaimedName,
  kSlashed,
  kDollar,
  kCurrency,
  kAcronymAtEnd,
  kAbbreviationBeforeNumber,
  kCompany,
  kAbbreviationAtEnd,
  kAbbreviation,
  kTitle,
  kAcronym,
  kYear,
  kFileName,
  kWordWithStop,
  kPhone,
  kOpeningDoubleQuote,
  kDoubleQuote,
  kLess,
  kGreater,
  kSmiley,
  kBracket,
  kHyphens,
  kDots,
  kMarks,
  kHyphenatedWithStop,
  kHyphenated,
  kThingWithStop,
  kThing,
  kInitialsWithStop,
  kInitials,
  kOpeningQuote,
  kLateContraction,
  kQuote,
  kSymbol,
  kSkipped,
};

/// The token at a place: `length` symbols are its text, the scanner goes on behind `consumed`.
struct Match {
  Rule rule = Rule::kSkipped;
  std::size_t length = 1;
  std::size_t consumed = 1;
};

/// Finds tokens: of all rules that match at a place the one that sees furthest wins (what a rule
/// wants to see behind its token included), then the first in the order of `Rule`. A character no
/// rule knows is skipped.
class Scanner {
 public:
  /// Begins a text. It has to outlive the calls of `next`.
  void begin(const SymbolText& text);

  /// `at` is before the end of the text.
  Match next(Place at);

 private:
  FarMatcher far_;
  bool has_at_sign_ = false;
  bool has_inner_stop_ = false;
};

}  // namespace sightline::ptb
