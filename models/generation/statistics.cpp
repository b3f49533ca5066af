#include "models/generation/statistics.h"

namespace sightline {

std::map<std::string, double> facts_of(const GenerationStatistics& statistics) {
  std::map<std::string, double> facts;
  const auto add = [&](const char* name, auto value) {
    if (value != 0) facts[name] = static_cast<double>(value);
  };
  add("prompt_tokens", statistics.prompt_tokens);
  add("prompt_tokens_reused", statistics.reused_tokens);
  add("generated_tokens", statistics.generated_tokens);
  add("images_encoded", statistics.images_encoded);
  add("images_reused", statistics.images_reused);
  add("prefill_calls", statistics.prefill_calls);
  add("decode_calls", statistics.decode_calls);
  add("retried_calls", statistics.retries);
  add("answers_cut_at_max_positions", statistics.cut_at_positions);
  add("vision_seconds", statistics.vision_s);
  add("prefill_seconds", statistics.prefill_s);
  add("decode_seconds", statistics.decode_s);
  const auto rate = [](std::size_t tokens, double seconds) {
    return seconds > 0 ? static_cast<double>(tokens) / seconds : 0.0;
  };
  add("prefill_tokens_per_s", rate(statistics.prompt_tokens, statistics.prefill_s));
  add("decode_tokens_per_s", rate(statistics.decoded_tokens, statistics.decode_s));
  return facts;
}

}  // namespace sightline
