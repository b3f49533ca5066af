#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "models/kernels/bfloat16.h"

#define SIGHTLINE_TARGET
#define SIGHTLINE_TARGET_INLINE inline

namespace sightline {
namespace {

/// Sixteen floats, for any processor. vector_avx2.h and vector_avx512.h have the same functions
/// with the same results, bit for bit.
struct Floats {
  static constexpr std::size_t kLanes = 16;
  float lanes[kLanes];

  static Floats of(float x) {
    return make([&](std::size_t) { return x; });
  }
  static Floats load(const float* from) {
    return make([&](std::size_t i) { return from[i]; });
  }
  static Floats load(const BFloat16* from) {
    return make([&](std::size_t i) { return to_float(from[i]); });
  }
  /// The first `count`, up to 16; the others are 0.
  static Floats load(const float* from, std::size_t count) {
    return make([&](std::size_t i) { return i < count ? from[i] : 0.0F; });
  }
  static Floats load(const BFloat16* from, std::size_t count) {
    return make([&](std::size_t i) { return i < count ? to_float(from[i]) : 0.0F; });
  }
  void store(float* to) const { store(to, kLanes); }
  void store(float* to, std::size_t count) const { std::copy_n(lanes, count, to); }
  /// Rounds to nearest, halves to even.
  void store(BFloat16* to) const { store(to, kLanes); }
  void store(BFloat16* to, std::size_t count) const {
    for (std::size_t i = 0; i < count; ++i) {
      to[i] = round_to<BFloat16>(lanes[i]);
    }
  }

  friend Floats operator+(Floats a, Floats b) {
    return make([&](std::size_t i) { return a.lanes[i] + b.lanes[i]; });
  }
  friend Floats operator-(Floats a, Floats b) {
    return make([&](std::size_t i) { return a.lanes[i] - b.lanes[i]; });
  }
  friend Floats operator*(Floats a, Floats b) {
    return make([&](std::size_t i) { return a.lanes[i] * b.lanes[i]; });
  }
  friend Floats operator/(Floats a, Floats b) {
    return make([&](std::size_t i) { return a.lanes[i] / b.lanes[i]; });
  }
  /// a * b + c, rounded once.
  static Floats fma(Floats a, Floats b, Floats c) {
    return make([&](std::size_t i) { return std::fma(a.lanes[i], b.lanes[i], c.lanes[i]); });
  }
  /// `b` where one is NaN.
  static Floats max(Floats a, Floats b) { return if_less(b, a, a, b); }
  static Floats min(Floats a, Floats b) { return if_less(a, b, a, b); }
  /// `yes` where a < b.
  static Floats if_less(Floats a, Floats b, Floats yes, Floats no) {
    return make(
        [&](std::size_t i) { return a.lanes[i] < b.lanes[i] ? yes.lanes[i] : no.lanes[i]; });
  }
  Floats abs() const {
    return make([&](std::size_t i) { return std::abs(lanes[i]); });
  }
  Floats with_sign_of(Floats other) const {
    return make([&](std::size_t i) { return std::copysign(lanes[i], other.lanes[i]); });
  }
  /// Lanes 2i and 2i + 1 in each other's place.
  Floats swapped_pairs() const {
    return make([&](std::size_t i) { return lanes[i ^ 1U]; });
  }
  /// Times 2^n for a whole `n` of [-252, 254], rounded once.
  Floats times_power_of_two(Floats n) const {
    return make([&](std::size_t i) {
      return std::isfinite(n.lanes[i]) ? std::scalbn(lanes[i], static_cast<int>(n.lanes[i]))
                                       : n.lanes[i];
    });
  }
  Floats rounded_to_bfloat16() const {
    return make([&](std::size_t i) { return to_float(round_to<BFloat16>(lanes[i])); });
  }
  /// `x` in the lanes [begin, end), `other` elsewhere.
  static Floats only(Floats x, std::size_t begin, std::size_t end, Floats other) {
    return make([&](std::size_t i) { return i >= begin && i < end ? x.lanes[i] : other.lanes[i]; });
  }
  /// Halves are added, then the halves of the result, down to one number.
  float sum() const {
    Floats half = *this;
    for (std::size_t width = kLanes / 2; width > 0; width /= 2) {
      for (std::size_t i = 0; i < width; ++i) half.lanes[i] += half.lanes[i + width];
    }
    return half.lanes[0];
  }
  /// In the same order, as `max` has it.
  float largest() const {
    Floats half = *this;
    for (std::size_t width = kLanes / 2; width > 0; width /= 2) {
      for (std::size_t i = 0; i < width; ++i) {
        const float a = half.lanes[i], b = half.lanes[i + width];
        half.lanes[i] = b < a ? a : b;
      }
    }
    return half.lanes[0];
  }
  /// Lane i of rows[k] becomes lane k of rows[i].
  static void transpose(Floats (&rows)[kLanes]) {
    for (std::size_t i = 0; i < kLanes; ++i) {
      for (std::size_t k = 0; k < i; ++k) std::swap(rows[i].lanes[k], rows[k].lanes[i]);
    }
  }

 private:
  template <typename Lane>
  static Floats make(const Lane& lane) {
    Floats result;
    for (std::size_t i = 0; i < kLanes; ++i) result.lanes[i] = lane(i);
    return result;
  }
};

}  // namespace
}  // namespace sightline
