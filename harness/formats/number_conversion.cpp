#include "harness/formats/number_conversion.h"

#include <bit>
#include <cstring>

#include "harness/base/error.h"

namespace sightline {

namespace {

template <typename Stored, typename T, typename Decode>
void convert_each(std::span<const std::byte> bytes, std::span<T> numbers, Decode decode) {
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    Stored stored;
    std::memcpy(&stored, bytes.data() + i * sizeof stored, sizeof stored);
    numbers[i] = static_cast<T>(decode(stored));
  }
}

template <typename Stored, typename T>
void convert_each(std::span<const std::byte> bytes, std::span<T> numbers) {
  convert_each<Stored>(bytes, numbers, [](Stored stored) { return stored; });
}

}  // namespace

float float_of_half(std::uint16_t bits) {
  // The exponents differ by 112: shifted into place, the number is 2^112 times too small, which a
  // product mends without rounding, for numbers below the normal ones too.
  constexpr std::uint32_t kInfinite = 0x7F800000U;
  constexpr float kScale = 0x1p112F;
  const std::uint32_t sign = (bits & 0x8000U) << 16, rest = (bits & 0x7FFFU) << 13;
  const bool finite = (bits & 0x7C00U) != 0x7C00U;
  const std::uint32_t magnitude =
      finite ? std::bit_cast<std::uint32_t>(std::bit_cast<float>(rest) * kScale) : rest | kInfinite;
  return std::bit_cast<float>(sign | magnitude);
}

template <typename T>
void convert_numbers(DType dtype, std::span<const std::byte> bytes, std::span<T> numbers) {
  switch (dtype) {
    case DType::kF16:
      return convert_each<std::uint16_t>(bytes, numbers,
                                         [](std::uint16_t bits) { return float_of_half(bits); });
    case DType::kBF16:
      return convert_each<std::uint16_t>(bytes, numbers, [](std::uint16_t bits) {
        return std::bit_cast<float>(std::uint32_t{bits} << 16);
      });
    case DType::kF32:
      return convert_each<float>(bytes, numbers);
    case DType::kF64:
      return convert_each<double>(bytes, numbers);
    case DType::kU8:
      return convert_each<std::uint8_t>(bytes, numbers);
    case DType::kI8:
      return convert_each<std::int8_t>(bytes, numbers);
    case DType::kU16:
      return convert_each<std::uint16_t>(bytes, numbers);
    case DType::kI16:
      return convert_each<std::int16_t>(bytes, numbers);
    case DType::kU32:
      return convert_each<std::uint32_t>(bytes, numbers);
    case DType::kI32:
      return convert_each<std::int32_t>(bytes, numbers);
    case DType::kU64:
      return convert_each<std::uint64_t>(bytes, numbers);
    case DType::kI64:
      return convert_each<std::int64_t>(bytes, numbers);
    default:
      fail("numbers of dtype {} are not converted; want integers or reals", name_of(dtype));
  }
}

template void convert_numbers<float>(DType, std::span<const std::byte>, std::span<float>);
template void convert_numbers<double>(DType, std::span<const std::byte>, std::span<double>);

}  // namespace sightline
