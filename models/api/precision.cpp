#include "models/api/precision.h"

#include <array>
#include <utility>

#include "harness/base/error.h"

namespace sightline {

namespace {

constexpr std::array<std::pair<Precision, std::string_view>, 5> kNames{{{Precision::kFp32, "fp32"},
                                                                        {Precision::kBf16, "bf16"},
                                                                        {Precision::kFp16, "fp16"},
                                                                        {Precision::kInt8, "int8"},
                                                                        {Precision::kNf4, "nf4"}}};

}  // namespace

std::string_view name_of(Precision precision) {
  for (const auto& [value, name] : kNames) {
    if (value == precision) return name;
  }
  return "";
}

Precision parse_precision(std::string_view name) {
  for (const auto& [value, text] : kNames) {
    if (text == name) return value;
  }
  throw UsageError(
      fmt::format("there is no precision '{}'; want fp32, bf16, fp16, int8 or nf4", name));
}

}  // namespace sightline
