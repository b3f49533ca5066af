#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "models/api/request.h"

namespace sightline {

/// How the next token is chosen from the logits. The filters run in this order: temperature,
/// repetition penalty, top-k, top-p.
struct SamplingSettings {
  bool sample = false;            ///< draw by probability; otherwise the likeliest, the lowest id
                                  ///< of equals
  double temperature = 1;         ///< > 0; logits are divided by it
  double repetition_penalty = 1;  ///< > 0; of ids seen so far, positive logits are divided by it
                                  ///< and others multiplied
  int top_k = 0;                  ///< only the k likeliest, and all that equal the k-th; 0: all
  double top_p = 1;               ///< in (0, 1]: not what follows more probability than this; the
                                  ///< likeliest always stays
};

/// How one request is decoded.
struct DecodingPlan {
  SamplingSettings sampling;
  std::uint64_t seed = 0;
  std::size_t max_new_tokens = 1;
  std::vector<std::string> stop;
  bool ignore_eos = false;  ///< generate `max_new_tokens` whatever comes
  bool with_generation = false;
};

/// Throws `UsageError` for `--gen_kwargs` that are unknown or make no sense, listing those there
/// are: do_sample, ignore_eos, max_new_tokens, num_beams (1), repetition_penalty, seed, stop (or
/// until: a text, or a JSON list of texts), temperature, top_k, top_p.
void check_gen_kwargs(const std::map<std::string, std::string>& gen_kwargs);

/// The request's decoding, with what `Decoding::extra` says instead. Sampling is on when a
/// temperature above 0 is given and `do_sample` is not false. Without a seed of its own the request
/// has `fallback_seed`. Throws `UsageError` as above, and for settings that contradict each other.
DecodingPlan plan_decoding(const Decoding& decoding, std::uint64_t fallback_seed);

}  // namespace sightline
