#pragma once

#include <string_view>

namespace sightline {

/// How a packed matrix keeps its weights.
enum class Storage {
  kF32,
  kBF16,
  kF16,
  kInt8,  ///< LLM.int8: 8-bit codes, one scale a row (quantise.h)
  kNf4,   ///< 4-bit codes, one scale for 64 weights (quantise.h)
};
std::string_view name_of(Storage storage);  ///< "f32", "bf16", "f16", "int8", "nf4"

}  // namespace sightline
