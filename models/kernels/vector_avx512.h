#pragma once

// Included by files whose functions are compiled for AVX-512 alone.
#include <immintrin.h>

#include <cstddef>

#include "models/kernels/packed_matrix.h"

#define SIGHTLINE_TARGET __attribute__((target("avx512f,avx512bw,avx512vl,fma")))
#define SIGHTLINE_TARGET_INLINE SIGHTLINE_TARGET __attribute__((always_inline)) inline

// g++ 12 takes the deliberately undefined operands inside its own intrinsics for mistakes (its bug
// 105593).
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif

namespace sightline {
namespace {

/// Sixteen floats in one register; see vector_generic.h for what each function means.
struct Floats {
  static constexpr std::size_t kLanes = 16;
  __m512 lanes;

  SIGHTLINE_TARGET_INLINE static Floats of(float x) { return {_mm512_set1_ps(x)}; }
  SIGHTLINE_TARGET_INLINE static Floats load(const float* from) { return {_mm512_loadu_ps(from)}; }
  SIGHTLINE_TARGET_INLINE static Floats load(const float* from, std::size_t count) {
    return {_mm512_maskz_loadu_ps(first(count), from)};
  }
  SIGHTLINE_TARGET_INLINE static Floats load(const BFloat16* from) {
    return widen(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
  }
  SIGHTLINE_TARGET_INLINE static Floats load(const BFloat16* from, std::size_t count) {
    return widen(_mm256_maskz_loadu_epi16(first(count), from));
  }
  SIGHTLINE_TARGET_INLINE void store(float* to) const { _mm512_storeu_ps(to, lanes); }
  SIGHTLINE_TARGET_INLINE void store(float* to, std::size_t count) const {
    _mm512_mask_storeu_ps(to, first(count), lanes);
  }
  SIGHTLINE_TARGET_INLINE void store(BFloat16* to) const {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), narrow());
  }
  SIGHTLINE_TARGET_INLINE void store(BFloat16* to, std::size_t count) const {
    _mm256_mask_storeu_epi16(to, first(count), narrow());
  }

  SIGHTLINE_TARGET_INLINE friend Floats operator+(Floats a, Floats b) {
    return {_mm512_add_ps(a.lanes, b.lanes)};
  }
  SIGHTLINE_TARGET_INLINE friend Floats operator-(Floats a, Floats b) {
    return {_mm512_sub_ps(a.lanes, b.lanes)};
  }
  SIGHTLINE_TARGET_INLINE friend Floats operator*(Floats a, Floats b) {
    return {_mm512_mul_ps(a.lanes, b.lanes)};
  }
  SIGHTLINE_TARGET_INLINE friend Floats operator/(Floats a, Floats b) {
    return {_mm512_div_ps(a.lanes, b.lanes)};
  }
  SIGHTLINE_TARGET_INLINE static Floats fma(Floats a, Floats b, Floats c) {
    return {_mm512_fmadd_ps(a.lanes, b.lanes, c.lanes)};
  }
  SIGHTLINE_TARGET_INLINE static Floats max(Floats a, Floats b) {
    return {_mm512_max_ps(a.lanes, b.lanes)};
  }
  SIGHTLINE_TARGET_INLINE static Floats min(Floats a, Floats b) {
    return {_mm512_min_ps(a.lanes, b.lanes)};
  }
  SIGHTLINE_TARGET_INLINE static Floats if_less(Floats a, Floats b, Floats yes, Floats no) {
    return {
        _mm512_mask_mov_ps(no.lanes, _mm512_cmp_ps_mask(a.lanes, b.lanes, _CMP_LT_OQ), yes.lanes)};
  }
  SIGHTLINE_TARGET_INLINE Floats abs() const { return {_mm512_abs_ps(lanes)}; }
  SIGHTLINE_TARGET_INLINE Floats with_sign_of(Floats other) const {
    const __m512i sign = _mm512_set1_epi32(static_cast<int>(0x80000000U));
    return {_mm512_castsi512_ps(_mm512_ternarylogic_epi32(sign, _mm512_castps_si512(other.lanes),
                                                          _mm512_castps_si512(lanes), 0xca))};
  }
  SIGHTLINE_TARGET_INLINE Floats swapped_pairs() const { return {_mm512_permute_ps(lanes, 0xb1)}; }
  SIGHTLINE_TARGET_INLINE Floats times_power_of_two(Floats n) const {
    return {_mm512_scalef_ps(lanes, n.lanes)};
  }
  SIGHTLINE_TARGET_INLINE Floats rounded_to_bfloat16() const {
    return {_mm512_castsi512_ps(
        _mm512_and_si512(rounded_bits(), _mm512_set1_epi32(static_cast<int>(0xffff0000U))))};
  }
  SIGHTLINE_TARGET_INLINE static Floats only(Floats x, std::size_t begin, std::size_t end,
                                             Floats other) {
    return {_mm512_mask_mov_ps(other.lanes, first(end) & static_cast<__mmask16>(~first(begin)),
                               x.lanes)};
  }
  SIGHTLINE_TARGET_INLINE float sum() const {
    const __m512 eight = _mm512_add_ps(lanes, _mm512_shuffle_f32x4(lanes, lanes, 0x4e));
    const __m512 four = _mm512_add_ps(eight, _mm512_shuffle_f32x4(eight, eight, 0xb1));
    const __m512 two = _mm512_add_ps(four, _mm512_permute_ps(four, 0x4e));
    return _mm512_cvtss_f32(_mm512_add_ps(two, _mm512_permute_ps(two, 0xb1)));
  }
  SIGHTLINE_TARGET_INLINE float largest() const {
    const __m512 eight = _mm512_max_ps(lanes, _mm512_shuffle_f32x4(lanes, lanes, 0x4e));
    const __m512 four = _mm512_max_ps(eight, _mm512_shuffle_f32x4(eight, eight, 0xb1));
    const __m512 two = _mm512_max_ps(four, _mm512_permute_ps(four, 0x4e));
    return _mm512_cvtss_f32(_mm512_max_ps(two, _mm512_permute_ps(two, 0xb1)));
  }
  SIGHTLINE_TARGET_INLINE static void transpose(Floats (&rows)[kLanes]) {
    transpose_quarters(rows);
#pragma GCC unroll 4
    for (std::size_t k = 0; k < 4; ++k) {
      const __m512 a = rows[k].lanes, b = rows[4 + k].lanes;
      const __m512 c = rows[8 + k].lanes, d = rows[12 + k].lanes;
      const __m512 even[2] = {_mm512_shuffle_f32x4(a, b, 0x88), _mm512_shuffle_f32x4(c, d, 0x88)};
      const __m512 odd[2] = {_mm512_shuffle_f32x4(a, b, 0xdd), _mm512_shuffle_f32x4(c, d, 0xdd)};
      rows[k].lanes = _mm512_shuffle_f32x4(even[0], even[1], 0x88);
      rows[4 + k].lanes = _mm512_shuffle_f32x4(odd[0], odd[1], 0x88);
      rows[8 + k].lanes = _mm512_shuffle_f32x4(even[0], even[1], 0xdd);
      rows[12 + k].lanes = _mm512_shuffle_f32x4(odd[0], odd[1], 0xdd);
    }
  }

