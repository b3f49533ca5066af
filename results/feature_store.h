#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace sightline {

/// Features of images in a SQLite file, found again by a key that stands for everything they depend
/// on. Used by one thread; several processes may share a file. A process killed at any moment
/// leaves a file in good order.
class FeatureStore {
 public:
  static constexpr int kSchemaVersion = 1;
  static constexpr const char* kFileName = "features.sqlite";

  /// Creates the file when it is missing. Throws `Error` when it is the file of another program, of
  /// a newer schema, damaged, or cannot be written.
  explicit FeatureStore(const std::filesystem::path& file);
  ~FeatureStore();

  /// None when the key is unknown. Throws `Error` naming the file when the numbers are not those
  /// that were kept (their SHA-256 is kept beside them) or the file is damaged.
  std::optional<std::vector<float>> find(const std::string& key) const;
  /// Replaces what the key had. Throws `StopError` when the disk is full.
  void keep(const std::string& key, std::span<const float> features);
  std::size_t size() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sightline
