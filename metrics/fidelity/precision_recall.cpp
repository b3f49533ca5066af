#include "metrics/fidelity/precision_recall.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "harness/base/error.h"
#include "harness/base/parallel.h"
#include "metrics/fidelity/nearest_list.h"
#include "metrics/fidelity/squared_distances.h"

namespace sightline {

namespace {

using Block = DistanceBlocks::Block;

constexpr std::size_t kGrain = 64;  // rows of a block worth a thread

std::vector<double> radii_of(const FeatureRows& features, std::size_t k, std::string_view what) {
  require(k >= 1 && k < features.count(),
          "{}: {} rows have no {}-th nearest other one; want more rows than k, and k > 0", what,
          features.count(), k);
  std::vector<NearestList> lists(features.count(), NearestList(k));
  const auto offer = [&](const Block& block, std::size_t to, std::size_t i, std::size_t j) {
    const std::size_t other = to == i ? j : i;
    lists[to].offer(block.at(i, j), other, [&](std::size_t row) {
      return squared_distance(features.row(to), features.row(row));
    });
  };
  DistanceBlocks(features, features).for_each(true, [&](const Block& block) {
    const bool diagonal = block.a_begin == block.b_begin;
    parallel_for(block.a_end - block.a_begin, kGrain, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = block.a_begin + begin; i < block.a_begin + end; ++i) {
        for (std::size_t j = block.b_begin; j < block.b_end; ++j) {
          if (i != j) offer(block, i, i, j);
        }
      }
    });
    if (diagonal) return;  // its pairs are there both ways
    parallel_for(block.b_end - block.b_begin, kGrain, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = block.a_begin; i < block.a_end; ++i) {
        for (std::size_t j = block.b_begin + begin; j < block.b_begin + end; ++j) {
          offer(block, j, i, j);
        }
      }
    });
  });
  std::vector<double> radii(features.count());
  parallel_for(features.count(), kGrain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      radii[i] = lists[i].kth(
          [&](std::size_t row) { return squared_distance(features.row(i), features.row(row)); });
    }
  });
  return radii;
}

/// Finds which rows lie in a ball of the other set.
class Membership {
 public:
  Membership(const FeatureRows& generated, const FeatureRows& real, ManifoldRules rules)
      : generated_(generated), real_(real), rules_(rules) {}

  PrecisionRecall count(std::span<const double> generated_radii,
                        std::span<const double> real_radii) const {
    std::vector<char> generated_inside(generated_.count(), 0), real_inside(real_.count(), 0);
    DistanceBlocks(generated_, real_).for_each(false, [&](const Block& block) {
      parallel_for(block.a_end - block.a_begin, kGrain, [&](std::size_t begin, std::size_t end) {
        for (std::size_t i = block.a_begin + begin; i < block.a_begin + end; ++i) {
          for (std::size_t j = block.b_begin; j < block.b_end && !generated_inside[i]; ++j) {
            generated_inside[i] = within(block, i, j, real_radii[j]);
          }
        }
      });
      parallel_for(block.b_end - block.b_begin, kGrain, [&](std::size_t begin, std::size_t end) {
        for (std::size_t i = block.a_begin; i < block.a_end; ++i) {
          for (std::size_t j = block.b_begin + begin; j < block.b_begin + end; ++j) {
            if (!real_inside[j]) real_inside[j] = within(block, i, j, generated_radii[i]);
          }
        }
      });
    });
    return {.generated_inside = std::ranges::count(generated_inside, 1),
            .generated = std::ssize(generated_inside),
            .real_inside = std::ranges::count(real_inside, 1),
            .real = std::ssize(real_inside)};
  }

 private:
  char within(const Block& block, std::size_t i, std::size_t j, double squared_radius) const {
    // Different squares may have the same root.
    constexpr double kSameRoot = 1 + 4 * std::numeric_limits<double>::epsilon();
    const DistanceBounds bounds = block.at(i, j);
    if (bounds.low > squared_radius * kSameRoot) return 0;
    if (bounds.high <= squared_radius) return 1;
    const double distance = squared_distance(generated_.row(i), real_.row(j));
    if (rules_ == ManifoldRules::kAdm) return distance <= squared_radius;
    return std::sqrt(distance) <= std::sqrt(squared_radius);
  }

  FeatureRows generated_, real_;
  ManifoldRules rules_;
};

}  // namespace

std::string_view name_of(ManifoldRules rules) {
  return rules == ManifoldRules::kAdm ? "prc/adm" : "prc/torch-fidelity";
}

std::vector<double> squared_radii(const FeatureRows& features, std::size_t k) {
  require_features(features, "features");
  return radii_of(features, k, "features");
}

PrecisionRecall precision_recall(const FeatureRows& generated, const FeatureRows& real,
                                 ManifoldRules rules, std::size_t k) {
  require_comparable(generated, "generated features", real, "real features");
  const std::vector<double> generated_radii = radii_of(generated, k, "generated features");
  const std::vector<double> real_radii = radii_of(real, k, "real features");
  return Membership(generated, real, rules).count(generated_radii, real_radii);
}

}  // namespace sightline
