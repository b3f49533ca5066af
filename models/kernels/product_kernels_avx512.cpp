#include "models/kernels/product_kernels.h"

#if defined(__x86_64__)

// g++ 12 takes the undefined operands inside its own intrinsics for a fault of ours.
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>

#define SIGHTLINE_TARGET __attribute__((target("avx512f,avx512bw,avx512vl,fma")))
#include "models/kernels/nf4_tile.h"

namespace sightline {

namespace {

struct Vector {
  using Type = __m512;
  static constexpr std::size_t kLanes = 16;
  SIGHTLINE_TARGET_INLINE static Type zero() { return _mm512_setzero_ps(); }
  SIGHTLINE_TARGET_INLINE static Type load(const float* from) { return _mm512_loadu_ps(from); }
  SIGHTLINE_TARGET_INLINE static void store(float* to, Type value) { _mm512_storeu_ps(to, value); }
  SIGHTLINE_TARGET_INLINE static Type broadcast(const float* from) { return _mm512_set1_ps(*from); }
  SIGHTLINE_TARGET_INLINE static Type add_product(Type a, Type b, Type sum) {
    return _mm512_fmadd_ps(a, b, sum);
  }
  SIGHTLINE_TARGET_INLINE static Type multiply(Type a, Type b) { return _mm512_mul_ps(a, b); }
};

struct F32Weights {
  static constexpr std::size_t kBytes = 4 * kPanel;
  SIGHTLINE_TARGET_INLINE static void load(const std::byte* from, __m512 (&to)[2]) {
    to[0] = _mm512_loadu_ps(from);
    to[1] = _mm512_loadu_ps(from + 64);
  }
};

struct BF16Weights {
  static constexpr std::size_t kBytes = 2 * kPanel;
  SIGHTLINE_TARGET_INLINE static void load(const std::byte* from, __m512 (&to)[2]) {
    const __m512i both = _mm512_loadu_si512(from);
    to[0] = _mm512_castsi512_ps(_mm512_slli_epi32(both, 16));
    to[1] = _mm512_castsi512_ps(_mm512_and_si512(both, _mm512_set1_epi32(-65536)));
  }
};

struct F16Weights {
  static constexpr std::size_t kBytes = 2 * kPanel;
  SIGHTLINE_TARGET_INLINE static void load(const std::byte* from, __m512 (&to)[2]) {
    const auto* halves = reinterpret_cast<const __m256i*>(from);
    to[0] = _mm512_cvtph_ps(_mm256_loadu_si256(halves));
    to[1] = _mm512_cvtph_ps(_mm256_loadu_si256(halves + 1));
  }
};

struct Nf4Codes {
  using Word = __m512i;
  SIGHTLINE_TARGET_INLINE static Word load(const std::byte* from) {
    return _mm512_loadu_si512(from);
  }
  SIGHTLINE_TARGET_INLINE static __m512 value(Word words, unsigned shift) {
    // The permutation reads the lowest 4 bits of an index.
    return _mm512_permutexvar_ps(_mm512_srli_epi32(words, shift), _mm512_loadu_ps(kNf4Codebook));
  }
  /// `next` where the phase has come to the end of the block.
  SIGHTLINE_TARGET_INLINE static __m512 choose(const std::int32_t* phases, std::int32_t end,
                                               __m512 scale, __m512 next) {
    const __mmask16 behind =
        _mm512_cmpge_epi32_mask(_mm512_loadu_si512(phases), _mm512_set1_epi32(end));
    return _mm512_mask_blend_ps(behind, scale, next);
  }
};

template <typename Weights>
void multiply(const TileCall& call) {
  static constexpr void (*kByRows[])(const TileCall&) = {
      multiply_rows<Vector, Weights, 1, 4>,  multiply_rows<Vector, Weights, 2, 2>,
      multiply_rows<Vector, Weights, 3, 2>,  multiply_rows<Vector, Weights, 4, 1>,
      multiply_rows<Vector, Weights, 5, 1>,  multiply_rows<Vector, Weights, 6, 1>,
      multiply_rows<Vector, Weights, 7, 1>,  multiply_rows<Vector, Weights, 8, 1>,
      multiply_rows<Vector, Weights, 9, 1>,  multiply_rows<Vector, Weights, 10, 1>,
      multiply_rows<Vector, Weights, 11, 1>, multiply_rows<Vector, Weights, 12, 1>};
  kByRows[call.rows - 1](call);
}

void multiply_nf4(const Nf4TileCall& call) {
  static constexpr void (*kByRows[])(const Nf4TileCall&) = {
      multiply_nf4_rows<Vector, Nf4Codes, 1, 4>,  multiply_nf4_rows<Vector, Nf4Codes, 2, 2>,
      multiply_nf4_rows<Vector, Nf4Codes, 3, 2>,  multiply_nf4_rows<Vector, Nf4Codes, 4, 1>,
      multiply_nf4_rows<Vector, Nf4Codes, 5, 1>,  multiply_nf4_rows<Vector, Nf4Codes, 6, 1>,
      multiply_nf4_rows<Vector, Nf4Codes, 7, 1>,  multiply_nf4_rows<Vector, Nf4Codes, 8, 1>,
      multiply_nf4_rows<Vector, Nf4Codes, 9, 1>,  multiply_nf4_rows<Vector, Nf4Codes, 10, 1>,
      multiply_nf4_rows<Vector, Nf4Codes, 11, 1>, multiply_nf4_rows<Vector, Nf4Codes, 12, 1>};
  kByRows[call.rows - 1](call);
}

ProductKernels make_kernels() {
  ProductKernels kernels = *avx2_kernels();
  kernels.name = "avx512";
  kernels.tile_rows = 12;
  kernels.multiply_f32 = multiply<F32Weights>;
  kernels.multiply_bf16 = multiply<BF16Weights>;
  kernels.multiply_f16 = multiply<F16Weights>;
  kernels.multiply_nf4 = multiply_nf4;
  kernels.expand_bf16 = kernels.expand_f16 = nullptr;
  kernels.expand_nf4 = expand_nf4<Vector, Nf4Codes>;
  return kernels;
}

}  // namespace

const ProductKernels* avx512_kernels() {
  static const ProductKernels kernels = make_kernels();
  return &kernels;
}

}  // namespace sightline

#else

namespace sightline {

const ProductKernels* avx512_kernels() {
  return nullptr;
}

}  // namespace sightline

#endif
