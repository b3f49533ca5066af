#include "models/kernels/storage.h"

namespace sightline {

std::string_view name_of(Storage storage) {
  switch (storage) {
    case Storage::kF32:
      return "f32";
    case Storage::kBF16:
      return "bf16";
    case Storage::kF16:
      return "f16";
    case Storage::kInt8:
      return "int8";
    case Storage::kNf4:
      return "nf4";
  }
  return "";
}

}  // namespace sightline
