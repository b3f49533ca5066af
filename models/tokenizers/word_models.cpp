#include "models/tokenizers/word_models.h"

#include "harness/base/text.h"
#include "models/tokenizers/unicode_classes.h"

namespace sightline {

void WordPiece::encode(std::string_view word, std::vector<TokenId>& tokens) const {
  const std::size_t before = tokens.size();
  if (count_code_points(word) > options_.max_characters) return tokens.push_back(options_.unknown);
  std::string candidate;
  for (std::size_t begin = 0, end = 0; begin < word.size(); begin = end) {
    candidate = begin > 0 ? options_.continuing_prefix : std::string();
    const std::size_t prefix = candidate.size();
    candidate += word.substr(begin);
    TokenId token = kNoToken;
    for (end = word.size(); end > begin; end = start_of_last(word, end)) {
      token = vocabulary_->find(std::string_view(candidate).substr(0, prefix + end - begin));
      if (token != kNoToken) break;
    }
    if (token == kNoToken) {
      tokens.resize(before);
      return tokens.push_back(options_.unknown);
    }
    tokens.push_back(token);
  }
}

}  // namespace sightline
