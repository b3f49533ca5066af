#pragma once

// Elementary functions of sixteen floats, for the instruction set of the file that includes this
// one behind vector_generic.h, vector_avx2.h or vector_avx512.h. All sets give the same bits.
#ifndef SIGHTLINE_TARGET
#error "include a header of vectors before this one"
#endif

#include <cstddef>

namespace sightline {
namespace {

/// e^x = 2^n (1 + f) with whole n, and f = e^r - 1 for r of [-ln 2 / 2, ln 2 / 2].
struct PowerOfE {
  Floats n, f;
};

/// @param x  of [-104, 89]
SIGHTLINE_TARGET_INLINE PowerOfE split_power(Floats x) {
  constexpr float kLog2E = 1.44269504F, kShift = 12582912.0F;  // 1.5 * 2^23: rounds to integers
  // ln 2 in two parts, the first of few bits, so that n times it is exact.
  constexpr float kLn2High = 0.693145752F, kLn2Low = 1.42860677e-6F;
  const Floats n = Floats::fma(x, Floats::of(kLog2E), Floats::of(kShift)) - Floats::of(kShift);
  Floats r = Floats::fma(n, Floats::of(-kLn2High), x);
  r = Floats::fma(n, Floats::of(-kLn2Low), r);
  // (e^r - 1 - r) / r^2, fitted to 0.05 ulp of e^r.
  Floats q = Floats::of(0.001395053812302649F);
  q = Floats::fma(q, r, Floats::of(0.008368917740881443F));
  q = Floats::fma(q, r, Floats::of(0.04166620597243309F));
  q = Floats::fma(q, r, Floats::of(0.166665181517601F));
  q = Floats::fma(q, r, Floats::of(0.5F));
  return {n, Floats::fma(r * r, q, r)};
}

/// e^x to 1.1 ulp. 0 below -104, infinity above 88.73, NaN for NaN.
SIGHTLINE_TARGET_INLINE Floats exp(Floats x) {
  const Floats inside = Floats::min(Floats::of(89), Floats::max(Floats::of(-104), x));
  const PowerOfE power = split_power(inside);
  return (Floats::of(1) + power.f).times_power_of_two(power.n);
}

/// 1 / (1 + e^-x)
SIGHTLINE_TARGET_INLINE Floats sigmoid(Floats x) {
  return Floats::of(1) / (Floats::of(1) + exp(Floats::of(0) - x));
}

/// tanh x to 1.4 ulp: x (1 + s p(s)) with s = x^2 and p fitted to 0.05 ulp up to 0.6, and
/// 1 - 2 / (e^2|x| + 1) beyond.
SIGHTLINE_TARGET_INLINE Floats tanh(Floats x) {
  const Floats t = Floats::min(Floats::of(9.5F), x.abs()), s = t * t;  // beyond, it rounds to 1
  Floats near = Floats::of(-0.005895150359719992F);
  near = Floats::fma(near, s, Floats::of(0.02079596370458603F));
  near = Floats::fma(near, s, Floats::of(-0.053783826529979706F));
  near = Floats::fma(near, s, Floats::of(0.13331924378871918F));
  near = Floats::fma(near, s, Floats::of(-0.33333298563957214F));
  near = Floats::fma(near * s, t, t);
  const PowerOfE power = split_power(t + t);
  const Floats squared = (Floats::of(1) + power.f).times_power_of_two(power.n);
  const Floats far = Floats::of(1) - Floats::of(2) / (squared + Floats::of(1));
  return Floats::if_less(Floats::of(0.6F), t, far, near).with_sign_of(x);
}

/// erf x to 1.2 ulp: x (1 + p(x^2)) up to 0.85, 1 - e^p(|x|) beyond; both polynomials are fitted to
/// 0.1 ulp.
SIGHTLINE_TARGET_INLINE Floats erf(Floats x) {
  const Floats t = Floats::min(Floats::of(4), x.abs()), s = t * t;
  Floats near = Floats::of(-0.0006332609918899834F);
  near = Floats::fma(near, s, Floats::of(0.0050542703829705715F));
  near = Floats::fma(near, s, Floats::of(-0.026804570108652115F));
  near = Floats::fma(near, s, Floats::of(0.11282770335674286F));
  near = Floats::fma(near, s, Floats::of(-0.3761257529258728F));
  near = Floats::fma(near, s, Floats::of(0.12837916612625122F));
  near = Floats::fma(near, t, t);
  Floats far = Floats::of(0.00020367804972920567F);
  far = Floats::fma(far, t, Floats::of(-0.0031178658828139305F));
  far = Floats::fma(far, t, Floats::of(0.022519096732139587F));
  far = Floats::fma(far, t, Floats::of(-0.10452600568532944F));
  far = Floats::fma(far, t, Floats::of(-0.6365188360214233F));
  far = Floats::fma(far, t, Floats::of(-1.128061056137085F));
  far = Floats::fma(far, t, Floats::of(-0.0001045155368046835F));
  far = Floats::of(1) - exp(far);
  return Floats::if_less(Floats::of(0.85F), t, far, near).with_sign_of(x);
}

}  // namespace
}  // namespace sightline
