#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "metrics/metric_value.h"

namespace sightline {

/// Means of per-sample values with standard errors clustered by image, and their breakdowns.
///
/// Values are kept (8 bytes a key and sample) and summed in the order of the updates, so that a
/// merge of any split equals one pass to the last bit.
class SampleMeans {
 public:
  /// `keys`: one a value of each sample; `dimensions`: names of the breakdowns.
  explicit SampleMeans(std::vector<std::string> keys, std::vector<std::string> dimensions = {});

  /// One sample: a value a key (NaN: undefined for it, left out of that mean), and its group in
  /// each dimension. Throws `Error` when the counts are wrong.
  void update(std::uint32_t cluster, std::span<const double> values,
              std::span<const std::string_view> groups = {});
  /// Adds what `next` has seen, behind what is here.
  void merge(const SampleMeans& next);

  /// The mean of `keys()[key]`, with its standard error and n.
  MetricValue metric(std::size_t key) const;
  /// Means of each group; a key without a defined value in a group is absent there. A group's n
  /// counts all of its samples.
  Breakdowns breakdowns() const;
  std::span<const double> values(std::size_t key) const { return values_[key]; }
  std::size_t size() const { return clusters_.size(); }

 private:
  std::vector<std::string> keys_, dimensions_;
  std::vector<std::vector<double>> values_;         // [key][sample]
  std::vector<std::uint32_t> clusters_;             // [sample]
  std::vector<std::vector<std::uint32_t>> groups_;  // [dimension][sample]
  std::vector<std::vector<std::string>> names_;     // [dimension][group]
  std::vector<std::map<std::string, std::uint32_t, std::less<>>> numbers_;

  std::uint32_t group_number(std::size_t dimension, std::string_view name);
  std::vector<std::optional<double>> group_means(std::size_t dimension, std::size_t key) const;
};

}  // namespace sightline
