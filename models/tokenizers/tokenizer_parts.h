#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "models/tokenizers/added_tokens.h"
#include "models/tokenizers/bpe.h"
#include "models/tokenizers/components.h"
#include "models/tokenizers/vocabulary.h"
#include "models/tokenizers/word_models.h"

namespace sightline {

using TokenModel = std::variant<Bpe, WordPiece, WordLevel>;

/// What a tokenizer is made of, as its file describes it.
struct TokenizerParts {
  std::unique_ptr<const Vocabulary> vocabulary;  ///< of the model; never null
  std::optional<TokenModel> model;               ///< never empty
  std::vector<AddedToken> added_tokens;
  AddedTokenMatcher raw_matcher, normalized_matcher;
  Normalizer normalizer;
  PreTokenizer pre_tokenizer;
  PostProcessor post_processor;
  std::vector<DecodeStageMaker> decode_stages;
  std::vector<TokenId> silent_tokens;  ///< that decoding never shows
  /// What decoding shows for the unknown token if not its name.
  std::optional<std::pair<TokenId, std::string>> unknown_surface;
};

/// Reads a tokenizer.json of the tokenizers library. Throws `Error` naming the file and the field
/// when it is broken, lacks a table, or asks for what is not supported. Its sections `truncation`
/// and `padding` are not followed, as transformers does not follow them either.
TokenizerParts read_tokenizer_json(const std::filesystem::path& path);

/// Reads a SentencePiece model (protobuf) of type BPE. Throws `Error` naming the file.
TokenizerParts read_sentence_piece(const std::filesystem::path& path);

}  // namespace sightline
