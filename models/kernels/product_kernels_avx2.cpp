#include "models/kernels/product_kernels.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define SIGHTLINE_TARGET __attribute__((target("avx2,fma,f16c")))
#include "models/kernels/product_tile.h"

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

template <typename Weights>
SIGHTLINE_TARGET void multiply(const TileCall& call) {
  switch (call.rows) {
    case 1:
      return multiply_panels<Vector, Weights, 1, 2>(call);
    case 2:
      return multiply_panels<Vector, Weights, 2, 1>(call);
    default:
      return multiply_panels<Vector, Weights, 3, 1>(call);
  }
}

constexpr ProductKernels kKernels = {.name = "avx2",
                                     .tile_rows = 3,
                                     .multiply_f32 = multiply<F32Weights>,
                                     .multiply_bf16 = multiply<BF16Weights>,
                                     .multiply_f16 = multiply<F16Weights>};

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
