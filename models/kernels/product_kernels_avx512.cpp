#include "models/kernels/product_kernels.h"

#if defined(__x86_64__)

// g++ 12 takes the undefined operands inside its own intrinsics for a fault of ours.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>

#define SIGHTLINE_TARGET __attribute__((target("avx512f,avx512bw,avx512vl,fma")))
#include "models/kernels/product_tile.h"

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

template <typename Weights>
SIGHTLINE_TARGET void multiply(const TileCall& call) {
  switch (call.rows) {
    case 1:
      return multiply_panels<Vector, Weights, 1, 4>(call);
    case 2:
      return multiply_panels<Vector, Weights, 2, 2>(call);
    case 3:
      return multiply_panels<Vector, Weights, 3, 2>(call);
    case 4:
      return multiply_panels<Vector, Weights, 4, 1>(call);
    case 5:
      return multiply_panels<Vector, Weights, 5, 1>(call);
    case 6:
      return multiply_panels<Vector, Weights, 6, 1>(call);
    case 7:
      return multiply_panels<Vector, Weights, 7, 1>(call);
    case 8:
      return multiply_panels<Vector, Weights, 8, 1>(call);
    case 9:
      return multiply_panels<Vector, Weights, 9, 1>(call);
    case 10:
      return multiply_panels<Vector, Weights, 10, 1>(call);
    case 11:
      return multiply_panels<Vector, Weights, 11, 1>(call);
    default:
      return multiply_panels<Vector, Weights, 12, 1>(call);
  }
}

constexpr ProductKernels kKernels = {.name = "avx512",
                                     .tile_rows = 12,
                                     .multiply_f32 = multiply<F32Weights>,
                                     .multiply_bf16 = multiply<BF16Weights>,
                                     .multiply_f16 = multiply<F16Weights>};

}  // namespace

const ProductKernels* avx512_kernels() {
  return &kKernels;
}

}  // namespace sightline

#else

namespace sightline {

const ProductKernels* avx512_kernels() {
  return nullptr;
}

}  // namespace sightline

#endif
