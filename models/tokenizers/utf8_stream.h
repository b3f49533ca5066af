#pragma once

#include <string>
#include <string_view>

namespace sightline {

/// Turns bytes that come piece by piece into well-formed UTF-8: U+FFFD stands for each maximal part
/// that no character begins with (Unicode standard, section 3.9, "U+FFFD substitution of maximal
/// subparts"). Never gives half a character.
class Utf8Stream {
 public:
  /// Appends to `text` what is certain after `bytes`.
  void push(std::string_view bytes, std::string& text);
  /// Appends U+FFFD for a character that was cut off. The stream is then as new.
  void finish(std::string& text);

 private:
  std::string waiting_;  ///< the beginning of a character, 1 to 3 bytes, or nothing
};

}  // namespace sightline
