#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "models/tokenizers/token.h"
#include "models/tokenizers/vocabulary.h"

namespace sightline {

struct WordPieceOptions {
  TokenId unknown = kNoToken;
  std::string continuing_prefix = "##";  ///< of tokens inside a word
  std::size_t max_characters = 100;      ///< a longer word is unknown
};

/// Greedy longest match from the left, as BERT has it: a word with a part that has no token is
/// unknown as a whole.
class WordPiece {
 public:
  /// `vocabulary` must outlive this object.
  WordPiece(const Vocabulary& vocabulary, WordPieceOptions options)
      : vocabulary_(&vocabulary), options_(std::move(options)) {}

  void encode(std::string_view word, std::vector<TokenId>& tokens) const;

 private:
  const Vocabulary* vocabulary_;
  WordPieceOptions options_;
};

/// A piece is one token, or unknown.
class WordLevel {
 public:
  /// `vocabulary` must outlive this object.
  WordLevel(const Vocabulary& vocabulary, TokenId unknown)
      : vocabulary_(&vocabulary), unknown_(unknown) {}

  void encode(std::string_view word, std::vector<TokenId>& tokens) const {
    const TokenId token = vocabulary_->find(word);
    tokens.push_back(token == kNoToken ? unknown_ : token);
  }

 private:
  const Vocabulary* vocabulary_;
  TokenId unknown_;
};

}  // namespace sightline
