#include "metrics/sample_means.h"

#include <cmath>

#include "harness/base/error.h"
#include "metrics/statistics.h"

namespace sightline {

SampleMeans::SampleMeans(std::vector<std::string> keys, std::vector<std::string> dimensions)
    : keys_(std::move(keys)),
      dimensions_(std::move(dimensions)),
      values_(keys_.size()),
      groups_(dimensions_.size()),
      names_(dimensions_.size()),
      numbers_(dimensions_.size()) {}

std::uint32_t SampleMeans::group_number(std::size_t dimension, std::string_view name) {
  const auto found = numbers_[dimension].find(name);
  if (found != numbers_[dimension].end()) return found->second;
  const auto number = static_cast<std::uint32_t>(names_[dimension].size());
  names_[dimension].emplace_back(name);
  numbers_[dimension].emplace(std::string(name), number);
  return number;
}

void SampleMeans::update(std::uint32_t cluster, std::span<const double> values,
                         std::span<const std::string_view> groups) {
  require(values.size() == keys_.size() && groups.size() == dimensions_.size(),
          "a sample with {} values and {} groups, want {} and {}", values.size(), groups.size(),
          keys_.size(), dimensions_.size());
  clusters_.push_back(cluster);
  for (std::size_t key = 0; key < values.size(); ++key) values_[key].push_back(values[key]);
  for (std::size_t d = 0; d < groups.size(); ++d) groups_[d].push_back(group_number(d, groups[d]));
}

void SampleMeans::merge(const SampleMeans& next) {
  require(keys_ == next.keys_ && dimensions_ == next.dimensions_,
          "cannot merge means of different metrics");
  clusters_.insert(clusters_.end(), next.clusters_.begin(), next.clusters_.end());
  for (std::size_t key = 0; key < keys_.size(); ++key) {
    values_[key].insert(values_[key].end(), next.values_[key].begin(), next.values_[key].end());
  }
  for (std::size_t d = 0; d < dimensions_.size(); ++d) {
    std::vector<std::uint32_t> translated;
    for (const std::string& name : next.names_[d]) translated.push_back(group_number(d, name));
    for (const std::uint32_t group : next.groups_[d]) groups_[d].push_back(translated[group]);
  }
}

MetricValue SampleMeans::metric(std::size_t key) const {
  MetricValue metric{.key = keys_[key], .value = {}, .standard_error = {}};
  std::vector<double> defined;
  std::vector<std::uint32_t> clusters;
  for (std::size_t i = 0; i < clusters_.size(); ++i) {
    if (std::isnan(values_[key][i])) continue;
    defined.push_back(values_[key][i]);
    clusters.push_back(clusters_[i]);
  }
  metric.value = mean(defined);
  metric.n = static_cast<std::int64_t>(defined.size());
  if (metric.value && std::isfinite(*metric.value)) {
    metric.standard_error = clustered_standard_error(defined, clusters);
  }
  return metric;
}

std::vector<std::optional<double>> SampleMeans::group_means(std::size_t dimension,
                                                            std::size_t key) const {
  std::vector<double> sums(names_[dimension].size());
  std::vector<std::size_t> counts(sums.size());
  for (std::size_t i = 0; i < clusters_.size(); ++i) {
    if (std::isnan(values_[key][i])) continue;
    sums[groups_[dimension][i]] += values_[key][i];
    ++counts[groups_[dimension][i]];
  }
  std::vector<std::optional<double>> means(sums.size());
  for (std::size_t group = 0; group < sums.size(); ++group) {
    if (counts[group] > 0) means[group] = sums[group] / static_cast<double>(counts[group]);
  }
  return means;
}

Breakdowns SampleMeans::breakdowns() const {
  Breakdowns result;
  for (std::size_t d = 0; d < dimensions_.size(); ++d) {
    std::vector<BreakdownGroup> groups(names_[d].size());
    for (const std::uint32_t group : groups_[d]) ++groups[group].n;
    for (std::size_t key = 0; key < keys_.size(); ++key) {
      const std::vector<std::optional<double>> means = group_means(d, key);
      for (std::size_t group = 0; group < groups.size(); ++group) {
        if (means[group]) groups[group].values[keys_[key]] = *means[group];
      }
    }
    for (std::size_t group = 0; group < groups.size(); ++group) {
      result[dimensions_[d]][names_[d][group]] = std::move(groups[group]);
    }
  }
  return result;
}

}  // namespace sightline
