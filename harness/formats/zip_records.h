#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "harness/base/error.h"

/// Parts of the zip format that its reader and its writer share.
namespace sightline::zip {

inline constexpr std::uint32_t kLocalHeader = 0x04034b50;
inline constexpr std::uint32_t kDirectoryEntry = 0x02014b50;
inline constexpr std::uint32_t kDirectoryEnd = 0x06054b50;
inline constexpr std::uint32_t kDirectoryEnd64 = 0x06064b50;
inline constexpr std::uint32_t kLocator64 = 0x07064b50;
inline constexpr std::uint16_t kExtra64 = 0x0001;

// Sizes without the parts that vary.
inline constexpr std::size_t kLocalHeaderSize = 30;
inline constexpr std::size_t kDirectoryEntrySize = 46;
inline constexpr std::size_t kDirectoryEndSize = 22;
inline constexpr std::size_t kDirectoryEnd64Size = 56;
inline constexpr std::size_t kLocator64Size = 20;

/// What stands in a small field whose value is in a ZIP64 field.
inline constexpr std::uint16_t kIn64Short = 0xFFFF;
inline constexpr std::uint32_t kIn64 = 0xFFFFFFFF;

/// Takes little-endian integers from the front of a record.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  std::uint16_t u16() { return static_cast<std::uint16_t>(integer(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(integer(4)); }
  std::uint64_t u64() { return integer(8); }
  void skip(std::size_t count) { take(count); }
  std::string_view take(std::size_t count) {
    require(count <= rest_.size(), "a record of the archive is cut");
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }
  std::size_t left() const { return rest_.size(); }

 private:
  std::uint64_t integer(std::size_t bytes) {
    std::uint64_t value = 0;
    unsigned shift = 0;
    for (const char byte : take(bytes)) {
      value |= std::uint64_t{static_cast<unsigned char>(byte)} << shift;
      shift += 8;
    }
    return value;
  }

  std::string_view rest_;
};

/// Appends little-endian integers to a record.
class Writer {
 public:
  Writer& u16(std::uint64_t value) { return integer(value, 2); }
  Writer& u32(std::uint64_t value) { return integer(value, 4); }
  Writer& u64(std::uint64_t value) { return integer(value, 8); }
  Writer& text(std::string_view bytes) {
    bytes_ += bytes;
    return *this;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  Writer& integer(std::uint64_t value, unsigned bytes) {
    for (unsigned i = 0; i < bytes; ++i) bytes_ += static_cast<char>(value >> (8 * i) & 0xFF);
    return *this;
  }

  std::string bytes_;
};

/// CRC-32 of any number of bytes, continued from `crc`.
std::uint32_t update_crc32(std::uint32_t crc, std::string_view bytes);

}  // namespace sightline::zip
