#include "models/tokenizers/split_pattern.h"

namespace sightline {

namespace {

struct FindAll {
  std::string_view text;
  std::vector<TextRange>& matches;

  void operator()(const std::string& wanted) const {
    if (wanted.empty()) return;
    for (std::size_t at = text.find(wanted); at != text.npos;
         at = text.find(wanted, at + wanted.size())) {
      matches.push_back({at, at + wanted.size()});
    }
  }
  void operator()(SplitScanner scanner) const { scanner(text, matches); }
  void operator()(const Regex& regex) const { regex.find_all(text, matches); }
};

}  // namespace

SplitPattern SplitPattern::of_regex(std::string_view regex) {
  if (const SplitScanner scanner = find_scanner(regex)) return SplitPattern(scanner);
  return SplitPattern(Regex(regex));
}

void SplitPattern::find_all(std::string_view text, std::vector<TextRange>& matches) const {
  std::visit(FindAll{text, matches}, search_);
}

void append_replaced(std::string& result, std::string_view text, const SplitPattern& pattern,
                     std::string_view content) {
  std::vector<TextRange> matches;
  pattern.find_all(text, matches);
  std::size_t from = 0;
  for (const TextRange& match : matches) {
    result += text.substr(from, match.begin - from);
    result += content;
    from = match.end;
  }
  result += text.substr(from);
}

}  // namespace sightline
