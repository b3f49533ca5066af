#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace sightline {

/// Four words of 32 bits.
using FourWords = std::uint32_t __attribute__((vector_size(16)));

inline FourWords load_four_words(const void* from) {
  FourWords words;
  std::memcpy(&words, from, sizeof words);
  return words;
}

/// Turns a 4 x 4 block: words[i] of the rows go to `to + i * step`.
inline void store_turned(FourWords a, FourWords b, FourWords c, FourWords d, void* to,
                         std::size_t step) {
  const FourWords ab = __builtin_shufflevector(a, b, 0, 4, 1, 5);
  const FourWords cd = __builtin_shufflevector(c, d, 0, 4, 1, 5);
  const FourWords ab_end = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  const FourWords cd_end = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  const FourWords turned[4] = {__builtin_shufflevector(ab, cd, 0, 1, 4, 5),
                               __builtin_shufflevector(ab, cd, 2, 3, 6, 7),
                               __builtin_shufflevector(ab_end, cd_end, 0, 1, 4, 5),
                               __builtin_shufflevector(ab_end, cd_end, 2, 3, 6, 7)};
  for (std::size_t i = 0; i < 4; ++i) {
    std::memcpy(static_cast<std::uint32_t*>(to) + i * step, &turned[i], sizeof turned[i]);
  }
}

/// to[k * rows + r] = words[r * stride + k], for a multiple of 4 rows.
inline void turn_words(const std::uint32_t* words, std::size_t stride, std::size_t rows,
                       std::size_t columns, std::uint32_t* to) {
  for (std::size_t r = 0; r < rows; r += 4) {
    const std::uint32_t* row = words + r * stride;
    std::size_t k = 0;
    for (; k + 4 <= columns; k += 4) {
      store_turned(load_four_words(row + k), load_four_words(row + stride + k),
                   load_four_words(row + 2 * stride + k), load_four_words(row + 3 * stride + k),
                   to + k * rows + r, rows);
    }
    for (; k < columns; ++k) {
      for (std::size_t i = 0; i < 4; ++i) to[k * rows + r + i] = row[i * stride + k];
    }
  }
}

}  // namespace sightline
