#pragma once

#include <string>
#include <string_view>

namespace sightline {

/// What a native model computes with.
enum class Precision {
  kFp32,
  kBf16,
  kFp16,  ///< on a GPU
  kInt8,  ///< linear layers as LLM.int8
  kNf4,   ///< linear layers in 4-bit normal floats
};
std::string_view name_of(Precision precision);     ///< "fp32", "bf16", "fp16", "int8", "nf4"
Precision parse_precision(std::string_view name);  ///< throws `UsageError` listing them

}  // namespace sightline
