#include "harness/base/counter_rng.h"

#include <cmath>
#include <cstddef>
#include <numbers>

#include "harness/base/rng.h"

namespace sightline {

namespace {

std::uint32_t low(std::uint64_t bits) {
  return static_cast<std::uint32_t>(bits);
}
std::uint32_t high(std::uint64_t bits) {
  return static_cast<std::uint32_t>(bits >> 32);
}

/// FNV-1a, its bits spread.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xCBF29CE484222325ULL;
  for (const char c : text) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  }
  return mix_bits(hash);
}

/// In (0, 1): the middle of one of 2^32 equal parts.
double open_unit(std::uint32_t bits) {
  return (bits + 0.5) * 0x1p-32;
}

/// Two independent normal numbers of two uniform ones.
std::array<float, 2> box_muller(std::uint32_t a, std::uint32_t b) {
  const double radius = std::sqrt(-2.0 * std::log(open_unit(a)));
  const double angle = 2.0 * std::numbers::pi * open_unit(b);
  return {static_cast<float>(radius * std::cos(angle)),
          static_cast<float>(radius * std::sin(angle))};
}

}  // namespace

std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter,
                                    std::array<std::uint32_t, 2> key) {
  constexpr std::uint64_t kMultiplyA = 0xD2511F53U, kMultiplyB = 0xCD9E8D57U;
  constexpr std::uint32_t kStepA = 0x9E3779B9U, kStepB = 0xBB67AE85U;
  constexpr int kRounds = 10;
  for (int round = 0; round < kRounds; ++round) {
    const std::uint64_t a = kMultiplyA * counter[0], b = kMultiplyB * counter[2];
    counter = {high(b) ^ counter[1] ^ key[0], low(b), high(a) ^ counter[3] ^ key[1], low(a)};
    key = {key[0] + kStepA, key[1] + kStepB};
  }
  return counter;
}

CounterStream::CounterStream(std::uint64_t seed, std::string_view id)
    : key_{low(seed), high(seed)} {
  const std::uint64_t hash = hash_of(id);
  id_ = {low(hash), high(hash)};
}

void CounterStream::normals(std::uint64_t first, std::span<float> numbers) const {
  std::array<float, 4> block{};
  std::uint64_t known = ~std::uint64_t{0};
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const std::uint64_t at = first + i, index = at / block.size();
    if (index != known) {
      known = index;
      const auto bits = philox({low(index), high(index), id_[0], id_[1]}, key_);
      const auto a = box_muller(bits[0], bits[1]), b = box_muller(bits[2], bits[3]);
      block = {a[0], a[1], b[0], b[1]};
    }
    numbers[i] = block[at % block.size()];
  }
}

}  // namespace sightline
