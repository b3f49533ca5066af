#include "models/tokenizers/added_tokens.h"

#include <algorithm>

#include "models/tokenizers/unicode_classes.h"

namespace sightline {

namespace {

bool is_word_before(std::string_view text, std::size_t at) {
  return at > 0 && is_word_character(character_at(text, start_of_last(text, at)).code_point);
}

bool is_word_behind(std::string_view text, std::size_t at) {
  return at < text.size() && is_word_character(character_at(text, at).code_point);
}

std::size_t skip_space_back(std::string_view text, std::size_t at) {
  while (at > 0) {
    const std::size_t last = start_of_last(text, at);
    if (!is_white_space(character_at(text, last).code_point)) break;
    at = last;
  }
  return at;
}

std::size_t skip_space(std::string_view text, std::size_t at) {
  while (at < text.size()) {
    const Character c = character_at(text, at);
    if (!is_white_space(c.code_point)) break;
    at += c.length;
  }
  return at;
}

}  // namespace

std::uint32_t AddedTokenMatcher::child(std::uint32_t node, char byte) const {
  for (const Edge& edge : nodes_[node].edges) {
    if (edge.byte == static_cast<unsigned char>(byte)) return edge.node;
  }
  return kNone;
}

void AddedTokenMatcher::add(const AddedToken& token, std::string_view pattern) {
  if (pattern.empty()) return;
  std::uint32_t node = 0;
  for (const char byte : pattern) {
    std::uint32_t next = child(node, byte);
    if (next == kNone) {
      next = static_cast<std::uint32_t>(nodes_.size());
      nodes_[node].edges.push_back({static_cast<unsigned char>(byte), next});
      nodes_.emplace_back();
      if (node == 0) first_[static_cast<unsigned char>(byte)] = next;
    }
    node = next;
  }
  nodes_[node].token = static_cast<std::uint32_t>(tokens_.size());
  tokens_.push_back(token);
}

AddedTokenMatcher::Match AddedTokenMatcher::longest_at(std::string_view text,
                                                       std::size_t at) const {
  Match best;
  std::uint32_t node = first_[static_cast<unsigned char>(text[at])];
  for (std::size_t end = at + 1; node != kNone; ++end) {
    if (nodes_[node].token != kNone) best = {{at, end}, &tokens_[nodes_[node].token]};
    if (end == text.size()) break;
    node = child(node, text[end]);
  }
  return best;
}

void AddedTokenMatcher::split(std::string_view text, std::vector<Segment>& segments) const {
  std::size_t from = 0;
  for (std::size_t at = 0; at < text.size();) {
    if (first_[static_cast<unsigned char>(text[at])] == kNone) {
      ++at;
      continue;
    }
    const Match match = longest_at(text, at);
    if (match.token == nullptr) {
      ++at;
      continue;
    }
    at = match.range.end;
    auto [begin, end] = match.range;
    const AddedToken& token = *match.token;
    if (token.single_word && (is_word_before(text, begin) || is_word_behind(text, end))) continue;
    if (token.lstrip) begin = std::max(skip_space_back(text, begin), from);
    if (token.rstrip) end = skip_space(text, end);
    if (from < begin) segments.push_back({{from, begin}, kNoToken});
    segments.push_back({{begin, end}, token.id});
    from = end;
  }
  if (from < text.size()) segments.push_back({{from, text.size()}, kNoToken});
}

}  // namespace sightline
