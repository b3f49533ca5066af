#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

namespace sightline {

/// A file mapped read-only, with `kPadding` readable zero bytes behind its end, as simdjson wants.
/// Move-only. An empty file gives an empty view.
class MappedFile {
 public:
  static constexpr std::size_t kPadding = 64;

  /// Throws `Error` naming the file and the reason (missing, a folder, not readable).
  explicit MappedFile(std::filesystem::path path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::string_view bytes() const { return {static_cast<const char*>(data_), size_}; }
  /// Gives back the memory that holds `part` of `bytes()`, in whole pages. It stays readable: what
  /// is looked at again is read again. For one pass over a file larger than memory should be.
  void forget(std::string_view part) const;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  void* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t mapped_ = 0;
};

/// The whole file as bytes. Throws `Error` as `MappedFile` does.
std::string read_file(const std::filesystem::path& path);

/// A file written piece by piece that a reader sees as a whole or not at all: a temporary file
/// beside it, which `commit` flushes to disk and renames, and which else goes with this object.
/// All throw `StopError` when the disk is full, else `Error`.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::string_view bytes);
  /// Bytes written so far.
  std::uint64_t size() const { return size_; }
  /// Called once; nothing is written afterwards.
  void commit();

 private:
  std::filesystem::path path_, temporary_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
};

/// Writes a file by `AtomicFile`: a reader sees the old content or the new, never a part.
void write_file_atomically(const std::filesystem::path& path, std::string_view content);

/// `root / relative` for a name that comes from a data file. Throws `Error` when the name is
/// absolute, climbs out of `root` by "..", or leads out of it through a symbolic link.
std::filesystem::path resolve_within(const std::filesystem::path& root, std::string_view relative);

/// Throws `Error` saying which of the files is missing and that `hint` tells where to get it.
void require_file(const std::filesystem::path& path, std::string_view hint);

}  // namespace sightline
