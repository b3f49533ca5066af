#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/formats/npy.h"
#include "harness/formats/zip.h"

namespace sightline {

/// A .npz file: a zip archive of arrays, as numpy's savez and savez_compressed write it.
///
///     const NpzFile statistics("imagenet.npz");
///     const std::vector<double> mu = statistics.at("mu").to_doubles();
class NpzFile {
 public:
  /// Throws `Error` naming the file when it is no zip archive or damaged.
  explicit NpzFile(const std::filesystem::path& path);

  /// In the file's order.
  const std::vector<std::string>& names() const { return names_; }
  bool contains(std::string_view name) const;
  /// Reads an array, its checksum compared. It stays valid without this object. Throws `Error`
  /// naming file, array and the nearest name that there is, or what is damaged.
  NpyArray at(std::string_view name) const;

 private:
  std::shared_ptr<const MappedFile> file_;
  ZipArchive archive_;
  std::vector<std::string> names_;
};

/// Writes a .npz file (not compressed, as savez does) as a whole or not at all. Throws `Error` when
/// a name occurs twice or numpy has no such dtype.
void write_npz(const std::filesystem::path& path, std::span<const NamedTensor> arrays);

}  // namespace sightline
