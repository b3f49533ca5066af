#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/tokenizers/post_processor.h"
#include "models/tokenizers/special_tokens.h"
#include "models/tokenizers/token.h"

namespace sightline {

class DecodeRun;
class StreamDecoder;

struct EncodeOptions {
  bool add_special_tokens = true;           ///< what the file's post-processor puts around the text
  std::optional<std::size_t> max_length{};  ///< tokens in all; longer texts lose their end
};

struct TextOptions {
  bool skip_special_tokens = false;
  bool clean_up = false;  ///< no space before English punctuation and contractions
};

/// A tokenizer read from a tokenizer.json (as the tokenizers library writes it) or a SentencePiece
/// model: the same ids and texts as those libraries give. A value that copies cheaply; all
/// functions are const and may be called from several threads.
///
///   const Tokenizer tokenizer = Tokenizer::open("checkpoint");
///   const std::vector<TokenId> ids = tokenizer.encode("What is this?");
///   const std::string text = tokenizer.decode(ids, {.skip_special_tokens = true});
class Tokenizer {
 public:
  /// A tokenizer.json, a SentencePiece model (*.model), or a folder with one of them
  /// (tokenizer.json is taken before tokenizer.model). tokenizer_config.json and
  /// special_tokens_map.json beside it are read where they are. Throws `Error` naming file and
  /// field.
  static Tokenizer open(const std::filesystem::path& path);

  /// Added tokens are recognised in the text, special ones among them. Throws `Error` when `text`
  /// is not UTF-8, or `max_length` has no room for the special tokens. An empty text gives the
  /// special tokens alone. Cost: near-linear in the text.
  std::vector<TokenId> encode(std::string_view text, const EncodeOptions& options = {}) const;

  /// Two texts for a model that reads pairs (premise and hypothesis). With `max_length` the longer
  /// text loses its end first. As in tokenizers 0.23, a text counts as no longer than up to the
  /// piece of the pre-tokenizer with which it reaches `max_length`: of two texts that are both too
  /// long, that decides which one keeps the odd token.
  Encoding encode_pair(std::string_view first, std::string_view second,
                       const EncodeOptions& options = {}) const;

  /// Ids without a token are passed over.
  std::string decode(std::span<const TokenId> ids, const TextOptions& options = {}) const;

  /// No value when there is no such token.
  std::optional<TokenId> token_to_id(std::string_view token) const;
  /// The token as the vocabulary writes it. The view lives as long as this tokenizer or a copy.
  std::optional<std::string_view> id_to_token(TokenId id) const;
  /// Whether decoding with `skip_special_tokens` drops this id.
  bool is_special(TokenId id) const;

  /// Tokens of the model and added ones, each counted once.
  std::size_t vocabulary_size() const;
  const SpecialTokens& special_tokens() const;

 private:
  friend class StreamDecoder;
  class Core;
  explicit Tokenizer(std::shared_ptr<const Core> core) : core_(std::move(core)) {}

  std::shared_ptr<const Core> core_;
};

/// Decodes ids as a model gives them. All that `push` and `finish` return, joined, equals
/// `Tokenizer::decode` of all ids; nothing returned is ever taken back, and no character comes in
/// halves. With `clean_up`, or a decoder that looks at the whole text, all comes at the end.
class StreamDecoder {
 public:
  explicit StreamDecoder(const Tokenizer& tokenizer, const TextOptions& options = {});
  ~StreamDecoder();
  StreamDecoder(StreamDecoder&&) noexcept;
  StreamDecoder& operator=(StreamDecoder&&) noexcept;

  /// The text that is final after one more token and has not been returned yet; often empty.
  std::string push(TokenId id);
  /// The rest. Called once, after the last token.
  std::string finish();

 private:
  friend class Tokenizer;
  void append(TokenId id, std::string& text);

  std::shared_ptr<const Tokenizer::Core> core_;
  TextOptions options_;
  std::unique_ptr<DecodeRun> run_;
};

}  // namespace sightline
