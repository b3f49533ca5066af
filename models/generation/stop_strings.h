#pragma once

#include <string>
#include <vector>

#include "models/tokenizers/tokenizer.h"

namespace sightline {

/// The text of an answer as it grows, up to the first stop string. Of several that come with one
/// token, the one that starts first counts.
class StoppedText {
 public:
  /// `stop` holds no empty text.
  StoppedText(const Tokenizer& tokenizer, bool skip_special_tokens, std::vector<std::string> stop);

  /// Adds a token. True once the text has a stop string; it is cut there, and nothing may follow.
  bool push(TokenId id);
  /// The whole text, without a stop string. Called once, at the end.
  std::string finish();

 private:
  bool append(const std::string& piece);

  StreamDecoder decoder_;
  std::vector<std::string> stop_;
  std::size_t longest_ = 0;  // of the stop strings
  std::string text_;
  bool stopped_ = false;
};

/// Stop strings that are special tokens, which the decoded text need not show: their ids.
std::vector<TokenId> stop_tokens(const Tokenizer& tokenizer, const std::vector<std::string>& stop);

}  // namespace sightline
