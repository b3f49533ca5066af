#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "models/tokenizers/regex.h"
#include "models/tokenizers/split_scanners.h"
#include "models/tokenizers/token.h"

namespace sightline {

/// What a `Split` or a `Replace` looks for: fixed words, or a regular expression, which has a
/// hand-written scanner if it is a well-known one and else goes to PCRE2.
class SplitPattern {
 public:
  static SplitPattern of_text(std::string text) { return SplitPattern(std::move(text)); }
  /// Throws `Error` when the expression cannot be used.
  static SplitPattern of_regex(std::string_view regex);

  /// Appends the matches from the left that do not overlap. `text` is well-formed UTF-8.
  void find_all(std::string_view text, std::vector<TextRange>& matches) const;

 private:
  using Search = std::variant<std::string, SplitScanner, Regex>;
  explicit SplitPattern(Search search) : search_(std::move(search)) {}

  Search search_;
};

/// `text` with `content` in place of every match, appended to `result`.
void append_replaced(std::string& result, std::string_view text, const SplitPattern& pattern,
                     std::string_view content);

}  // namespace sightline
