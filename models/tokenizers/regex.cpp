#include "models/tokenizers/regex.h"

#include "harness/base/error.h"
#include "models/tokenizers/unicode_classes.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

namespace sightline {

namespace {

const auto* as_pcre(std::string_view text) {
  return reinterpret_cast<PCRE2_SPTR>(text.data());
}

std::string describe(int code) {
  std::string message(256, '\0');
  const int length =
      pcre2_get_error_message(code, reinterpret_cast<PCRE2_UCHAR*>(message.data()), message.size());
  message.resize(length < 0 ? 0 : static_cast<std::size_t>(length));
  return message;
}

struct Compiled {
  pcre2_code* code = nullptr;
  int error = 0;
  PCRE2_SIZE at = 0;
};

Compiled compile(std::string_view pattern) {
  // Ruby's anchors look at lines; its only line end is the line feed.
  constexpr std::uint32_t kOptions = PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE;
  pcre2_compile_context* context = pcre2_compile_context_create(nullptr);
  pcre2_set_newline(context, PCRE2_NEWLINE_LF);
  Compiled result;
  result.code =
      pcre2_compile(as_pcre(pattern), pattern.size(), kOptions, &result.error, &result.at, context);
  pcre2_compile_context_free(context);
  return result;
}

bool compiles(std::string_view pattern) {
  const Compiled result = compile(pattern);
  pcre2_code_free(result.code);
  return result.code != nullptr;
}

/// Rewrites a pattern from Oniguruma's meaning to PCRE2's.
class Translator {
 public:
  explicit Translator(std::string_view pattern) : pattern_(pattern) {}

  std::string run() {
    while (at_ < pattern_.size()) {
      const char c = pattern_[at_];
      if (c == '\\') {
        escape();
      } else if (in_class_) {
        inside_class(c);
      } else {
        outside_class(c);
      }
    }
    return std::move(result_);
  }

 private:
  void outside_class(char c) {
    const std::string_view rest = pattern_.substr(at_);
    if (rest.starts_with("}+")) refuse("'}+', whose meaning differs between engines");
    if (rest.starts_with("(?m")) refuse("'(?m', whose meaning differs between engines");
    in_class_ = c == '[';
    result_ += c;
    ++at_;
    if (in_class_) first_in_class();
  }

  /// "]" right behind "[" or "[^" stands for itself.
  void first_in_class() {
    for (const char sign : {'^', ']'}) {
      if (at_ < pattern_.size() && pattern_[at_] == sign) {
        result_ += sign;
        ++at_;
      }
    }
  }

  void inside_class(char c) {
    if (c == '[' && pattern_.substr(at_, 2) != "[:") refuse("a character class inside another");
    if (pattern_.substr(at_, 2) == "&&") refuse("an intersection of character classes ('&&')");
    if (c == '[') {
      const std::size_t close = pattern_.find(":]", at_);
      if (close == std::string_view::npos) refuse("a '[:' that nothing closes");
      result_ += pattern_.substr(at_, close + 2 - at_);
      at_ = close + 2;
      return;
    }
    if (c == ']') in_class_ = false;
    result_ += c;
    ++at_;
  }

  void escape() {
    if (at_ + 1 == pattern_.size()) refuse("a backslash at its end");
    const char c = pattern_[at_ + 1];
    at_ += 2;
    if (c == 's') {
      result_ += R"(\p{WSpace})";
    } else if (c == 'S') {
      result_ += R"(\P{WSpace})";
    } else if (c == 'w' && in_class_) {
      result_ += kWord;
    } else if (c == 'w') {
      result_ += '[' + std::string(kWord) + ']';
    } else if (c == 'W' && !in_class_) {
      result_ += "[^" + std::string(kWord) + ']';
    } else if (std::string_view("hHWbBRXKG").find(c) != std::string_view::npos) {
      refuse(fmt::format("'\\{}', whose meaning differs between engines", c));
    } else if ((c == 'p' || c == 'P') && pattern_.substr(at_, 1) == "{") {
      property(c);
    } else {
      result_ += {'\\', c};
    }
  }

  /// PCRE2 takes the bare name of a script for its extensions, Oniguruma for the script alone.
  void property(char sign) {
    const std::size_t close = pattern_.find('}', at_);
    if (close == std::string_view::npos) refuse("a '\\p{' that nothing closes");
    std::string_view name = pattern_.substr(at_ + 1, close - at_ - 1);
    at_ = close + 1;
    bool negated = sign == 'P';
    if (name.starts_with('^')) {
      negated = !negated;
      name.remove_prefix(1);
    }
    const std::string script = fmt::format(R"(\p{{sc:{}}})", name);
    const bool is_script = name.size() > 2 && compiles(script);
    result_ += fmt::format("\\{}{{{}{}}}", negated ? 'P' : 'p', is_script ? "sc:" : "", name);
  }

  [[noreturn]] void refuse(std::string_view what) const {
    fail("the regular expression {} has {}, which is not supported", pattern_, what);
  }

  static constexpr std::string_view kWord = R"(\p{Alphabetic}\p{M}\p{Nd}\p{Pc})";

  std::string_view pattern_;
  std::size_t at_ = 0;
  bool in_class_ = false;
  std::string result_;
};

struct MatchData {
  explicit MatchData(const pcre2_code* code)
      : data(pcre2_match_data_create_from_pattern(code, nullptr)) {}
  ~MatchData() { pcre2_match_data_free(data); }
  MatchData(const MatchData&) = delete;
  MatchData& operator=(const MatchData&) = delete;

  pcre2_match_data* data;
};

}  // namespace

void Regex::Free::operator()(pcre2_real_code_8* code) const {
  pcre2_code_free(code);
}

Regex::Regex(std::string_view pattern) : pattern_(pattern) {
  const Compiled compiled = compile(Translator(pattern).run());
  require(compiled.code != nullptr, "the regular expression {} is not understood: {}", pattern_,
          describe(compiled.error));
  code_.reset(compiled.code, Free{});
  // Without a compiler for this processor the interpreter finds the same matches.
  pcre2_jit_compile(code_.get(), PCRE2_JIT_COMPLETE);
}

void Regex::find_all(std::string_view text, std::vector<TextRange>& matches) const {
  const MatchData match(code_.get());
  std::size_t at = 0, last_end = std::string_view::npos;
  while (at <= text.size()) {
    int found = pcre2_match(code_.get(), as_pcre(text), text.size(), at, PCRE2_NO_UTF_CHECK,
                            match.data, nullptr);
    if (found == PCRE2_ERROR_JIT_STACKLIMIT) {
      found = pcre2_match(code_.get(), as_pcre(text), text.size(), at,
                          PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, match.data, nullptr);
    }
    if (found == PCRE2_ERROR_NOMATCH) return;
    require(found > 0, "the regular expression {} could not be matched: {}", pattern_,
            describe(found));
    const PCRE2_SIZE* ends = pcre2_get_ovector_pointer(match.data);
    const TextRange range{ends[0], ends[1]};
    // An empty match right behind another match is none.
    if (range.size() > 0 || range.begin != last_end) matches.push_back(range);
    last_end = range.end;
    at = range.end;
    if (range.size() > 0) continue;
    if (at == text.size()) return;
    at += character_at(text, at).length;
  }
}

}  // namespace sightline
