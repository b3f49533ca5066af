#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "metrics/metric_value.h"

namespace sightline {

/// What a sequential gate tests: that the drop of a mean score (base minus new) is at most
/// `margin`.
struct SequentialSettings {
  double margin = 0;                ///< largest allowed drop, 0 or more
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
class SequentialGate {
 public:
  explicit SequentialGate(const SequentialSettings& settings);

  /// Adds an image: the sum over its samples of (base - new), and how many they are. Nothing
  /// changes once there is a verdict. Throws `Error` for values outside the settings' range.
  void update(double sum_of_drops, std::size_t samples);

  SequentialVerdict verdict() const;
  double wealth_against_pass() const;        ///< of the bet that the drop is above the margin
  double wealth_against_regression() const;  ///< of the bet that it is below
  std::size_t samples() const;
  std::size_t clusters() const;
  double mean_drop() const;  ///< 0 before the first
  /// The drops that neither bet has ruled out at its alpha, as an interval that holds the true drop
  /// at all times with probability 1 - alpha_regression - alpha_pass (a confidence sequence, from
  /// the running intersection).
  Interval confidence_sequence() const;

 private:
  SequentialSettings settings_;
};

}  // namespace sightline
