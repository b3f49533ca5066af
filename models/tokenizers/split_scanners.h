#pragma once

#include <string_view>
#include <vector>

#include "models/tokenizers/token.h"

// Hand-written equivalents of the regular expressions that published tokenizers split with. Each
// appends the matches of its pattern, in order; all are linear in the text. The tests hold them to
// PCRE2's matches of the same patterns.

namespace sightline {

inline constexpr std::string_view kGpt2Pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
inline constexpr std::string_view kQwen2Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
/// As Qwen2's, with numbers of up to three digits.
inline constexpr std::string_view kLlama3Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
inline constexpr std::string_view kClipPattern =
    R"(<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+)";
inline constexpr std::string_view kSpacePattern = R"(\s+)";

using SplitScanner = void (*)(std::string_view text, std::vector<TextRange>& matches);

/// The scanner for exactly this pattern; null when there is none.
SplitScanner find_scanner(std::string_view pattern);

}  // namespace sightline
