#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "models/api/response.h"
#include "models/generation/network.h"
#include "models/generation/prefix_store.h"
#include "models/generation/preparer.h"
#include "models/generation/sampler.h"
#include "models/generation/stop_strings.h"

namespace sightline {

/// One answer on its way: the prompt, what was generated, and how much of it the network has seen.
/// A sequence whose keys and values are lost goes on as if they had never been there: `step` offers
/// the network whatever the cache lacks.
class Sequence {
 public:
  Sequence(PreparedRequest prepared, const Network& network, bool skip_special_tokens);

  PromptView prompt() const { return {&prepared_.prompt, &image_key_}; }
  ImageSet* images() const { return prepared_.images.get(); }
  const Request& request() const { return prepared_.request; }

  /// Keys and values of the first tokens; null before the first step.
  const SequenceCache* cache() const { return cache_.get(); }
  /// Starts with `cache`, which holds the first tokens of the prompt or none.
  void set_cache(std::unique_ptr<SequenceCache> cache);
  void drop_cache();
  /// After a step that failed: drops the cache unless it is as it was before.
  void check_cache();
  /// Tokens that the cache will probably hold.
  std::size_t expected_length() const;

  /// Tokens that the network has not seen; at least one.
  std::size_t unseen() const { return tokens_.size() - seen_; }
  bool in_prompt() const { return seen_ < prompt_size(); }
  std::size_t prompt_size() const { return prepared_.prompt.ids.size(); }
  std::size_t generated() const { return tokens_.size() - prompt_size(); }
  /// All tokens that the cache lacks. Spans of it live until `accept`.
  Step step();
  /// Takes the token that the network's result says; ends the answer where it must. Bad logits end
  /// it as a failure.
  void accept(const StepResult& result);

  /// Ends the sequence as failed.
  void fail_with(Outcome outcome, const std::string& error);
  /// Gives its memory back; it is to go on later, when there is more.
  void pause();
  void resume() { paused_ = false; }
  bool paused() const { return paused_; }
  /// Whether it can take part in a call of the network.
  bool running() const { return !done() && !paused(); }
  bool done() const { return response_.has_value(); }
  bool cut_at_positions() const { return cut_at_positions_; }

  /// Time spent in the network, its share of each call.
  double vision_s = 0, prefill_s = 0, decode_s = 0;

  /// Once done: what goes out, and the keys and values of the prompt for others.
  std::pair<Request, Response> take_response();
  std::unique_ptr<SequenceCache> take_cache() { return std::move(cache_); }
  Prompt take_prompt() { return std::move(prepared_.prompt); }
  const std::string& image_key() const { return image_key_; }

 private:
  TokenId choose(const StepResult& result, double& logprob);
  void append(TokenId token, double logprob);
  bool ends_answer(TokenId token) const;
  void finish();

  PreparedRequest prepared_;
  std::string image_key_;
  const NetworkInfo& info_;
  std::vector<TokenId> stop_ids_;
  Sampler sampler_;
  StoppedText text_;
  std::vector<TokenId> tokens_;  // prompt and answer
  std::vector<float> logprobs_;
  std::unique_ptr<SequenceCache> cache_;
  std::size_t seen_ = 0;  // tokens in the cache
  bool paused_ = false, cut_at_positions_ = false;
  std::optional<Response> response_;
};

}  // namespace sightline
