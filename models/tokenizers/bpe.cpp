#include "models/tokenizers/bpe.h"

#include <algorithm>
#include <utility>

#include "harness/base/error.h"
#include "harness/base/text.h"
#include "models/tokenizers/byte_alphabet.h"
#include "models/tokenizers/unicode_classes.h"

namespace sightline {

namespace {

/// Up to here looking through all pairs for the next merge beats a heap.
constexpr std::size_t kShort = 48;
constexpr std::string_view kSpaceMark = "\u2581";
constexpr std::size_t kMarkClass = 128, kOtherClass = 129;

std::size_t cut_class(std::string_view text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  if (lead < 0x80) return lead;
  return lead == 0xE2 && text.substr(at, 3) == kSpaceMark ? kMarkClass : kOtherClass;
}

constexpr std::string_view kFallbackName = "<0x00>";
std::string fallback_name(int byte) {
  return fmt::format("<0x{:02X}>", byte);
}

}  // namespace

Bpe::Bpe(const Vocabulary& vocabulary, MergeTable merges, BpeOptions options)
    : vocabulary_(&vocabulary),
      merges_(std::move(merges)),
      options_(std::move(options)),
      plane_(0x10000, kNoToken) {
  std::string character;
  for (std::uint32_t c = 0; c < plane_.size(); ++c) {
    if (c >= 0xD800 && c < 0xE000) continue;  // surrogates are no characters
    character.clear();
    append_utf8(character, c);
    plane_[c] = vocabulary.find(character);
  }
  byte_tokens_.fill(kNoToken);
  if (!options_.byte_fallback) return;
  for (std::size_t byte = 0; byte < byte_tokens_.size(); ++byte) {
    byte_tokens_[byte] = vocabulary.find(fallback_name(static_cast<int>(byte)));
  }
}

bool Bpe::take_bytes() {
  std::array<TokenId, 256> tokens{}, last_tokens{};
  for (std::size_t byte = 0; byte < tokens.size(); ++byte) {
    std::string character;
    append_utf8(character, byte_alphabet()[byte]);
    tokens[byte] = vocabulary_->find(character);
    last_tokens[byte] = vocabulary_->find(character + options_.end_of_word_suffix);
    if (tokens[byte] == kNoToken || last_tokens[byte] == kNoToken) return false;
  }
  byte_tokens_ = tokens;
  last_byte_tokens_ = last_tokens;
  takes_bytes_ = true;
  return true;
}

void Bpe::find_cuts(
    const std::vector<std::pair<std::string_view, std::string_view>>& merged_pairs) {
  // A character that vanishes, or is fused with its neighbour to one unknown token, makes what
  // stands on both sides of it neighbours; a suffix and whole pieces need the piece as it is.
  const bool every_byte =
      std::ranges::find(byte_tokens_, kNoToken) == byte_tokens_.end() && options_.byte_fallback;
  if (!every_byte || options_.ignore_merges || !options_.end_of_word_suffix.empty()) return;
  CutClasses joins{};
  for (const auto& [left, right] : merged_pairs) {
    const auto is_byte = [&](std::string_view token) {
      return token.size() == kFallbackName.size() &&
             token.starts_with(kFallbackName.substr(0, 3)) &&
             std::ranges::find(byte_tokens_, vocabulary_->find(token)) != byte_tokens_.end();
    };
    if (left.empty() || right.empty() || is_byte(left) || is_byte(right)) return;
    joins[cut_class(left, start_of_last(left, left.size()))][cut_class(right, 0)] = true;
  }
  joins_ = joins;
}

void Bpe::encode(std::string_view piece, BpeScratch& scratch, std::vector<TokenId>& tokens) const {
  if (piece.empty()) return;
  if (joins_) {
    encode_cut(piece, scratch, tokens);
  } else {
    encode_word(piece, scratch, tokens);
  }
}

void Bpe::encode_cut(std::string_view piece, BpeScratch& scratch,
                     std::vector<TokenId>& tokens) const {
  std::size_t from = 0, at = 0;
  std::size_t last = cut_class(piece, 0);
  while (true) {
    at += character_at(piece, at).length;
    if (at == piece.size()) break;
    const std::size_t next = cut_class(piece, at);
    if (!(*joins_)[last][next]) {
      encode_word(piece.substr(from, at - from), scratch, tokens);
      from = at;
    }
    last = next;
  }
  encode_word(piece.substr(from), scratch, tokens);
}

void Bpe::encode_word(std::string_view word, BpeScratch& scratch,
                      std::vector<TokenId>& tokens) const {
  if (word.size() > WordCache::kMaxBytes) return encode_anew(word, scratch, tokens);
  const WordCache::Key key = WordCache::key_of(word);
  if (scratch.cache.append(key, tokens)) return;
  const std::size_t before = tokens.size();
  encode_anew(word, scratch, tokens);
  scratch.cache.keep(key, std::span(tokens).subspan(before));
}

void Bpe::encode_anew(std::string_view word, BpeScratch& scratch,
                      std::vector<TokenId>& tokens) const {
  if (options_.ignore_merges) {
    std::string alphabet;
    if (takes_bytes_) append_byte_characters(alphabet, word);
    const TokenId whole = vocabulary_->find(takes_bytes_ ? std::string_view(alphabet) : word);
    if (whole != kNoToken) return tokens.push_back(whole);
  }
  scratch.ids.clear();
  if (takes_bytes_) {
    start_bytes(word, scratch.ids);
  } else {
    start_characters(word, scratch.ids);
  }
  if (scratch.ids.size() <= kShort) {
    merge_short(scratch, tokens);
  } else {
    merge_long(scratch, tokens);
  }
}

void Bpe::start_bytes(std::string_view word, std::vector<TokenId>& ids) const {
  for (const char byte : word) ids.push_back(byte_tokens_[static_cast<unsigned char>(byte)]);
  ids.back() = last_byte_tokens_[static_cast<unsigned char>(word.back())];
}

TokenId Bpe::character_token(std::string_view character, bool is_last) const {
  if (is_last && !options_.end_of_word_suffix.empty()) {
    return vocabulary_->find(std::string(character) + options_.end_of_word_suffix);
  }
  const std::uint32_t code_point = character_at(character, 0).code_point;
  return code_point < plane_.size() ? plane_[code_point] : vocabulary_->find(character);
}

bool Bpe::append_fallback(std::string_view character, std::vector<TokenId>& ids) const {
  const auto token_of = [&](char byte) { return byte_tokens_[static_cast<unsigned char>(byte)]; };
  for (const char byte : character) {
    if (token_of(byte) == kNoToken) return false;
  }
  for (const char byte : character) ids.push_back(token_of(byte));
  return true;
}

void Bpe::start_characters(std::string_view word, std::vector<TokenId>& ids) const {
  // An unknown token waits for the next character that has one: until then it can still be fused.
  bool unknown_waits = false;
  for (std::size_t at = 0; at < word.size();) {
    const std::string_view character = word.substr(at, character_at(word, at).length);
    at += character.size();
    const TokenId token = character_token(character, at == word.size());
    if (token != kNoToken) {
      if (std::exchange(unknown_waits, false)) ids.push_back(options_.unknown);
      ids.push_back(token);
      continue;
    }
    const bool suffixed = at == word.size() && !options_.end_of_word_suffix.empty();
    const std::string with_suffix =
        suffixed ? std::string(character) + options_.end_of_word_suffix : std::string();
    if (options_.byte_fallback && append_fallback(suffixed ? with_suffix : character, ids)) {
      continue;
    }
    if (options_.unknown == kNoToken) continue;
    if (unknown_waits && !options_.fuse_unknown) ids.push_back(options_.unknown);
    unknown_waits = true;
  }
  if (unknown_waits) ids.push_back(options_.unknown);
}

void Bpe::merge_short(BpeScratch& scratch, std::vector<TokenId>& tokens) const {
  std::vector<TokenId>& ids = scratch.ids;
  std::vector<Merge>& merges = scratch.merges;  // of each token with the next
  merges.clear();
  for (std::size_t i = 0; i + 1 < ids.size(); ++i) {
    merges.push_back(merges_.find(ids[i], ids[i + 1]));
  }
  while (!merges.empty()) {
    const auto best = std::ranges::min_element(merges, {}, &Merge::rank);
    if (best->rank == Merge::kNever) break;
    const auto at = best - merges.begin();
    const auto i = static_cast<std::size_t>(at);
    ids[i] = best->result;
    ids.erase(ids.begin() + at + 1);
    merges.erase(merges.begin() + at);
    if (i < merges.size()) merges[i] = merges_.find(ids[i], ids[i + 1]);
    if (i > 0) merges[i - 1] = merges_.find(ids[i - 1], ids[i]);
  }
  tokens.insert(tokens.end(), ids.begin(), ids.end());
}

void Bpe::push_candidate(BpeScratch& scratch, std::int32_t place) const {
  const BpeScratch::Symbol& left = scratch.symbols[static_cast<std::size_t>(place)];
  const TokenId right = scratch.symbols[static_cast<std::size_t>(left.next)].id;
  const Merge merge = merges_.find(left.id, right);
  if (merge.rank == Merge::kNever) return;
  const std::uint64_t order = (std::uint64_t{merge.rank} << 32) | static_cast<std::uint32_t>(place);
  scratch.heap.push_back({order, left.id, right});
}

void Bpe::merge_long(BpeScratch& scratch, std::vector<TokenId>& tokens) const {
  std::vector<BpeScratch::Symbol>& symbols = scratch.symbols;
  std::vector<BpeScratch::Candidate>& heap = scratch.heap;
  require(scratch.ids.size() <= 0x7FFFFFFF, "a text of {} characters without a break is too long",
          scratch.ids.size());
  const auto count = static_cast<std::int32_t>(scratch.ids.size());
  const auto symbol = [&](std::int32_t place) -> BpeScratch::Symbol& {
    return symbols[static_cast<std::size_t>(place)];
  };
  const auto later = [](const auto& a, const auto& b) { return a.order > b.order; };
  symbols.clear();
  heap.clear();
  for (std::int32_t i = 0; i < count; ++i) {
    symbols.push_back(
        {scratch.ids[static_cast<std::size_t>(i)], i - 1, i + 1 < count ? i + 1 : -1});
  }
  for (std::int32_t i = 0; i + 1 < count; ++i) push_candidate(scratch, i);
  std::ranges::make_heap(heap, later);

  const auto offer = [&](std::int32_t place) {
    const std::size_t before = heap.size();
    push_candidate(scratch, place);
    if (heap.size() > before) std::ranges::push_heap(heap, later);
  };
  while (!heap.empty()) {
    std::ranges::pop_heap(heap, later);
    const BpeScratch::Candidate top = heap.back();
    heap.pop_back();
    const auto place = static_cast<std::int32_t>(top.order & 0x7FFFFFFF);
    BpeScratch::Symbol& left = symbol(place);
    // What has merged since, itself or with its neighbour, is no pair any more.
    if (left.id != top.left || left.next < 0 || symbol(left.next).id != top.right) continue;
    BpeScratch::Symbol& right = symbol(left.next);
    left.id = merges_.find(top.left, top.right).result;
    left.next = right.next;
    right.id = kNoToken;
    if (left.next >= 0) symbol(left.next).previous = place;
    if (left.previous >= 0) offer(left.previous);
    if (left.next >= 0) offer(place);
  }
  for (std::int32_t i = 0; i >= 0; i = symbol(i).next) tokens.push_back(symbol(i).id);
}

}  // namespace sightline
