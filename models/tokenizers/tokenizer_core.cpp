#include "models/tokenizers/tokenizer_core.h"

#include <simdjson.h>

#include <algorithm>

#include "harness/base/error.h"
#include "harness/base/text.h"

namespace sightline {

namespace {

struct EncodePiece {
  std::string_view piece;
  BpeScratch& scratch;
  std::vector<TokenId>& tokens;

  void operator()(const Bpe& model) const { model.encode(piece, scratch, tokens); }
  void operator()(const auto& model) const { model.encode(piece, tokens); }
};

/// The first byte at which `text` is no UTF-8.
std::size_t first_broken_byte(std::string_view text) {
  std::size_t good = 0;
  for (std::size_t step = text.size(); step > 0; step /= 2) {
    while (good + step <= text.size() && is_utf8(text.substr(good, step))) good += step;
  }
  return good;
}

}  // namespace

Tokenizer::Core::Core(TokenizerParts parts, SpecialTokens special_tokens)
    : parts_(std::move(parts)), special_tokens_(std::move(special_tokens)) {
  size_ = parts_.vocabulary->size();
  const auto set_display = [&](TokenId id, Display display) {
    const auto index = static_cast<std::size_t>(id);
    if (index >= displays_.size()) displays_.resize(index + 1, Display::kText);
    displays_[index] = display;
  };
  for (const AddedToken& token : parts_.added_tokens) {
    added_.add(token.content, token.id);
    const TokenId own = parts_.vocabulary->find(token.content);
    if (own == kNoToken) ++size_;
    if (!token.special) continue;
    set_display(token.id, Display::kSpecial);
    if (own != kNoToken) set_display(own, Display::kSpecial);
  }
  for (const TokenId id : parts_.silent_tokens) set_display(id, Display::kSilent);
}

std::vector<TokenId> Tokenizer::Core::tokens_of(std::string_view text, std::size_t enough) const {
  if (!simdjson::validate_utf8(text)) {
    fail("the text to encode is not UTF-8 at byte {} of {}", first_broken_byte(text), text.size());
  }
  ScratchPool<Scratch>::Lease lease(scratches_);
  Scratch& scratch = *lease;
  Target target{.tokens = {}, .enough = enough};
  target.tokens.reserve(std::min(text.size() / 4, enough) + 8);
  scratch.raw_segments.clear();
  parts_.raw_matcher.split(text, scratch.raw_segments);
  for (const auto& [range, id] : scratch.raw_segments) {
    if (target.is_full) break;
    if (id != kNoToken) {
      target.tokens.push_back(id);
    } else {
      encode_segment(text.substr(range.begin, range.size()), range.begin == 0, scratch, target);
    }
  }
  return std::move(target.tokens);
}

void Tokenizer::Core::encode_segment(std::string_view text, bool begins_input, Scratch& scratch,
                                     Target& target) const {
  text = parts_.normalizer.apply(text, scratch.normalized);
  scratch.segments.clear();
  parts_.normalized_matcher.split(text, scratch.segments);
  for (const auto& [range, id] : scratch.segments) {
    if (target.is_full) break;
    if (id != kNoToken) {
      target.tokens.push_back(id);
    } else {
      encode_pieces(text.substr(range.begin, range.size()), begins_input && range.begin == 0,
                    scratch, target);
    }
  }
}

void Tokenizer::Core::encode_pieces(std::string_view text, bool begins_input, Scratch& scratch,
                                    Target& target) const {
  scratch.pieces.start(text, begins_input);
  for (const PieceStep& step : parts_.pre_tokenizer.steps) step(scratch.pieces);
  for (std::size_t i = 0; i < scratch.pieces.size() && !target.is_full; ++i) {
    std::visit(EncodePiece{scratch.pieces.at(i), scratch.bpe, target.tokens}, *parts_.model);
    target.is_full = target.tokens.size() >= target.enough;
  }
}

Tokenizer::Core::Display Tokenizer::Core::display(TokenId id) const {
  const auto index = static_cast<std::size_t>(id);
  return id >= 0 && index < displays_.size() ? displays_[index] : Display::kText;
}

std::optional<std::string_view> Tokenizer::Core::decode_text(TokenId id) const {
  if (parts_.unknown_surface && parts_.unknown_surface->first == id) {
    return parts_.unknown_surface->second;
  }
  return token_text(id);
}

std::vector<DecodeStageMaker> Tokenizer::Core::decode_stages(const TextOptions& options) const {
  std::vector<DecodeStageMaker> stages = parts_.decode_stages;
  if (options.clean_up) {
    stages.push_back(collect_stage());
    stages.push_back(each_token_stage(clean_up_step()));
  }
  return stages;
}

std::optional<std::string_view> Tokenizer::Core::token_text(TokenId id) const {
  const auto added = added_.text(id);
  return added ? added : parts_.vocabulary->text(id);
}

TokenId Tokenizer::Core::find(std::string_view token) const {
  const TokenId added = added_.find(token);
  return added != kNoToken ? added : parts_.vocabulary->find(token);
}

}  // namespace sightline
