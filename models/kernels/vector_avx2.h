#pragma once

// Included by files whose functions are compiled for AVX2 with fused multiply-add alone.
#include <immintrin.h>

#include <algorithm>
#include <cstddef>

#include "models/kernels/packed_matrix.h"

#define SIGHTLINE_TARGET __attribute__((target("avx2,fma")))
#define SIGHTLINE_TARGET_INLINE SIGHTLINE_TARGET __attribute__((always_inline)) inline

namespace sightline {
namespace {

/// Sixteen floats in two registers; see vector_generic.h for what each function means.
struct Floats {
  static constexpr std::size_t kLanes = 16;
  __m256 low, high;

  SIGHTLINE_TARGET_INLINE static Floats of(float x) {
    return {_mm256_set1_ps(x), _mm256_set1_ps(x)};
  }
  SIGHTLINE_TARGET_INLINE static Floats load(const float* from) {
    return {_mm256_loadu_ps(from), _mm256_loadu_ps(from + 8)};
  }
  SIGHTLINE_TARGET_INLINE static Floats load(const BFloat16* from) {
    const auto* halves = reinterpret_cast<const __m128i*>(from);
    return {widen(_mm_loadu_si128(halves)), widen(_mm_loadu_si128(halves + 1))};
  }
  template <typename T>
  SIGHTLINE_TARGET_INLINE static Floats load(const T* from, std::size_t count) {
    T padded[kLanes] = {};
    for (std::size_t i = 0; i < count; ++i) padded[i] = from[i];
    return load(padded);
  }
  SIGHTLINE_TARGET_INLINE void store(float* to) const {
    _mm256_storeu_ps(to, low);
    _mm256_storeu_ps(to + 8, high);
  }
  SIGHTLINE_TARGET_INLINE void store(BFloat16* to) const {
    const __m256i words = _mm256_packus_epi32(_mm256_srli_epi32(rounded_bits(low), 16),
                                              _mm256_srli_epi32(rounded_bits(high), 16));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm256_permute4x64_epi64(words, 0xd8));
  }
  template <typename T>
  SIGHTLINE_TARGET_INLINE void store(T* to, std::size_t count) const {
    T padded[kLanes];
    store(padded);
    for (std::size_t i = 0; i < count; ++i) to[i] = padded[i];
  }

