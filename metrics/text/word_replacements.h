#pragma once

#include <string_view>

namespace sightline {

/// What the VQA evaluation makes of one lower-case word: "0" to "10" for none, zero, one ... ten;
/// nothing for a, an, the; the apostrophe put into its 114 contractions ("dont" to "don't", and
/// some oddities such as "somebody'd" to "somebodyd"); any other word is returned as it is.
std::string_view replace_word(std::string_view word);

}  // namespace sightline