 private:
  /// Quarter q of rows[4 g + k] becomes column 4 q + k of the rows [4 g, 4 g + 4).
  SIGHTLINE_TARGET_INLINE static void transpose_quarters(Floats (&rows)[kLanes]) {
#pragma GCC unroll 4
    for (std::size_t g = 0; g < kLanes; g += 4) {
      const __m512 a = rows[g].lanes, b = rows[g + 1].lanes;
      const __m512 c = rows[g + 2].lanes, d = rows[g + 3].lanes;
      const __m512d low[2] = {_mm512_castps_pd(_mm512_unpacklo_ps(a, b)),
                              _mm512_castps_pd(_mm512_unpacklo_ps(c, d))};
      const __m512d high[2] = {_mm512_castps_pd(_mm512_unpackhi_ps(a, b)),
                               _mm512_castps_pd(_mm512_unpackhi_ps(c, d))};
      rows[g].lanes = _mm512_castpd_ps(_mm512_unpacklo_pd(low[0], low[1]));
      rows[g + 1].lanes = _mm512_castpd_ps(_mm512_unpackhi_pd(low[0], low[1]));
      rows[g + 2].lanes = _mm512_castpd_ps(_mm512_unpacklo_pd(high[0], high[1]));
      rows[g + 3].lanes = _mm512_castpd_ps(_mm512_unpackhi_pd(high[0], high[1]));
    }
  }
  SIGHTLINE_TARGET_INLINE static __mmask16 first(std::size_t count) {
    return static_cast<__mmask16>((1U << count) - 1);
  }
  SIGHTLINE_TARGET_INLINE static Floats widen(__m256i halves) {
    return {_mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16))};
  }
  /// The upper halves are the bits of the nearest brain floats.
  SIGHTLINE_TARGET_INLINE __m512i rounded_bits() const {
    const __m512i bits = _mm512_castps_si512(lanes);
    const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    const __m512i half = _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff));
    return _mm512_mask_mov_epi32(_mm512_add_epi32(bits, half),
                                 _mm512_cmp_ps_mask(lanes, lanes, _CMP_UNORD_Q),
                                 _mm512_or_si512(bits, _mm512_set1_epi32(0x00400000)));
  }
  SIGHTLINE_TARGET_INLINE __m256i narrow() const {
    return _mm512_cvtepi32_epi16(_mm512_srli_epi32(rounded_bits(), 16));
  }
};

}  // namespace
}  // namespace sightline
