#pragma once

#include <span>
#include <string>
#include <string_view>

namespace sightline {

/// `text` as well-formed UTF-8: every broken byte becomes U+FFFD.
std::string repair_utf8(std::string_view text);

/// `text` without white space at both ends, as `strip`, but safe on broken UTF-8, which is no
/// white space.
std::string_view strip_any(std::string_view text);

/// What a model wrote as the name of an object, stripped; nothing where it has more than 512 bytes:
/// that is no name, and to copy it to each of its boxes would take more than linear time.
inline constexpr std::size_t kLongestLabel = 512;
std::string as_label(std::string_view text);

/// The answer proper in a model's words: cut at the first of `ends` (end-of-turn tokens), freed of
/// every one of `marks` (other special tokens), stripped.
std::string clean_answer(std::string_view text, std::span<const std::string_view> ends,
                         std::span<const std::string_view> marks);

/// Whether a text without a box begins as one that declines ("I'm sorry, but I cannot ...").
bool is_refusal(std::string_view text);

}  // namespace sightline
