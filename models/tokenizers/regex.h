#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "models/tokenizers/token.h"

struct pcre2_real_code_8;

namespace sightline {

/// A regular expression over Unicode text with the meaning of Oniguruma's Ruby syntax, which
/// tokenizer files are written for, run by PCRE2's compiler to machine code. Where the two engines
/// differ, the pattern is rewritten (\s, \w, scripts) or refused (\h, classes within classes).
/// Safe to use from several threads.
class Regex {
 public:
  /// Throws `Error` that shows the pattern and says what is wrong with it.
  explicit Regex(std::string_view pattern);

  /// Appends the matches in `text` (well-formed UTF-8) that do not overlap, from the left. Throws
  /// `Error` when PCRE2 gives up, which takes a pattern that explodes.
  void find_all(std::string_view text, std::vector<TextRange>& matches) const;

 private:
  struct Free {
    void operator()(pcre2_real_code_8* code) const;
  };
  std::string pattern_;
  std::shared_ptr<pcre2_real_code_8> code_;
};

}  // namespace sightline
