#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sightline {

/// Base64 with padding (RFC 4648, section 4).
std::string to_base64(std::string_view bytes);
/// The bytes; no value for text that is no base64 with padding and without line breaks.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace sightline
