#include "metrics/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "harness/base/error.h"
#include "harness/base/parallel.h"
#include "harness/base/rng.h"
#include "metrics/statistics.h"

namespace sightline {

std::vector<std::uint32_t> bootstrap_weights(std::size_t images, std::uint64_t seed,
                                             std::size_t replicate) {
  std::vector<std::uint32_t> weights(images);
  Rng rng(seed, replicate);
  for (std::size_t draw = 0; draw < images; ++draw) {
    ++weights[static_cast<std::size_t>(rng.below(images))];
  }
  return weights;
}

std::optional<Interval> centred_interval(double value, std::vector<double> replicates,
                                         const Interval& limits) {
  if (replicates.size() < 2) return std::nullopt;
  std::sort(replicates.begin(), replicates.end());
  const double median = sorted_quantile(replicates, 0.5);
  const auto end = [&](double fraction) {
    return std::clamp(value + (sorted_quantile(replicates, fraction) - median), limits.low,
                      limits.high);
  };
  return Interval{end(0.025), end(0.975)};
}

std::optional<Interval> ResampledNumber::interval() const {
  if (std::isnan(value)) return std::nullopt;
  std::vector<double> defined;
  std::ranges::copy_if(replicates, std::back_inserter(defined),
                       [](double replicate) { return !std::isnan(replicate); });
  return centred_interval(value, std::move(defined), limits);
}

std::vector<ResampledNumber> resample(std::size_t images, const Bootstrap& bootstrap,
                                      const ReplicateStatistics& statistics,
                                      const Interval& limits) {
  require(images > 0, "a bootstrap needs at least one image");
  std::vector<ResampledNumber> numbers;
  for (const double value : statistics(std::vector<std::uint32_t>(images, 1))) {
    numbers.push_back({value, std::vector<double>(bootstrap.replicates), limits});
  }
  parallel_for(bootstrap.replicates, 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t replicate = begin; replicate < end; ++replicate) {
      const auto values = statistics(bootstrap_weights(images, bootstrap.seed, replicate));
      for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i].replicates[replicate] = values[i];
    }
  });
  return numbers;
}

}  // namespace sightline
