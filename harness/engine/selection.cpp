#include "harness/engine/selection.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <unordered_map>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/base/rng.h"
#include "harness/base/text.h"

namespace sightline {

namespace {

template <typename Number>
bool parse_whole(std::string_view text, Number& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

std::size_t parse_limit(const std::string& text, std::size_t size) {
  double value = 0;
  if (!parse_whole(std::string_view(text), value) || !(value > 0)) {
    throw UsageError(
        fmt::format("--limit {}: want a number of samples, or a fraction below 1", text));
  }
  if (value < 1) {
    return std::max<std::size_t>(1, static_cast<std::size_t>(value * static_cast<double>(size)));
  }
  std::size_t count = 0;
  if (!parse_whole(std::string_view(text), count)) {
    throw UsageError(fmt::format("--limit {}: want a whole number of samples", text));
  }
  return std::min(count, size);
}

std::vector<std::size_t> indices_of(const Dataset& dataset, const std::vector<std::string>& ids) {
  std::unordered_map<std::string, std::size_t> places;
  for (std::size_t i = 0; i < dataset.size(); ++i) places.emplace(dataset.id(i), i);
  std::vector<std::size_t> indices;
  for (const std::string& id : ids) {
    const auto found = places.find(id);
    if (found == places.end()) {
      throw UsageError(fmt::format("--samples: the data set has no sample '{}'", id));
    }
    indices.push_back(found->second);
  }
  std::sort(indices.begin(), indices.end());
  indices.erase(std::unique(indices.begin(), indices.end()), indices.end());
  return indices;
}

}  // namespace

Shard parse_shard(const std::string& text) {
  const std::size_t slash = text.find('/');
  Shard shard;
  if (slash == std::string::npos ||
      !parse_whole(std::string_view(text).substr(0, slash), shard.index) ||
      !parse_whole(std::string_view(text).substr(slash + 1), shard.count) || shard.index < 1 ||
      shard.index > shard.count) {
    throw UsageError(fmt::format("--shard {}: want i/n with i from 1 to n, as 2/4", text));
  }
  return shard;
}

std::vector<std::size_t> select_samples(const Dataset& dataset, const SelectionSettings& settings) {
  std::vector<std::size_t> chosen;
  if (!settings.samples.empty()) {
    chosen = indices_of(dataset, settings.samples);
  } else {
    chosen.resize(dataset.size());
    for (std::size_t i = 0; i < chosen.size(); ++i) chosen[i] = i;
  }
  if (!settings.limit.empty()) {
    const std::size_t count = parse_limit(settings.limit, chosen.size());
    std::vector<std::size_t> subset;
    for (const std::size_t place : seeded_subset(chosen.size(), count, settings.seed)) {
      subset.push_back(chosen[place]);
    }
    chosen = std::move(subset);
  }
  if (settings.shard.count == 1) return chosen;
  std::vector<std::size_t> part;
  for (std::size_t i = settings.shard.index - 1; i < chosen.size(); i += settings.shard.count) {
    part.push_back(chosen[i]);
  }
  return part;
}

std::vector<std::string> parse_sample_ids(const std::string& text) {
  const bool is_file = std::filesystem::is_regular_file(text);
  const std::string content = is_file ? read_file(text) : text;
  std::vector<std::string> ids;
  for (const std::string_view piece : split(content, is_file ? '\n' : ',')) {
    if (const std::string_view id = strip(piece); !id.empty()) ids.emplace_back(id);
  }
  if (ids.empty()) throw UsageError(fmt::format("--samples {}: no id in it", text));
  return ids;
}

}  // namespace sightline
