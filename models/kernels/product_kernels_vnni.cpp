#include "models/kernels/product_kernels.h"

#if defined(__x86_64__)

// g++ 12 takes the undefined operands inside its own intrinsics for a fault of ours.
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>

#define SIGHTLINE_TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni")))

namespace sightline {

namespace {

/// The instruction multiplies unsigned by signed bytes: inputs have an offset, whose share of a sum
/// is known beforehand.
constexpr std::uint8_t kOffset = 128;

template <std::size_t kRows, std::size_t kPanels>
SIGHTLINE_TARGET void multiply_tile(const CodeTileCall& call, std::size_t first_panel) {
  const std::byte* weights = call.weights + first_panel * call.panel_bytes;
  const std::int32_t* code_sums = call.code_sums + first_panel * kPanel;
  std::int32_t* sums = call.sums + first_panel * call.panel_sums;
  const std::size_t panel_bytes = call.panel_bytes;
  const std::ptrdiff_t ahead = call.ahead;
  __m512i sum[kPanels][kRows][2];
#pragma GCC unroll 4
  for (std::size_t p = 0; p < kPanels; ++p) {
#pragma GCC unroll 16
    for (std::size_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 2
      for (std::size_t v = 0; v < 2; ++v) {
        const __m512i codes = _mm512_loadu_si512(code_sums + p * kPanel + 16 * v);
        sum[p][r][v] = _mm512_mullo_epi32(codes, _mm512_set1_epi32(-kOffset));
      }
    }
  }
  const std::uint8_t* x = call.x;
  for (std::size_t q = 0; q < call.quads; ++q, x += kRows * kQuad, weights += kPanel * kQuad) {
#pragma GCC unroll 4
    for (std::size_t p = 0; p < kPanels; ++p) {
      const __m512i low = _mm512_loadu_si512(weights + p * panel_bytes);
      const __m512i high = _mm512_loadu_si512(weights + p * panel_bytes + 64);
      __builtin_prefetch(weights + p * panel_bytes + ahead);
      __builtin_prefetch(weights + p * panel_bytes + ahead + 64);
#pragma GCC unroll 16
      for (std::size_t r = 0; r < kRows; ++r) {
        std::int32_t quad = 0;
        __builtin_memcpy(&quad, x + r * kQuad, sizeof quad);
        const __m512i factor = _mm512_set1_epi32(quad);
        sum[p][r][0] = _mm512_dpbusd_epi32(sum[p][r][0], factor, low);
        sum[p][r][1] = _mm512_dpbusd_epi32(sum[p][r][1], factor, high);
      }
    }
  }
#pragma GCC unroll 4
  for (std::size_t p = 0; p < kPanels; ++p) {
#pragma GCC unroll 16
    for (std::size_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 2
      for (std::size_t v = 0; v < 2; ++v) {
        _mm512_storeu_si512(sums + p * call.panel_sums + r * kPanel + 16 * v, sum[p][r][v]);
      }
    }
  }
}

template <std::size_t kRows, std::size_t kAtOnce>
SIGHTLINE_TARGET void multiply_all(const CodeTileCall& call) {
  std::size_t panel = 0;
  for (; panel + kAtOnce <= call.panels; panel += kAtOnce) {
    multiply_tile<kRows, kAtOnce>(call, panel);
  }
  if constexpr (kAtOnce > 1) {
    for (; panel < call.panels; ++panel) multiply_tile<kRows, 1>(call, panel);
  }
}

constexpr void (*kByRows[])(const CodeTileCall&) = {
    multiply_all<1, 4>, multiply_all<2, 2>,  multiply_all<3, 2>,  multiply_all<4, 1>,
    multiply_all<5, 1>, multiply_all<6, 1>,  multiply_all<7, 1>,  multiply_all<8, 1>,
    multiply_all<9, 1>, multiply_all<10, 1>, multiply_all<11, 1>, multiply_all<12, 1>};

void multiply_codes(const CodeTileCall& call) {
  kByRows[call.rows - 1](call);
}

ProductKernels make_kernels() {
  ProductKernels kernels = *avx512_kernels();
  kernels.name = "avx512 with vnni";
  kernels.code_offset = kOffset;
  kernels.multiply_codes = multiply_codes;
  return kernels;
}

}  // namespace

const ProductKernels* avx512_vnni_kernels() {
  static const ProductKernels kernels = make_kernels();
  return &kernels;
}

}  // namespace sightline

#else

namespace sightline {

const ProductKernels* avx512_vnni_kernels() {
  return nullptr;
}

}  // namespace sightline

#endif
