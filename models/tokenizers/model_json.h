#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sightline {

/// A tokenizer.json split into its two large tables and the rest. The tables can hold hundreds of
/// thousands of entries, so they are read by simdjson; the rest is small.
class TokenizerJson {
 public:
  /// Throws `Error` naming the file and the field.
  explicit TokenizerJson(const std::filesystem::path& path);
  ~TokenizerJson();
  TokenizerJson(const TokenizerJson&) = delete;
  TokenizerJson& operator=(const TokenizerJson&) = delete;

  const std::string& name() const { return name_; }
  /// Everything but model.vocab and model.merges.
  const nlohmann::json& rest() const { return *rest_; }

  bool has_vocabulary() const { return has_vocabulary_; }
  bool has_merges() const { return has_merges_; }
  /// Texts live as long as this object.
  const std::vector<std::pair<std::string_view, std::int64_t>>& vocabulary() const {
    return vocabulary_;
  }
  const std::vector<std::pair<std::string_view, std::string_view>>& merges() const {
    return merges_;
  }

 private:
  struct Reader;

  std::string name_;
  std::unique_ptr<Reader> reader_;
  std::unique_ptr<nlohmann::json> rest_;  ///< never null
  std::vector<std::pair<std::string_view, std::int64_t>> vocabulary_;
  std::vector<std::pair<std::string_view, std::string_view>> merges_;
  bool has_vocabulary_ = false, has_merges_ = false;
};

}  // namespace sightline
