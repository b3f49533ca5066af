#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "harness/base/rng.h"
#include "models/generation/decoding_plan.h"
#include "models/tokenizers/token.h"

namespace sightline {

/// A token that may come next. Of a list of these, probabilities sum to 1.
struct Candidate {
  TokenId id = 0;
  float score = 0;  ///< its logit after temperature and repetition penalty
  double probability = 0;
};

/// The distribution from which the next token is drawn, after all filters; `sample` has no say in
/// it. Order: by id without top-p, by falling probability with it. `seen` holds each id once.
/// Throws `Error` when no logit is finite or one is not a number.
std::vector<Candidate> next_tokens(std::span<const float> logits,
                                   const std::unordered_set<TokenId>& seen,
                                   const SamplingSettings& settings);

/// log softmax(logits)[id], summed in double.
double log_probability(std::span<const float> logits, TokenId id);

/// Chooses the tokens of one sequence. Its random numbers depend on the seed and the sample's id
/// alone, so that batches and order make no difference.
class Sampler {
 public:
  Sampler(const SamplingSettings& settings, std::uint64_t seed, std::string_view sample_id);

  /// Whether `choose` must see logits; otherwise the network's own choice of the best will do.
  bool needs_logits() const;
  /// Tokens of the prompt, and each that was chosen.
  void see(std::span<const TokenId> ids);
  /// Throws `Error` for logits that are not finite.
  TokenId choose(std::span<const float> logits);

 private:
  SamplingSettings settings_;
  Rng random_;
  std::unordered_set<TokenId> seen_;  // where the repetition penalty counts
};

}  // namespace sightline
