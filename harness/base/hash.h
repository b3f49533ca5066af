#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace sightline {

/// SHA-256 as 64 lower-case hex digits.
std::string sha256_hex(std::string_view bytes);
/// SHA-256 of a file's content. Throws `Error` as `MappedFile` does.
std::string sha256_of_file(const std::filesystem::path& path);

}  // namespace sightline
