#pragma once

#include <cstddef>
#include <vector>

#include "metrics/decision/betting_wealth.h"
#include "metrics/metric_value.h"

namespace sightline {

/// What a sequential gate tests: that the drop of a mean score (base minus new) is at most
/// `margin`.
struct SequentialSettings {
  double margin = 0;                ///< largest allowed drop, 0 or more and below `range`
  double alpha_regression = 0.05;   ///< at most this probability of a false alarm, at any time
  double alpha_pass = 0.05;         ///< at most this probability of a false pass, at any time
  double range = 1;                 ///< scores lie within this width: [0, 1] has 1
  std::size_t largest_cluster = 1;  ///< samples of the image that has most
};

enum class SequentialVerdict { kUndecided, kPass, kRegression };

/// A gate that may be looked at after every image. Two wealth processes bet on the drops of one
/// image after another, in a random order fixed beforehand; each is a non-negative supermartingale
/// where its hypothesis is true, so that by Ville's inequality it exceeds 1/alpha with probability
/// at most alpha however often it is looked at (Waudby-Smith and Ramdas, Estimating means of
/// bounded random variables by betting, JRSS B 2024; Shafer, Testing by betting, JRSS A 2021).
///
/// An image with k samples whose drops sum to S pays Z = S - margin * k over the most that an image
/// can lose, largest_cluster * (range + margin), to the bet that the drop is above the margin, and
/// -Z, over largest_cluster * (range - margin), to the bet that it is below. The mean of Z is 0
/// where the drop is the margin, be the samples of an image as alike as they may. The bets are
/// those of `BettingWealth`. One image much larger than the others makes all stakes small, and the
/// gate slow.
class SequentialGate {
 public:
  /// Throws `Error` for settings outside what `SequentialSettings` says.
  explicit SequentialGate(const SequentialSettings& settings);

  /// Adds an image: the sum over its samples of (base - new), and how many they are. Nothing
  /// changes once there is a verdict. Throws `Error` for values outside the settings' range.
  /// Constant time; keeps 16 bytes.
  void update(double sum_of_drops, std::size_t samples);

  SequentialVerdict verdict() const { return verdict_; }
  double wealth_against_pass() const;        ///< of the bet that the drop is above the margin
  double wealth_against_regression() const;  ///< of the bet that it is below
  std::size_t samples() const { return samples_; }
  std::size_t clusters() const { return images_.size(); }
  double mean_drop() const;  ///< 0 before the first
  /// The drops that neither bet has ruled out at its alpha, as an interval that holds the true drop
  /// at all times with probability 1 - alpha_regression - alpha_pass (a confidence sequence, from
  /// the running intersection). Its ends are rounded outwards by at most 2^-20 of `range`, and
  /// agree with the verdict: after a regression low is at least the margin, after a pass high is at
  /// most the margin, and else it lies between. Should low exceed high, no drop fits, and the
  /// images were not in random order. Time grows with the images: some 0.2 s for 100,000.
  Interval confidence_sequence() const;

 private:
  enum class Bet { kAbove, kBelow };

  struct Image {
    double sum_of_drops;
    std::size_t samples;
  };

  double payoff(Bet bet, double drop, const Image& image) const;
  bool rules_out(Bet bet, double drop) const;
  double end(Bet bet) const;

  SequentialSettings settings_;
  BettingWealth above_, below_;
  std::vector<Image> images_;
  double sum_of_drops_ = 0;
  std::size_t samples_ = 0;
  SequentialVerdict verdict_ = SequentialVerdict::kUndecided;
};

}  // namespace sightline
