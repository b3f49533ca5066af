#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <vector>

#include "harness/base/rng.h"

namespace sightline::testing {

/// Differences of one simulated comparison, new minus base.
struct SimulatedSamples {
  std::vector<double> differences;
  std::vector<std::uint32_t> clusters;

  void add(double difference, std::uint32_t cluster) {
    differences.push_back(difference);
    clusters.push_back(cluster);
  }
};

/// A way to draw samples whose true mean difference is known.
struct Population {
  const char* name;
  double mean;
  std::function<SimulatedSamples(Rng&)> draw;
};

/// -1, 0 or 1: a sample lost, tied or won.
inline double flip(Rng& rng, double lost, double won) {
  const double draw = rng.uniform();
  return draw < lost ? -1 : (draw < lost + won ? 1 : 0);
}

/// `n` 0/1 scores each, of which a share is lost and a share won, no two of one image.
inline Population flips(const char* name, std::size_t n, double lost, double won) {
  return {name, won - lost, [=](Rng& rng) {
            SimulatedSamples samples;
            for (std::uint32_t i = 0; i < n; ++i) samples.add(flip(rng, lost, won), i);
            return samples;
          }};
}

/// 0/1 scores on images of five questions. On one image in five the new model is worse or better as
/// a whole: 40% of its questions flip, all in one direction. Elsewhere 2% flip, either way.
inline Population clustered_flips(const char* name, std::uint32_t images, double worse) {
  const double mean = 0.2 * 0.4 * (1 - 2 * worse);
  return {name, mean, [=](Rng& rng) {
            SimulatedSamples samples;
            for (std::uint32_t image = 0; image < images; ++image) {
              const bool affected = rng.chance(0.2), down = rng.chance(worse);
              const double lost = affected ? (down ? 0.4 : 0) : 0.01;
              const double won = affected ? (down ? 0 : 0.4) : 0.01;
              for (int question = 0; question < 5; ++question) {
                samples.add(flip(rng, lost, won), image);
              }
            }
            return samples;
          }};
}

/// Scores between 0 and 1, as of CIDEr or an IoU: skewed differences, mean -0.05.
inline Population continuous(const char* name, std::uint32_t n) {
  return {name, -0.05, [=](Rng& rng) {
            SimulatedSamples samples;
            for (std::uint32_t i = 0; i < n; ++i) {
              const double loss = rng.uniform();
              samples.add(0.2 - 0.75 * loss * loss, i);  // the mean of loss^2 is 1/3
            }
            return samples;
          }};
}

/// The same with an effect that the one to six samples of an image share.
inline Population clustered_continuous(const char* name, std::uint32_t images) {
  return {name, -0.05, [=](Rng& rng) {
            SimulatedSamples samples;
            for (std::uint32_t image = 0; image < images; ++image) {
              const double shared = 0.2 * rng.normal();
              const int questions = rng.between(1, 6);
              for (int i = 0; i < questions; ++i) {
                samples.add(-0.05 + shared + rng.uniform(-0.3, 0.3), image);
              }
            }
            return samples;
          }};
}

/// The share of `runs` seeded runs in which `event` happens.
inline double share_of(std::uint64_t runs, const std::function<bool(Rng&)>& event) {
  std::uint64_t happened = 0;
  for (std::uint64_t run = 0; run < runs; ++run) {
    Rng rng(20260102, run);
    happened += event(rng) ? 1 : 0;
  }
  return static_cast<double>(happened) / static_cast<double>(runs);
}

/// The most that a share of `runs` runs exceeds `nominal` by chance: 3 standard errors.
inline double at_most(double nominal, std::uint64_t runs) {
  return nominal + 3 * std::sqrt(nominal * (1 - nominal) / static_cast<double>(runs));
}

}  // namespace sightline::testing
