#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tasks/task.h"

namespace sightline {

/// `--shard i/n`: part `index` (from 1) of `count`.
struct Shard {
  std::size_t index = 1, count = 1;
};
Shard parse_shard(const std::string& text);  ///< "2/4"; throws `UsageError`

/// Which samples of a data set a run asks for.
struct SelectionSettings {
  std::string limit;                 ///< "": all; "500" samples, or "0.1" of them
  std::vector<std::string> samples;  ///< ids; empty: all
  Shard shard;
  std::uint64_t seed = 0;
};

/// Indices in ascending order. `limit` draws a seeded random subset, the same on every machine;
/// shards divide what is left by turns. Throws `UsageError` for a limit that is no number and for
/// an id that the data set lacks.
std::vector<std::size_t> select_samples(const Dataset& dataset, const SelectionSettings& settings);

/// `--samples`: "id,id,..." or the name of a file with one id a line.
std::vector<std::string> parse_sample_ids(const std::string& text);

}  // namespace sightline
