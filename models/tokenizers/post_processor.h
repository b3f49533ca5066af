#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "models/tokenizers/token.h"

namespace sightline {

/// Token ids with the number of the text (0 or 1) that each belongs to, as the model wants it.
struct Encoding {
  std::vector<TokenId> ids;
  std::vector<std::int32_t> type_ids;

  bool operator==(const Encoding&) const = default;
};

/// One item of a template: special tokens, or one of the texts.
struct TemplateItem {
  enum class Kind { kSpecial, kFirst, kSecond } kind = Kind::kSpecial;
  std::int32_t type_id = 0;
  std::vector<TokenId> ids;  ///< of a special token
};

/// What is put around one text, and around and between two.
struct PostProcessor {
  std::vector<TemplateItem> single = {{.kind = TemplateItem::Kind::kFirst}};
  std::vector<TemplateItem> pair = {{.kind = TemplateItem::Kind::kFirst},
                                    {.kind = TemplateItem::Kind::kSecond, .type_id = 1}};

  /// Special tokens that the template for one text, or two, adds.
  std::size_t added_tokens(bool is_pair) const;

  /// The template filled with one text or two (`second` given). Without `add_special_tokens` the
  /// texts alone.
  Encoding fill(std::span<const TokenId> first, std::optional<std::span<const TokenId>> second,
                bool add_special_tokens) const;
};

/// How many tokens of a pair with `first` and `second` tokens stay when `most` may: the longer text
/// loses its end first; when both are too long each keeps half, the longer one (of equals the
/// second) the odd token.
std::pair<std::size_t, std::size_t> truncated_pair(std::size_t first, std::size_t second,
                                                   std::size_t most);

}  // namespace sightline
