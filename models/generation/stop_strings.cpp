#include "models/generation/stop_strings.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace sightline {

StoppedText::StoppedText(const Tokenizer& tokenizer, bool skip_special_tokens,
                         std::vector<std::string> stop)
    : decoder_(tokenizer, {.skip_special_tokens = skip_special_tokens}), stop_(std::move(stop)) {
  for (const std::string& text : stop_) longest_ = std::max(longest_, text.size());
}

bool StoppedText::push(TokenId id) {
  return append(decoder_.push(id));
}

std::string StoppedText::finish() {
  if (!stopped_) append(decoder_.finish());
  return std::move(text_);
}

bool StoppedText::append(const std::string& piece) {
  // A stop string may have begun in what was there before.
  const std::size_t from = text_.size() - std::min(text_.size(), longest_);
  text_ += piece;
  std::size_t first = std::string::npos;
  for (const std::string& stop : stop_) first = std::min(first, text_.find(stop, from));
  if (first != std::string::npos) {
    text_.resize(first);
    stopped_ = true;
  }
  return stopped_;
}

std::vector<TokenId> stop_tokens(const Tokenizer& tokenizer, const std::vector<std::string>& stop) {
  std::vector<TokenId> ids;
  for (const std::string& text : stop) {
    const std::optional<TokenId> id = tokenizer.token_to_id(text);
    if (id && tokenizer.is_special(*id)) ids.push_back(*id);
  }
  return ids;
}

}  // namespace sightline
