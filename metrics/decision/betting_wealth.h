#pragma once

#include <array>
#include <cstddef>

namespace sightline {

/// The wealth of a gambler who starts with 1 and bets on a sequence of payoffs, each at least -1,
/// without knowing how good they are: an equal share of the wealth bets a fixed fraction f of
/// itself each time, for 32 fractions sin^2 of equal steps. Those follow the arcsine distribution,
/// which is Jeffreys' prior of a coin and the weighting of Cover and Ordentlich's universal
/// portfolio (IEEE Transactions on Information Theory 1996): the wealth comes within a factor of
/// about sqrt(n) of that of the best fraction in hindsight.
///
/// Where no payoff has a positive mean, given those before it, the wealth is a non-negative
/// supermartingale and exceeds 1 / alpha at any time with probability at most alpha (Ville 1939).
class BettingWealth {
 public:
  BettingWealth();

  /// Wins or loses `payoff` times what was staked.
  void update(double payoff);

  /// Infinite above 10^308, 0 below 10^-323, but not lost by that: it may come back. What a
  /// fraction has is lost when it is below 10^-240 of the whole, which can only make the wealth
  /// smaller.
  double value() const;

 private:
  static constexpr std::size_t kFractions = 32;
  std::array<double, kFractions> capital_;  ///< of each fraction, over 2^`exponent_`
  double total_ = 1;                        ///< of `capital_`
  int exponent_ = 0;
};

}  // namespace sightline
