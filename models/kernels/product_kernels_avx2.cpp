#include "models/kernels/product_kernels.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define SIGHTLINE_TARGET __attribute__((target("avx2,fma,f16c")))
#include "models/kernels/product_tile.h"
#include "models/kernels/quantise.h"

namespace sightline {

namespace {

struct Vector {
  using Type = __m256;
  static constexpr std::size_t kLanes = 8;
  SIGHTLINE_TARGET_INLINE static Type zero() { return _mm256_setzero_ps(); }
  SIGHTLINE_TARGET_INLINE static Type load(const float* from) { return _mm256_loadu_ps(from); }
  SIGHTLINE_TARGET_INLINE static void store(float* to, Type value) { _mm256_storeu_ps(to, value); }
  SIGHTLINE_TARGET_INLINE static Type broadcast(const float* from) {
    return _mm256_broadcast_ss(from);
  }
  SIGHTLINE_TARGET_INLINE static Type add_product(Type a, Type b, Type sum) {
    return _mm256_fmadd_ps(a, b, sum);
  }
  SIGHTLINE_TARGET_INLINE static Type multiply(Type a, Type b) { return _mm256_mul_ps(a, b); }
};

struct F32Weights {
  static constexpr std::size_t kBytes = 4 * kPanel;
  SIGHTLINE_TARGET_INLINE static void load(const std::byte* from, __m256 (&to)[4]) {
    const auto* floats = reinterpret_cast<const float*>(from);
    for (std::size_t v = 0; v < 4; ++v) to[v] = _mm256_loadu_ps(floats + 8 * v);
  }
};

struct BF16Weights {
  static constexpr std::size_t kBytes = 2 * kPanel;
  SIGHTLINE_TARGET_INLINE static void load(const std::byte* from, __m256 (&to)[4]) {
    const auto* words = reinterpret_cast<const __m256i*>(from);
    for (std::size_t v = 0; v < 2; ++v) {
      const __m256i both = _mm256_loadu_si256(words + v);
      to[v] = _mm256_castsi256_ps(_mm256_slli_epi32(both, 16));
      to[v + 2] = _mm256_castsi256_ps(_mm256_and_si256(both, _mm256_set1_epi32(-65536)));
    }
  }
};

struct F16Weights {
  static constexpr std::size_t kBytes = 2 * kPanel;
  SIGHTLINE_TARGET_INLINE static void load(const std::byte* from, __m256 (&to)[4]) {
    const auto* halves = reinterpret_cast<const __m128i*>(from);
    for (std::size_t v = 0; v < 4; ++v) to[v] = _mm256_cvtph_ps(_mm_loadu_si128(halves + v));
  }
};

struct Nf4Codes {
  using Word = __m256i;
  SIGHTLINE_TARGET_INLINE static Word load(const std::byte* from) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
  }
  SIGHTLINE_TARGET_INLINE static __m256 value(Word words, int shift) {
    // A permutation reads the lowest 3 bits of an index; the fourth chooses between two.
    const __m256i index = _mm256_srli_epi32(words, shift);
    const __m256 upper = _mm256_castsi256_ps(_mm256_slli_epi32(index, 28));
    return _mm256_blendv_ps(_mm256_permutevar8x32_ps(_mm256_loadu_ps(kNf4Codebook), index),
                            _mm256_permutevar8x32_ps(_mm256_loadu_ps(kNf4Codebook + 8), index),
                            upper);
  }
  /// `next` where the phase has come to the end of the block.
  SIGHTLINE_TARGET_INLINE static __m256 choose(const std::int32_t* phases, std::int32_t end,
                                               __m256 scale, __m256 next) {
    const __m256i phase = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(phases));
    const __m256i behind = _mm256_cmpgt_epi32(phase, _mm256_set1_epi32(end - 1));
    return _mm256_blendv_ps(scale, next, _mm256_castsi256_ps(behind));
  }
};

/// Sums of 8-bit codes for kRows rows and 8 outputs: codes are widened to 16 bits, whose products
/// add up in pairs, so that an output has two sums.
template <std::size_t kRows>
SIGHTLINE_TARGET void multiply_eight(const CodeTileCall& call, const std::byte* weights,
                                     const std::uint8_t* x, std::int32_t* sums) {
  __m256i sum[kRows][2];
#pragma GCC unroll 4
  for (std::size_t r = 0; r < kRows; ++r) sum[r][0] = sum[r][1] = _mm256_setzero_si256();
  for (std::size_t q = 0; q < call.quads; ++q, weights += kPanel * kQuad, x += call.rows * kQuad) {
    const auto* four = reinterpret_cast<const __m128i*>(weights);
    const __m256i low = _mm256_cvtepi8_epi16(_mm_loadu_si128(four));
    const __m256i high = _mm256_cvtepi8_epi16(_mm_loadu_si128(four + 1));
#pragma GCC unroll 4
    for (std::size_t r = 0; r < kRows; ++r) {
      std::int32_t quad = 0;
      __builtin_memcpy(&quad, x + r * kQuad, sizeof quad);
      const __m256i factor = _mm256_broadcastq_epi64(_mm_cvtepi8_epi16(_mm_cvtsi32_si128(quad)));
      sum[r][0] = _mm256_add_epi32(sum[r][0], _mm256_madd_epi16(low, factor));
      sum[r][1] = _mm256_add_epi32(sum[r][1], _mm256_madd_epi16(high, factor));
    }
  }
#pragma GCC unroll 4
  for (std::size_t r = 0; r < kRows; ++r) {
    // Pairs are added within halves of 128 bits, which leaves outputs 0 1 4 5 | 2 3 6 7.
    const __m256i mixed = _mm256_hadd_epi32(sum[r][0], sum[r][1]);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(sums + r * kPanel),
                        _mm256_permute4x64_epi64(mixed, 0b11'01'10'00));
  }
}

SIGHTLINE_TARGET void multiply_codes(const CodeTileCall& call) {
  for (std::size_t p = 0; p < call.panels; ++p) {
    for (std::size_t o = 0; o < kPanel; o += 8) {
      const std::byte* weights = call.weights + p * call.panel_bytes + o * kQuad;
      std::int32_t* sums = call.sums + p * call.panel_sums + o;
      std::size_t r = 0;
      for (; r + 4 <= call.rows; r += 4) {
        multiply_eight<4>(call, weights, call.x + r * kQuad, sums + r * kPanel);
      }
      for (; r < call.rows; ++r) {
        multiply_eight<1>(call, weights, call.x + r * kQuad, sums + r * kPanel);
      }
    }
  }
}

template <typename Weights>
SIGHTLINE_TARGET void multiply(const TileCall& call) {
  switch (call.rows) {
    case 1:
      return multiply_rows<Vector, Weights, 1, 2>(call);
    case 2:
      return multiply_rows<Vector, Weights, 2, 1>(call);
    default:
      return multiply_rows<Vector, Weights, 3, 1>(call);
  }
}

constexpr ProductKernels kKernels = {.name = "avx2",
                                     .tile_rows = 3,
                                     .multiply_f32 = multiply<F32Weights>,
                                     .multiply_bf16 = multiply<BF16Weights>,
                                     .multiply_f16 = multiply<F16Weights>,
                                     .expand_nf4 = expand_nf4<Vector, Nf4Codes>,
                                     .multiply_codes = multiply_codes};

}  // namespace

const ProductKernels* avx2_kernels() {
  return &kKernels;
}

}  // namespace sightline

#else

namespace sightline {

const ProductKernels* avx2_kernels() {
  return nullptr;
}

}  // namespace sightline

#endif
