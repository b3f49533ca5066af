#include "models/kernels/product_kernels.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define SIGHTLINE_TARGET __attribute__((target("avx2,fma,f16c")))
#include "models/kernels/nf4_tile.h"

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
  SIGHTLINE_TARGET_INLINE static __m256 value(Word words, unsigned shift) {
    // A permutation reads the lowest 3 bits of an index; the fourth chooses between two.
    const __m256i index = _mm256_srli_epi32(words, static_cast<int>(shift));
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

/// Sums of 8-bit codes. The instruction multiplies unsigned by signed bytes, so that the inputs'
/// signs go over to the weights; as no code is -128, the pairs of products fit 16 bits.
template <std::size_t kRows>
SIGHTLINE_TARGET void multiply_code_tile(const CodeTileCall& call, const std::byte* weights,
                                         const std::uint8_t* x, std::int32_t* sums) {
  __m256i sum[kRows][4];
#pragma GCC unroll 4
  for (std::size_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (std::size_t v = 0; v < 4; ++v) sum[r][v] = _mm256_setzero_si256();
  }
  for (std::size_t q = 0; q < call.quads; ++q, weights += kPanel * kQuad, x += call.rows * kQuad) {
    const auto* eights = reinterpret_cast<const __m256i*>(weights);
    __builtin_prefetch(weights + call.ahead);
    __builtin_prefetch(weights + call.ahead + 64);
#pragma GCC unroll 4
    for (std::size_t r = 0; r < kRows; ++r) {
      std::int32_t quad = 0;
      __builtin_memcpy(&quad, x + r * kQuad, sizeof quad);
      const __m256i factor = _mm256_set1_epi32(quad), magnitude = _mm256_abs_epi8(factor);
#pragma GCC unroll 4
      for (std::size_t v = 0; v < 4; ++v) {
        const __m256i weight = _mm256_sign_epi8(_mm256_loadu_si256(eights + v), factor);
        const __m256i pairs = _mm256_maddubs_epi16(magnitude, weight);
        sum[r][v] = _mm256_add_epi32(sum[r][v], _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
      }
    }
  }
#pragma GCC unroll 4
  for (std::size_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (std::size_t v = 0; v < 4; ++v) {
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(sums + r * kPanel + 8 * v), sum[r][v]);
    }
  }
}

SIGHTLINE_TARGET void multiply_codes(const CodeTileCall& call) {
  for (std::size_t p = 0; p < call.panels; ++p) {
    const std::byte* weights = call.weights + p * call.panel_bytes;
    std::int32_t* sums = call.sums + p * call.panel_sums;
    std::size_t r = 0;
    for (; r + 2 <= call.rows; r += 2) {
      multiply_code_tile<2>(call, weights, call.x + r * kQuad, sums + r * kPanel);
    }
    if (r < call.rows) multiply_code_tile<1>(call, weights, call.x + r * kQuad, sums + r * kPanel);
  }
}

void multiply_nf4(const Nf4TileCall& call) {
  if (call.rows == 1) return multiply_nf4_rows<Vector, Nf4Codes, 1, 2>(call);
  if (call.rows == 2) return multiply_nf4_rows<Vector, Nf4Codes, 2, 1>(call);
  multiply_nf4_rows<Vector, Nf4Codes, 3, 1>(call);
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
                                     .multiply_nf4 = multiply_nf4,
                                     .expand_bf16 = expand<Vector, BF16Weights>,
                                     .expand_f16 = expand<Vector, F16Weights>,
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
