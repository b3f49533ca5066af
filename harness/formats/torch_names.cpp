#include "harness/formats/torch_names.h"

namespace sightline::torch_names {

namespace {

struct Typed {
  std::string_view global;
  DType dtype;
};

constexpr Typed kDTypes[] = {
    {"torch.bool", DType::kBool},
    {"torch.uint8", DType::kU8},
    {"torch.int8", DType::kI8},
    {"torch.uint16", DType::kU16},
    {"torch.int16", DType::kI16},
    {"torch.uint32", DType::kU32},
    {"torch.int32", DType::kI32},
    {"torch.uint64", DType::kU64},
    {"torch.int64", DType::kI64},
    {"torch.float8_e4m3fn", DType::kF8E4M3},
    {"torch.float8_e5m2", DType::kF8E5M2},
    {"torch.float16", DType::kF16},
    {"torch.bfloat16", DType::kBF16},
    {"torch.float32", DType::kF32},
    {"torch.float64", DType::kF64},
    {"torch.complex64", DType::kC64},
    {"torch.complex128", DType::kC128},
};

constexpr Typed kStorages[] = {
    {"torch.BoolStorage", DType::kBool},
    {"torch.ByteStorage", DType::kU8},
    {"torch.CharStorage", DType::kI8},
    {"torch.ShortStorage", DType::kI16},
    {"torch.IntStorage", DType::kI32},
    {"torch.LongStorage", DType::kI64},
    {"torch.HalfStorage", DType::kF16},
    {"torch.BFloat16Storage", DType::kBF16},
    {"torch.FloatStorage", DType::kF32},
    {"torch.DoubleStorage", DType::kF64},
    {"torch.ComplexFloatStorage", DType::kC64},
    {"torch.ComplexDoubleStorage", DType::kC128},
    {"torch.UntypedStorage", DType::kU8},
    {"torch.storage.UntypedStorage", DType::kU8},
    {"torch.storage._UntypedStorage", DType::kU8},
};

constexpr std::string_view kOthers[] = {
    kOrderedDict,        kTensor,      kTensorWithDType, kParameter,
    kParameterWithState, "torch.Size", "torch.device"};

std::optional<DType> find(std::span<const Typed> table, std::string_view global) {
  const auto found = std::ranges::find(table, global, &Typed::global);
  if (found == table.end()) return std::nullopt;
  return found->dtype;
}

}  // namespace

bool is_allowed(std::string_view global) {
  return std::ranges::find(kOthers, global) != std::end(kOthers) || dtype_of(global) ||
         dtype_of_storage(global);
}

std::optional<DType> dtype_of(std::string_view global) {
  return find(kDTypes, global);
}

std::optional<DType> dtype_of_storage(std::string_view global) {
  return find(kStorages, global);
}

}  // namespace sightline::torch_names
