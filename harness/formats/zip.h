#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "harness/base/file.h"

/// Zip archives (PKWARE's APPNOTE.TXT 6.3.3), as far as PyTorch and numpy write them: members
/// stored or deflated, ZIP64.
namespace sightline {

struct ZipEntry {
  std::string name;
  bool deflated = false;
  std::uint32_t crc32 = 0;
  std::uint64_t stored_size = 0;  ///< bytes in the archive
  std::uint64_t size = 0;         ///< bytes of the content
  std::uint64_t offset = 0;       ///< of its first byte in the archive
};

/// The content of a member: in the archive itself where it is stored, else in `owner`.
struct ZipContent {
  std::string_view bytes;
  std::shared_ptr<const std::string> owner;
};

/// A zip archive that lies in memory, or in a mapped file.
class ZipArchive {
 public:
  /// Reads the directory of the archive. `bytes` must outlive this object.
  ///
  /// Throws `Error` for what is no zip archive or is cut or damaged: members that overlap, lie
  /// outside, occur twice, or are announced with more bytes than deflate can pack into theirs. Also
  /// for encrypted archives, those of several disks, and packing methods other than deflate.
  explicit ZipArchive(std::string_view bytes);
  ZipArchive(ZipArchive&&) = default;
  ZipArchive(const ZipArchive&) = delete;

  /// In the order of the directory.
  const std::vector<ZipEntry>& entries() const { return entries_; }
  /// Null when there is none of this name.
  const ZipEntry* find(std::string_view name) const;
  /// Throws `Error` naming the member.
  const ZipEntry& at(std::string_view name) const;

  /// The bytes as they lie in the archive; no checksum is computed.
  std::string_view stored_bytes(const ZipEntry& entry) const;
  /// The content, its CRC-32 compared. Throws `Error` naming the member when it differs, or when
  /// the member unpacks to more or fewer bytes than announced.
  ZipContent read(const ZipEntry& entry) const;
  /// The content of a stored member is not looked at: no CRC-32 is compared. A deflated one is
  /// read.
  ZipContent view(const ZipEntry& entry) const;

 private:
  std::string_view bytes_;
  std::vector<ZipEntry> entries_;
  std::unordered_map<std::string_view, std::size_t> by_name_;
};

/// Whether `bytes` begin as a zip archive does, an empty one included.
bool looks_like_zip(std::string_view bytes);

/// Writes a zip archive of stored members, which begin at multiples of 64 bytes. A reader sees all
/// of it or nothing. ZIP64 where a size or a number needs it.
class ZipWriter {
 public:
  explicit ZipWriter(std::filesystem::path path) : file_(std::move(path)) {}

  /// Adds a member whose content is `parts`, one behind the other. Throws `Error` when there is one
  /// of this name, and as `AtomicFile` does.
  void add(std::string name, std::span<const std::string_view> parts);
  /// Writes the directory. Called once; nothing is added afterwards.
  void commit();

 private:
  struct Member {
    ZipEntry entry;
    std::uint64_t header_at = 0;
  };

  AtomicFile file_;
  std::vector<Member> members_;
  std::unordered_set<std::string> names_;
};

}  // namespace sightline
