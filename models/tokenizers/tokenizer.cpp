#include "models/tokenizers/tokenizer.h"

#include <limits>
#include <utility>

#include "harness/base/error.h"
#include "models/tokenizers/decoders.h"
#include "models/tokenizers/tokenizer_core.h"

namespace sightline {

namespace {

namespace fs = std::filesystem;

fs::path tokenizer_file(const fs::path& path) {
  if (!fs::is_directory(path)) return path;
  for (const char* name : {"tokenizer.json", "tokenizer.model"}) {
    if (fs::exists(path / name)) return path / name;
  }
  fail("{} has neither tokenizer.json nor tokenizer.model", path.string());
}

TokenizerParts read_parts(const fs::path& file) {
  return file.extension() == ".model" ? read_sentence_piece(file) : read_tokenizer_json(file);
}

/// The library stops tokenizing a text behind the piece with which it has `max_length` tokens,
/// special ones not counted. In pairs that decides which text counts as the longer one.
std::size_t enough(const EncodeOptions& options) {
  return options.max_length.value_or(std::numeric_limits<std::size_t>::max());
}

/// What `max_length` leaves for the texts; no bound without it.
std::size_t room(const PostProcessor& processor, bool is_pair, const EncodeOptions& options) {
  if (!options.max_length) return std::numeric_limits<std::size_t>::max();
  const std::size_t added = options.add_special_tokens ? processor.added_tokens(is_pair) : 0;
  require(*options.max_length >= added, "max_length is {}, but special tokens alone take {}",
          *options.max_length, added);
  return *options.max_length - added;
}

}  // namespace

Tokenizer Tokenizer::open(const fs::path& path) {
  const fs::path file = tokenizer_file(path);
  return Tokenizer(with_context([&] { return "opening the tokenizer " + file.string(); },
                                [&] {
                                  return std::make_shared<const Core>(
                                      read_parts(file), read_special_tokens(file.parent_path()));
                                }));
}

std::vector<TokenId> Tokenizer::encode(std::string_view text, const EncodeOptions& options) const {
  const PostProcessor& processor = core_->post_processor();
  const std::size_t most = room(processor, false, options);
  std::vector<TokenId> tokens = core_->tokens_of(text, enough(options));
  if (tokens.size() > most) tokens.resize(most);
  if (!options.add_special_tokens || processor.added_tokens(false) == 0) return tokens;
  return processor.fill(tokens, std::nullopt, options.add_special_tokens).ids;
}

Encoding Tokenizer::encode_pair(std::string_view first, std::string_view second,
                                const EncodeOptions& options) const {
  const PostProcessor& processor = core_->post_processor();
  const std::size_t most = room(processor, true, options);
  const std::vector<TokenId> a = core_->tokens_of(first, enough(options));
  const std::vector<TokenId> b = core_->tokens_of(second, enough(options));
  const auto [a_size, b_size] = truncated_pair(a.size(), b.size(), most);
  return processor.fill(std::span(a).first(a_size), std::span(b).first(b_size),
                        options.add_special_tokens);
}

std::string Tokenizer::decode(std::span<const TokenId> ids, const TextOptions& options) const {
  StreamDecoder decoder(*this, options);
  std::string text;
  for (const TokenId id : ids) decoder.append(id, text);
  return text + decoder.finish();
}

std::optional<TokenId> Tokenizer::token_to_id(std::string_view token) const {
  const TokenId id = core_->find(token);
  return id == kNoToken ? std::nullopt : std::optional(id);
}

std::optional<std::string_view> Tokenizer::id_to_token(TokenId id) const {
  return core_->token_text(id);
}

bool Tokenizer::is_special(TokenId id) const {
  return core_->display(id) != Core::Display::kText;
}

std::size_t Tokenizer::vocabulary_size() const {
  return core_->size();
}

const SpecialTokens& Tokenizer::special_tokens() const {
  return core_->special_tokens();
}

StreamDecoder::StreamDecoder(const Tokenizer& tokenizer, const TextOptions& options)
    : core_(tokenizer.core_),
      options_(options),
      run_(std::make_unique<DecodeRun>(core_->decode_stages(options))) {}

StreamDecoder::~StreamDecoder() = default;
StreamDecoder::StreamDecoder(StreamDecoder&&) noexcept = default;
StreamDecoder& StreamDecoder::operator=(StreamDecoder&&) noexcept = default;

void StreamDecoder::append(TokenId id, std::string& text) {
  using Display = Tokenizer::Core::Display;
  const Display display = core_->display(id);
  if (display == Display::kSilent) return;
  if (display == Display::kSpecial && options_.skip_special_tokens) return;
  if (const auto token = core_->decode_text(id)) run_->push(*token, text);
}

std::string StreamDecoder::push(TokenId id) {
  std::string text;
  append(id, text);
  return text;
}

std::string StreamDecoder::finish() {
  std::string text;
  run_->finish(text);
  return text;
}

}  // namespace sightline
