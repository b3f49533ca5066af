#include "models/generation/sampler.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "harness/base/error.h"
#include "harness/base/hash.h"

namespace sightline {

namespace {

/// A number for a sample's id that is the same on every machine.
std::uint64_t stream_of(std::string_view sample_id) {
  return std::stoull(sha256_hex(sample_id).substr(0, 16), nullptr, 16);
}

/// Temperature and repetition penalty, in float as the reference has them.
std::vector<float> scores_of(std::span<const float> logits, const std::unordered_set<TokenId>& seen,
                             const SamplingSettings& settings) {
  std::vector<float> scores(logits.begin(), logits.end());
  const auto temperature = static_cast<float>(settings.temperature);
  if (settings.temperature != 1) {
    for (float& score : scores) score /= temperature;
  }
  if (settings.repetition_penalty == 1) return scores;
  const auto penalty = static_cast<float>(settings.repetition_penalty);
  for (const TokenId id : seen) {
    const auto place = static_cast<std::size_t>(id);
    if (id < 0 || place >= scores.size()) continue;
    scores[place] = scores[place] > 0 ? scores[place] / penalty : scores[place] * penalty;
  }
  return scores;
}

/// The k-th largest; minus infinity where all may stay.
float least_of_top(std::span<const float> scores, int top_k) {
  const auto k = static_cast<std::size_t>(top_k);
  if (k == 0 || k >= scores.size()) return -std::numeric_limits<float>::infinity();
  std::vector<float> sorted(scores.begin(), scores.end());
  const auto place = sorted.begin() + static_cast<std::ptrdiff_t>(k - 1);
  std::nth_element(sorted.begin(), place, sorted.end(), std::greater<>());
  return *place;
}

/// Makes probabilities of scores; their differences are rounded to float as the reference's are.
void normalise(std::vector<Candidate>& candidates, float largest) {
  double sum = 0;
  for (Candidate& candidate : candidates) {
    candidate.probability = std::exp(double{candidate.score - largest});
    sum += candidate.probability;
  }
  for (Candidate& candidate : candidates) candidate.probability /= sum;
}

/// Keeps the likeliest, until those before hold more than `top_p`. A heap, because few of a large
/// vocabulary are looked at.
void keep_top(std::vector<Candidate>& candidates, double top_p) {
  const auto less_likely = [](const Candidate& a, const Candidate& b) {
    return a.score != b.score ? a.score < b.score : a.id > b.id;
  };
  std::make_heap(candidates.begin(), candidates.end(), less_likely);
  std::vector<Candidate> kept;
  double mass = 0;
  for (auto end = candidates.end(); end != candidates.begin() && mass <= top_p; --end) {
    std::pop_heap(candidates.begin(), end, less_likely);
    kept.push_back(*(end - 1));
    mass += kept.back().probability;
  }
  candidates = std::move(kept);
}

std::size_t best_of(std::span<const float> scores) {
  require(!scores.empty(), "the network gave no logits");
  std::size_t best = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    require(!std::isnan(scores[i]), "the network's logit of token {} is not a number", i);
    if (scores[i] > scores[best]) best = i;
  }
  require(std::isfinite(scores[best]), "the network's largest logit is {}", scores[best]);
  return best;
}

}  // namespace

std::vector<Candidate> next_tokens(std::span<const float> logits,
                                   const std::unordered_set<TokenId>& seen,
                                   const SamplingSettings& settings) {
  const std::vector<float> scores = scores_of(logits, seen, settings);
  const float largest = scores[best_of(scores)];
  const float least = least_of_top(scores, settings.top_k);
  std::vector<Candidate> candidates;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (scores[i] >= least) candidates.push_back({static_cast<TokenId>(i), scores[i], 0});
  }
  normalise(candidates, largest);
  if (settings.top_p < 1) {
    keep_top(candidates, settings.top_p);
    normalise(candidates, largest);
  }
  return candidates;
}

double log_probability(std::span<const float> logits, TokenId id) {
  const double largest = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float logit : logits) sum += std::exp(logit - largest);
  return logits[static_cast<std::size_t>(id)] - largest - std::log(sum);
}

Sampler::Sampler(const SamplingSettings& settings, std::uint64_t seed, std::string_view sample_id)
    : settings_(settings), random_(seed, settings.sample ? stream_of(sample_id) : 0) {}

bool Sampler::needs_logits() const {
  return settings_.sample || settings_.repetition_penalty != 1;
}

void Sampler::see(std::span<const TokenId> ids) {
  if (settings_.repetition_penalty != 1) seen_.insert(ids.begin(), ids.end());
}

TokenId Sampler::choose(std::span<const float> logits) {
  if (!settings_.sample) {
    return static_cast<TokenId>(best_of(scores_of(logits, seen_, settings_)));
  }
  const std::vector<Candidate> candidates = next_tokens(logits, seen_, settings_);
  const double drawn = random_.uniform();
  double mass = 0;
  TokenId last = candidates.front().id;
  for (const Candidate& candidate : candidates) {
    if (candidate.probability == 0) continue;
    mass += candidate.probability;
    last = candidate.id;
    if (drawn < mass) break;
  }
  return last;
}

}  // namespace sightline
