#include "metrics/decision/betting_wealth.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace sightline {

namespace {

template <std::size_t kCount>
std::array<double, kCount> make_fractions() {
  std::array<double, kCount> fractions{};
  for (std::size_t i = 0; i < kCount; ++i) {
    const double step = (static_cast<double>(i) + 0.5) / static_cast<double>(kCount);
    const double sine = std::sin(step * std::numbers::pi / 2);
    fractions[i] = sine * sine;
  }
  return fractions;
}

}  // namespace

BettingWealth::BettingWealth() {
  capital_.fill(1.0 / kFractions);
}

void BettingWealth::update(double payoff) {
  static const std::array<double, kFractions> fractions = make_fractions<kFractions>();
  // A payoff below -1 can only be the rounding of -1: no more is staked than there is.
  const double at_least = std::max(payoff, -1.0);
  if (at_least == 0) return;
  std::array<double, 4> sums{};  // apart, so that the processor adds them side by side
  for (std::size_t i = 0; i < kFractions; ++i) {
    capital_[i] *= 1 + fractions[i] * at_least;
    sums[i % sums.size()] += capital_[i];
  }
  total_ = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  // Powers of two are exact, so that this changes no digit.
  constexpr int kStep = 256;
  const double low = std::ldexp(1.0, -kStep), high = std::ldexp(1.0, kStep);
  if (total_ >= low && total_ <= high) return;
  const int shift = total_ < low ? kStep : -kStep;
  for (double& capital : capital_) capital = std::ldexp(capital, shift);
  total_ = std::ldexp(total_, shift);
  exponent_ -= shift;
}

double BettingWealth::value() const {
  return std::ldexp(total_, exponent_);
}

}  // namespace sightline
