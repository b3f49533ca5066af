#include "harness/engine/sample_choice.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <unordered_set>

#include "harness/base/rng.h"

namespace sightline {

namespace {

/// Places samples of equal score in an order that has nothing to do with the data set's.
std::uint64_t spread(const ScoredSample& sample) {
  return mix_bits(sample.index + 1);
}

using Flips = std::vector<SampleChoice::Flip>;

struct RankedFlip {
  SampleChoice::Flip flip;
  double gain = 0;  ///< above 0: better
  std::uint64_t order = 0;
};

std::vector<RankedFlip> flips_of(const std::vector<RunScores>& runs, bool higher_is_better) {
  std::unordered_map<std::string_view, const ScoredSample*> base;
  for (const ScoredSample& sample : runs[0].samples) base[sample.id] = &sample;
  std::vector<RankedFlip> flips;
  for (std::size_t i = 1; i < runs.size(); ++i) {
    if (!runs[i].comparable) continue;
    for (const ScoredSample& sample : runs[i].samples) {
      const auto found = base.find(sample.id);
      if (found == base.end()) continue;
      const double change = sample.score - found->second->score;
      if (std::isnan(change) || change == 0) continue;
      flips.push_back({.flip = {.id = sample.id, .run = runs[i].run, .change = change},
                       .gain = higher_is_better ? change : -change,
                       .order = spread(*found->second)});
    }
  }
  return flips;
}

/// The greatest changes first, at most `most`; a sample once.
Flips greatest(std::vector<RankedFlip> flips, std::size_t most,
               std::unordered_set<std::string>& used) {
  std::ranges::stable_sort(flips, [](const RankedFlip& a, const RankedFlip& b) {
    if (std::abs(a.gain) != std::abs(b.gain)) return std::abs(a.gain) > std::abs(b.gain);
    return a.order < b.order;
  });
  Flips chosen;
  for (RankedFlip& ranked : flips) {
    if (chosen.size() == most) break;
    if (used.insert(ranked.flip.id).second) chosen.push_back(std::move(ranked.flip));
  }
  return chosen;
}

void choose_flips(const std::vector<RunScores>& runs, bool higher_is_better, std::size_t most,
                  std::unordered_set<std::string>& used, SampleChoice& choice) {
  std::vector<RankedFlip> losses, gains;
  for (RankedFlip& ranked : flips_of(runs, higher_is_better)) {
    (ranked.gain < 0 ? losses : gains).push_back(std::move(ranked));
  }
  const std::size_t few_gains = std::min(gains.size(), most / 2);
  choice.losses = greatest(std::move(losses), most - few_gains, used);
  choice.gains = greatest(std::move(gains), most - choice.losses.size(), used);
}

/// A sample over all runs.
struct Overall {
  std::string_view id;
  double sum = 0;
  int scored = 0;
  bool failed = false;
  std::uint64_t order = 0;

  double mean() const { return scored == 0 ? 0 : sum / scored; }
};

std::vector<Overall> overall(const std::vector<RunScores>& runs) {
  std::vector<Overall> all;
  std::unordered_map<std::string_view, std::size_t> places;
  for (const RunScores& run : runs) {
    for (const ScoredSample& sample : run.samples) {
      const auto [place, is_new] = places.try_emplace(sample.id, all.size());
      if (is_new) all.push_back({.id = sample.id, .order = spread(sample)});
      Overall& one = all[place->second];
      one.failed = one.failed || sample.failed;
      if (std::isnan(sample.score)) continue;
      one.sum += sample.score;
      ++one.scored;
    }
  }
  return all;
}

}  // namespace

SampleChoice choose_samples(const std::vector<RunScores>& runs, bool higher_is_better,
                            std::size_t most) {
  SampleChoice choice;
  if (runs.empty() || most == 0) return choice;
  std::unordered_set<std::string> used;
  choose_flips(runs, higher_is_better, most / 2, used, choice);
  std::vector<Overall> all = overall(runs);
  std::ranges::sort(all, [&](const Overall& a, const Overall& b) {
    if ((a.scored == 0) != (b.scored == 0)) return a.scored > 0;
    if (a.mean() != b.mean()) return (a.mean() < b.mean()) == higher_is_better;
    return a.order < b.order;
  });
  const std::size_t most_failed = std::max<std::size_t>(1, most / 8);
  for (const Overall& one : all) {
    if (used.size() == most || choice.failed.size() == most_failed) break;
    const std::string id(one.id);
    if (one.failed && used.insert(id).second) choice.failed.push_back(id);
  }
  for (const Overall& one : all) {
    if (used.size() == most) break;
    const std::string id(one.id);
    if (!one.failed && used.insert(id).second) choice.worst.push_back(id);
  }
  return choice;
}

}  // namespace sightline
