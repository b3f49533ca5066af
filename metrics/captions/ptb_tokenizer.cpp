#include "metrics/captions/ptb_tokenizer.h"

#include <algorithm>

#include "harness/base/text.h"
#include "harness/base/unicode.h"

namespace sightline {

namespace {

using ptb::Match;
using ptb::Place;
using ptb::Rule;
using ptb::Symbol;

constexpr char32_t kSoftHyphen = 0xAD;
constexpr char32_t kNoBreakSpace = 0xA0;

/// A token: symbols [begin, end).
struct Token {
  Place begin, end;
};

void append_symbol(std::string& line, const Symbol& symbol) {
  if (symbol.code < 0x80) {
    line += static_cast<char>(symbol.code);
  } else {
    append_utf8(line, symbol.code);
  }
}

/// Brings the end of `line` from `begin` on into lower case, word by word as Java and Python do.
void lower_from(std::string& line, std::size_t begin) {
  bool ascii = true;
  for (std::size_t i = begin; i < line.size(); ++i) {
    if (line[i] >= 'A' && line[i] <= 'Z') line[i] = static_cast<char>(line[i] + 32);
    ascii = ascii && static_cast<unsigned char>(line[i]) < 0x80;
  }
  if (!ascii) line.replace(begin, std::string::npos, to_lower_in_context(line.substr(begin)));
}

void append_plain(std::string& line, const Token& token) {
  for (Place at = token.begin; at < token.end; ++at) append_symbol(line, *at);
}

/// Without soft hyphens; a token of nothing else is a hyphen.
void append_without_soft_hyphens(std::string& line, const Token& token) {
  const std::size_t before = line.size();
  for (Place at = token.begin; at < token.end; ++at) {
    if (!(*at == kSoftHyphen)) append_symbol(line, *at);
  }
  if (line.size() == before) line += '-';
}

/// Spaces inside become no-break spaces, round brackets their escapes.
void append_escaped(std::string& line, const Token& token, bool brackets) {
  for (Place at = token.begin; at < token.end; ++at) {
    if (*at == U' ') {
      append_utf8(line, kNoBreakSpace);
    } else if (brackets && (*at == U'(' || *at == U')')) {
      line += *at == U'(' ? "-lrb-" : "-rrb-";
    } else {
      append_symbol(line, *at);
    }
  }
}

/// The quote that stands for a symbol in Penn Treebank text, or nothing.
std::string_view treebank_quote(char32_t code, bool opening) {
  switch (code) {
    case '\'':
      return opening ? "`" : "'";
    case '"':
      return opening ? "``" : "''";
    case 0x91:
    case 0x2018:
    case 0x201B:
    case 0x2039:
      return "`";
    case 0x92:
    case 0x2019:
    case 0x203A:
      return "'";
    case 0x93:
    case 0x201C:
    case 0xAB:
      return "``";
    case 0x94:
    case 0x201D:
    case 0xBB:
      return "''";
    default:
      return {};
  }
}

void append_quotes(std::string& line, const Token& token, bool opening) {
  for (Place at = token.begin; at < token.end; ++at) {
    char32_t code = at->code;
    if (const std::size_t entity = ptb::literal(at, "&apos;")) {
      at += entity - 1;
      code = U'\'';
    } else if (const std::size_t double_entity = ptb::literal(at, "&quot;")) {
      at += double_entity - 1;
      code = U'"';
    }
    const std::string_view quote = treebank_quote(code, opening);
    if (quote.empty()) {
      append_symbol(line, *at);
    } else {
      line += quote;
    }
  }
}

void append_ampersands(std::string& line, const Token& token) {
  for (Place at = token.begin; at < token.end; ++at) {
    if (const std::size_t entity = ptb::literal(at, "&amp;")) {
      line += '&';
      at += entity - 1;
    } else {
      append_symbol(line, *at);
    }
  }
}

/// Signs that the Treebank of the Wall Street Journal writes in another way.
std::string_view treebank_sign(char32_t code) {
  switch (code) {
    case 0xA2:
      return "cents";
    case 0xA3:
      return "#";
    case 0x80:
    case 0xA4:
    case 0x20A0:
    case 0x20AC:
      return "$";
    case 0xBC:
      return "1/4";
    case 0xBD:
      return "1/2";
    case 0xBE:
      return "3/4";
    case 0x2153:
      return "1/3";
    case '(':
      return "-lrb-";
    case ')':
      return "-rrb-";
    case '[':
      return "-lsb-";
    case ']':
      return "-rsb-";
    case '{':
      return "-lcb-";
    case '}':
      return "-rcb-";
    default:
      return {};
  }
}

void append_sign(std::string& line, const Token& token) {
  const std::string_view sign = treebank_sign(token.begin->code);
  if (sign.empty()) {
    append_plain(line, token);
  } else {
    line += sign;
  }
}

void append_token(std::string& line, Rule rule, const Token& token) {
  switch (rule) {
    case Rule::kTag:
    case Rule::kFraction:
      return append_escaped(line, token, false);
    case Rule::kPhone:
    case Rule::kSmiley:
      return append_escaped(line, token, true);
    case Rule::kDash:
      line += "--";
      return;
    case Rule::kDots:
      line += "...";
      return;
    case Rule::kLess:
      line += '<';
      return;
    case Rule::kGreater:
      line += '>';
      return;
    case Rule::kHyphens:
      if (token.end - token.begin == 3 || token.end - token.begin == 4) {
        line += "--";
        return;
      }
      return append_plain(line, token);
    case Rule::kWordBeforeContraction:
    case Rule::kWordBeforeNegation:
    case Rule::kWord:
    case Rule::kWordWithStop:
    case Rule::kNumber:
    case Rule::kHyphenated:
    case Rule::kHyphenatedWithStop:
      return append_without_soft_hyphens(line, token);
    case Rule::kOpeningQuote:
    case Rule::kOpeningDoubleQuote:
      return append_quotes(line, token, true);
    case Rule::kContraction:
    case Rule::kLateContraction:
    case Rule::kNegation:
    case Rule::kThing:
    case Rule::kThingWithStop:
    case Rule::kDoubleQuote:
    case Rule::kQuote:
      return append_quotes(line, token, false);
    case Rule::kAmpersand:
    case Rule::kSpecial:
    case Rule::kInitials:
    case Rule::kInitialsWithStop:
      return append_ampersands(line, token);
    case Rule::kCurrency:
    case Rule::kFractionSign:
    case Rule::kBracket:
      return append_sign(line, token);
    default:
      return append_plain(line, token);
  }
}

bool is_removed_punctuation(std::string_view token) {
  switch (token.size()) {
    case 1:
      return std::string_view("'`.?!,:-;").find(token[0]) != std::string_view::npos;
    case 2:
      return token == "''" || token == "``" || token == "--";
    case 3:
      return token == "...";
    default:
      return false;
  }
}

bool is_line_space(const Symbol& symbol) {
  return symbol.code == ' ' || symbol.code == '\n';
}

/// Whether the ASCII letters [at, at + letters) are a token by themselves, for certain: before a
/// space, and before a comma or full stop that a space follows. Only the words that split and
/// the abbreviations differ there.
bool is_plain_word(Place at, std::size_t letters) {
  const Symbol& behind = at[letters];
  const bool stop = behind.code == '.';
  if (stop || behind.code == ',') {
    if (!is_line_space(at[letters + 1])) return false;
    if (stop && ptb::may_be_abbreviation(at->code, letters)) return false;
  } else if (!is_line_space(behind)) {
    return false;
  }
  return !(letters == 5 || letters == 6) || !ptb::one_of(*at, "cglwCGLW");
}

/// Whether a comma or full stop is a token by itself, for certain.
bool is_plain_mark(Place at) {
  if (at->code != '.' && at->code != ',') return false;
  return at[1].code == '\n' || (at[1].code == ' ' && at[2].code != '.');
}

}  // namespace

void PtbTokenizer::run(std::string_view caption, std::string_view next_line,
                       bool drop_punctuation) {
  text_.assign(caption, next_line);
  scanner_.begin(text_);
  line_.clear();
  for (Place at = text_.begin(); at < text_.end();) {
    if (at->code == ' ') {
      ++at;
      continue;
    }
    Match match;
    const std::size_t letters = ptb::run(at, ptb::kAsciiLetter);
    if (letters > 0 && is_plain_word(at, letters)) {
      match = {Rule::kTitle, letters, letters};
    } else if (is_plain_mark(at)) {
      match = {Rule::kMarks, 1, 1};
    } else {
      match = scanner_.next(at);
    }
    if (match.rule != Rule::kSkipped) {
      const std::size_t before = line_.size();
      if (before > 0) line_ += ' ';
      const std::size_t start = line_.size();
      append_token(line_, match.rule, {at, at + match.length});
      lower_from(line_, start);
      if (drop_punctuation && is_removed_punctuation(std::string_view(line_).substr(start))) {
        line_.resize(before);
      }
    }
    at += match.consumed;
  }
}

std::string_view PtbTokenizer::tokenize(std::string_view caption, std::string_view next_line) {
  run(caption, next_line, false);
  return line_;
}

std::string_view PtbTokenizer::caption(std::string_view caption) {
  run(caption, {}, true);
  return line_;
}

std::string ptb_tokenize(std::string_view caption, std::string_view next_line) {
  return std::string(PtbTokenizer().tokenize(caption, next_line));
}

std::string caption_tokens(std::string_view caption) {
  return std::string(PtbTokenizer().caption(caption));
}

}  // namespace sightline