  SIGHTLINE_TARGET_INLINE friend Floats operator+(Floats a, Floats b) {
    return {_mm256_add_ps(a.low, b.low), _mm256_add_ps(a.high, b.high)};
  }
  SIGHTLINE_TARGET_INLINE friend Floats operator-(Floats a, Floats b) {
    return {_mm256_sub_ps(a.low, b.low), _mm256_sub_ps(a.high, b.high)};
  }
  SIGHTLINE_TARGET_INLINE friend Floats operator*(Floats a, Floats b) {
    return {_mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high)};
  }
  SIGHTLINE_TARGET_INLINE friend Floats operator/(Floats a, Floats b) {
    return {_mm256_div_ps(a.low, b.low), _mm256_div_ps(a.high, b.high)};
  }
  SIGHTLINE_TARGET_INLINE static Floats fma(Floats a, Floats b, Floats c) {
    return {_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high)};
  }
  SIGHTLINE_TARGET_INLINE static Floats max(Floats a, Floats b) {
    return {_mm256_max_ps(a.low, b.low), _mm256_max_ps(a.high, b.high)};
  }
  SIGHTLINE_TARGET_INLINE static Floats min(Floats a, Floats b) {
    return {_mm256_min_ps(a.low, b.low), _mm256_min_ps(a.high, b.high)};
  }
  SIGHTLINE_TARGET_INLINE static Floats if_less(Floats a, Floats b, Floats yes, Floats no) {
    return {_mm256_blendv_ps(no.low, yes.low, _mm256_cmp_ps(a.low, b.low, _CMP_LT_OQ)),
            _mm256_blendv_ps(no.high, yes.high, _mm256_cmp_ps(a.high, b.high, _CMP_LT_OQ))};
  }
  SIGHTLINE_TARGET_INLINE Floats abs() const {
    const __m256 sign = _mm256_set1_ps(-0.0F);
    return {_mm256_andnot_ps(sign, low), _mm256_andnot_ps(sign, high)};
  }
  SIGHTLINE_TARGET_INLINE Floats with_sign_of(Floats other) const {
    const __m256 sign = _mm256_set1_ps(-0.0F);
    const Floats magnitude = abs();
    return {_mm256_or_ps(magnitude.low, _mm256_and_ps(sign, other.low)),
            _mm256_or_ps(magnitude.high, _mm256_and_ps(sign, other.high))};
  }
  SIGHTLINE_TARGET_INLINE Floats swapped_pairs() const {
    return {_mm256_permute_ps(low, 0xb1), _mm256_permute_ps(high, 0xb1)};
  }
  SIGHTLINE_TARGET_INLINE Floats times_power_of_two(Floats n) const {
    return {scale(low, n.low), scale(high, n.high)};
  }
  SIGHTLINE_TARGET_INLINE Floats rounded_to_bfloat16() const {
    const __m256i upper = _mm256_set1_epi32(static_cast<int>(0xffff0000U));
    return {_mm256_castsi256_ps(_mm256_and_si256(rounded_bits(low), upper)),
            _mm256_castsi256_ps(_mm256_and_si256(rounded_bits(high), upper))};
  }
  SIGHTLINE_TARGET_INLINE static Floats only(Floats x, std::size_t begin, std::size_t end,
                                             Floats other) {
    const __m256i index = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    const __m256 from = _mm256_cvtepi32_ps(index);
    const __m256 lanes[2] = {from, _mm256_add_ps(from, _mm256_set1_ps(8))};
    __m256 inside[2];
    for (int half = 0; half < 2; ++half) {
      const __m256 first = _mm256_set1_ps(static_cast<float>(begin));
      const __m256 last = _mm256_set1_ps(static_cast<float>(end));
      inside[half] = _mm256_and_ps(_mm256_cmp_ps(lanes[half], first, _CMP_GE_OQ),
                                   _mm256_cmp_ps(lanes[half], last, _CMP_LT_OQ));
    }
    return {_mm256_blendv_ps(other.low, x.low, inside[0]),
            _mm256_blendv_ps(other.high, x.high, inside[1])};
  }
  SIGHTLINE_TARGET_INLINE float sum() const {
    const __m256 eight = _mm256_add_ps(low, high);
    const __m256 four = _mm256_add_ps(eight, _mm256_permute2f128_ps(eight, eight, 1));
    const __m256 two = _mm256_add_ps(four, _mm256_permute_ps(four, 0x4e));
    return _mm256_cvtss_f32(_mm256_add_ps(two, _mm256_permute_ps(two, 0xb1)));
  }
  SIGHTLINE_TARGET_INLINE float largest() const {
    const __m256 eight = _mm256_max_ps(low, high);
    const __m256 four = _mm256_max_ps(eight, _mm256_permute2f128_ps(eight, eight, 1));
    const __m256 two = _mm256_max_ps(four, _mm256_permute_ps(four, 0x4e));
    return _mm256_cvtss_f32(_mm256_max_ps(two, _mm256_permute_ps(two, 0xb1)));
  }
  SIGHTLINE_TARGET_INLINE static void transpose(Floats (&rows)[kLanes]) {
    __m256 quarters[2][2][8];
#pragma GCC unroll 16
    for (std::size_t r = 0; r < kLanes; ++r) {
      quarters[r / 8][0][r % 8] = rows[r].low;
      quarters[r / 8][1][r % 8] = rows[r].high;
    }
    for (auto& half : quarters) {
      for (auto& quarter : half) transpose(quarter);
    }
#pragma GCC unroll 16
    for (std::size_t r = 0; r < kLanes; ++r) {
      rows[r] = {quarters[0][r / 8][r % 8], quarters[1][r / 8][r % 8]};
    }
  }

 private:
  SIGHTLINE_TARGET_INLINE static void transpose(__m256 (&rows)[8]) {
    // Half h of rows[g + k] becomes column 4 h + k of the rows [g, g + 4).
#pragma GCC unroll 2
    for (std::size_t g = 0; g < 8; g += 4) {
      const __m256 a = rows[g], b = rows[g + 1], c = rows[g + 2], d = rows[g + 3];
      const __m256d low[2] = {_mm256_castps_pd(_mm256_unpacklo_ps(a, b)),
                              _mm256_castps_pd(_mm256_unpacklo_ps(c, d))};
      const __m256d high[2] = {_mm256_castps_pd(_mm256_unpackhi_ps(a, b)),
                               _mm256_castps_pd(_mm256_unpackhi_ps(c, d))};
      rows[g] = _mm256_castpd_ps(_mm256_unpacklo_pd(low[0], low[1]));
      rows[g + 1] = _mm256_castpd_ps(_mm256_unpackhi_pd(low[0], low[1]));
      rows[g + 2] = _mm256_castpd_ps(_mm256_unpacklo_pd(high[0], high[1]));
      rows[g + 3] = _mm256_castpd_ps(_mm256_unpackhi_pd(high[0], high[1]));
    }
#pragma GCC unroll 4
    for (std::size_t k = 0; k < 4; ++k) {
      const __m256 a = rows[k], b = rows[4 + k];
      rows[k] = _mm256_permute2f128_ps(a, b, 0x20);
      rows[4 + k] = _mm256_permute2f128_ps(a, b, 0x31);
    }
  }
  SIGHTLINE_TARGET_INLINE static __m256 widen(__m128i halves) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16));
  }
  /// Two steps, of which only the second can round, as scalbn does it.
  SIGHTLINE_TARGET_INLINE static __m256 scale(__m256 x, __m256 n) {
    const __m256i exponent = _mm256_cvtps_epi32(n);
    const __m256i half = _mm256_srai_epi32(exponent, 1);
    return _mm256_mul_ps(_mm256_mul_ps(x, power_of_two(half)),
                         power_of_two(_mm256_sub_epi32(exponent, half)));
  }
  SIGHTLINE_TARGET_INLINE static __m256 power_of_two(__m256i n) {
    const __m256i biased = _mm256_add_epi32(n, _mm256_set1_epi32(127));
    return _mm256_castsi256_ps(_mm256_slli_epi32(biased, 23));
  }
  /// The upper halves are the bits of the nearest brain floats.
  SIGHTLINE_TARGET_INLINE static __m256i rounded_bits(__m256 x) {
    const __m256i bits = _mm256_castps_si256(x);
    const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
    const __m256i half = _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff));
    const __m256 is_nan = _mm256_cmp_ps(x, x, _CMP_UNORD_Q);
    return _mm256_blendv_epi8(_mm256_add_epi32(bits, half),
                              _mm256_or_si256(bits, _mm256_set1_epi32(0x00400000)),
                              _mm256_castps_si256(is_nan));
  }
};

}  // namespace
}  // namespace sightline
