#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/base/rng.h"
#include "harness/formats/safetensors.h"

/// The weights with which the goldens of networks were made: a formula instead of files.
namespace sightline::testing {

/// How the numbers of a tensor are spread around what such a tensor usually holds.
enum class WeightKind {
  kWeight,  ///< of convolutions and linear layers: variance 2 / fan-in
  kBias,
  kNormWeight,
  kNormBias,
  kNormMean,
  kNormVariance,
};

/// A tensor to be filled. `fill_as` names the sequence, where it is not the tensor's own name.
struct WeightSpec {
  std::string name;
  std::vector<std::int64_t> shape;
  WeightKind kind = WeightKind::kWeight;
  std::string fill_as = "";
};

/// Number i of the sequence `name`, a multiple of 2^-23 in [-1, 1): SplitMix64 seeded with the
/// FNV-1a hash of the name.
class WeightSequence {
 public:
  explicit WeightSequence(std::string_view name) {
    for (const char c : name) {
      hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    }
  }
  double at(std::size_t i) const {
    const std::uint64_t bits = mix_bits(hash_ + (i + 1) * 0x9E3779B97F4A7C15ULL);
    return 2 * (static_cast<double>(bits >> 40) * 0x1p-24) - 1;
  }

 private:
  std::uint64_t hash_ = 0xcbf29ce484222325ULL;
};

inline double scaled_weight(double v, WeightKind kind, double fan_in) {
  switch (kind) {
    case WeightKind::kWeight:
      return v * std::sqrt(6 / fan_in);
    case WeightKind::kBias:
      return 0.05 * v;
    case WeightKind::kNormWeight:
      return 1 + 0.1 * v;
    case WeightKind::kNormVariance:
      return 1 + 0.5 * v;
    default:
      return 0.1 * v;
  }
}

/// The numbers of one tensor, row by row.
inline std::vector<float> deterministic_weights(const WeightSpec& spec) {
  const auto count = static_cast<std::size_t>(
      std::accumulate(spec.shape.begin(), spec.shape.end(), std::int64_t{1}, std::multiplies<>()));
  const double fan_in =
      spec.shape.empty() ? 1 : static_cast<double>(count) / static_cast<double>(spec.shape.front());
  const WeightSequence sequence(spec.fill_as.empty() ? spec.name : spec.fill_as);
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    values[i] = static_cast<float>(scaled_weight(sequence.at(i), spec.kind, fan_in));
  }
  return values;
}

/// Writes a safetensors file of such tensors.
inline void write_deterministic_weights(const std::filesystem::path& path,
                                        std::span<const WeightSpec> specs) {
  std::vector<std::vector<float>> values;
  std::vector<NamedTensor> tensors;
  values.reserve(specs.size());
  for (const WeightSpec& spec : specs) {
    values.push_back(deterministic_weights(spec));
    tensors.push_back({spec.name, view_of<float>(values.back(), spec.shape)});
  }
  write_safetensors(path, tensors);
}

}  // namespace sightline::testing
