#pragma once

#include <limits>
#include <string>
#include <string_view>

/// The answer normalisation of the VQA evaluation (GT-Vision-Lab/VQA, vqaEval.py), step by step.
/// All text is UTF-8; a function throws `Error` where it meets a broken sequence.
namespace sightline {

/// Where the implementations in use differ from each other.
struct NormalisationRules {
  /// Digits of every script count as digits, and lower case follows the context, as in Python 3;
  /// otherwise digits are ASCII and lower case is one-to-one (Python 2).
  bool python3 = false;
  /// "1,,2" makes its text a number with a comma too, not only "1,2".
  bool comma_runs = false;
  /// Periods deleted at most: the official code hands a flag of value 32 over as the count.
  int max_deleted_periods = 32;
};

inline constexpr NormalisationRules kOfficialNormalisation{};
inline constexpr NormalisationRules kLmmsEvalNormalisation{.python3 = true, .comma_runs = true};
inline constexpr NormalisationRules kBigVisionNormalisation{
    .python3 = true, .max_deleted_periods = std::numeric_limits<int>::max()};
/// mmf and lmms-eval for TextVQA, behind `tokenize_words`.
inline constexpr NormalisationRules kMmfNormalisation = kLmmsEvalNormalisation;

/// Step 1: new lines and tabs become spaces, white space goes at both ends.
std::string clean_answer(std::string_view raw);

/// Steps 2 and 3. Each of ; / [ ] " { } ( ) = + \ _ - > < @ ` , ? ! is deleted when it stands
/// beside a space anywhere in `cleaned`, or when `cleaned` holds a number with a comma; otherwise
/// it becomes a space. Then a period goes unless a digit follows it.
std::string process_punctuation(std::string_view cleaned, const NormalisationRules& rules);

/// Step 4: lower case; number words up to ten become digits, articles go, contractions get their
/// apostrophe; the words are joined by single spaces.
std::string process_digits_and_articles(std::string_view text, const NormalisationRules& rules);

/// Steps 2 to 4.
std::string normalise_answer(std::string_view cleaned, const NormalisationRules& rules);

/// What mmf's EvalAIAnswerProcessor does first: lower case, no commas and question marks, a space
/// before every "'s", no white space at the ends.
std::string tokenize_words(std::string_view raw);

}  // namespace sightline
