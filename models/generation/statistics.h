#pragma once

#include <cstddef>
#include <map>
#include <string>

namespace sightline {

/// What a generator did, for reports and benchmarks.
struct GenerationStatistics {
  std::size_t requests = 0;          ///< answered, failures among them
  std::size_t prompt_tokens = 0;     ///< that went through the network
  std::size_t reused_tokens = 0;     ///< of prompts, whose keys and values were there already
  std::size_t generated_tokens = 0;  ///< with those that end an answer
  std::size_t images_encoded = 0;    ///< requests whose images went through the vision tower
  std::size_t images_reused = 0;     ///< requests whose features were there already
  std::size_t prefill_calls = 0, decode_calls = 0;
  std::size_t decoded_tokens = 0;    ///< of `generated_tokens` those that decode calls gave
  std::size_t retries = 0;           ///< calls that failed and were made again one by one
  std::size_t cut_at_positions = 0;  ///< answers that ended where the network's positions end
  double vision_s = 0, prefill_s = 0, decode_s = 0;  ///< in the network
};

/// As facts of a model: the counts that are not 0, seconds, "prefill_tokens_per_s" and
/// "decode_tokens_per_s".
std::map<std::string, double> facts_of(const GenerationStatistics& statistics);

}  // namespace sightline
