#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/api/registry.h"

namespace sightline {

/// A premise and what may follow from it.
struct EntailmentPair {
  std::string_view premise, hypothesis;
};

/// How likely each relation is; they sum to 1.
struct EntailmentScores {
  float entailment = 0, neutral = 0, contradiction = 0;
};

/// A cross-encoder for natural language inference. One call at a time.
class EntailmentModel {
 public:
  virtual ~EntailmentModel() = default;
  /// One result a pair. Pairs too long for the model lose the end of the longer text. Texts have
  /// to be UTF-8, else `Error`.
  virtual std::vector<EntailmentScores> classify(std::span<const EntailmentPair> pairs) = 0;
  /// SHA-256 of the weights.
  virtual const std::string& weights_sha256() const = 0;
};

struct EntailmentSettings {
  std::filesystem::path path;  ///< a checkpoint's folder
  std::string device = "cpu";
};

/// Opens it through `registry.entailment`, loading its module first. Throws `Error` for a
/// checkpoint that cannot be used.
std::unique_ptr<EntailmentModel> open_entailment(Registry& registry,
                                                 const EntailmentSettings& settings);

}  // namespace sightline
