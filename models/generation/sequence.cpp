#include "models/generation/sequence.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "harness/base/error.h"

namespace sightline {

Sequence::Sequence(PreparedRequest prepared, const Network& network, bool skip_special_tokens)
    : prepared_(std::move(prepared)),
      image_key_(prepared_.images ? prepared_.images->key() : ""),
      info_(network.info()),
      stop_ids_(stop_tokens(network.tokenizer(), prepared_.plan.stop)),
      sampler_(prepared_.plan.sampling, prepared_.plan.seed, prepared_.request.id),
      text_(network.tokenizer(), skip_special_tokens, prepared_.plan.stop),
      tokens_(prepared_.prompt.ids) {
  if (!prepared_.plan.ignore_eos) {
    stop_ids_.insert(stop_ids_.end(), info_.eos.begin(), info_.eos.end());
  }
  sampler_.see(tokens_);
}

void Sequence::set_cache(std::unique_ptr<SequenceCache> cache) {
  cache_ = std::move(cache);
  seen_ = cache_->length();
}

void Sequence::drop_cache() {
  cache_.reset();
  seen_ = 0;
}

void Sequence::check_cache() {
  if (cache_ == nullptr || cache_->length() != seen_) drop_cache();
}

std::size_t Sequence::expected_length() const {
  // Most answers are far shorter than they may be; the cache grows for others.
  constexpr std::size_t kUsualAnswer = 128;
  return prompt_size() + std::min(prepared_.plan.max_new_tokens, kUsualAnswer);
}

Step Sequence::step() {
  const std::vector<Prompt::VisionRow>& rows = prepared_.prompt.vision_rows;
  const auto first = std::ranges::lower_bound(rows, seen_, {}, &Prompt::VisionRow::position);
  Step step;
  step.cache = cache_.get();
  step.ids = std::span(tokens_).subspan(seen_);
  step.vision_rows = std::span(first, rows.end());
  if (!step.vision_rows.empty()) step.vision = prepared_.images->features().get();
  step.bidirectional = prepared_.prompt.bidirectional;
  step.want = sampler_.needs_logits() ? Step::Want::kLogits : Step::Want::kBest;
  step.logprob = prepared_.plan.with_generation;
  return step;
}

TokenId Sequence::choose(const StepResult& result, double& logprob) {
  if (!sampler_.needs_logits()) {
    logprob = result.best_logprob;
    return result.best;
  }
  const TokenId token = sampler_.choose(result.logits);
  if (prepared_.plan.with_generation) logprob = log_probability(result.logits, token);
  return token;
}

void Sequence::accept(const StepResult& result) {
  seen_ = tokens_.size();
  double logprob = 0;
  try {
    const TokenId token = choose(result, logprob);
    append(token, logprob);
  } catch (const Error& error) {
    fail_with(Outcome::kModelError, error.what());
  }
}

void Sequence::append(TokenId token, double logprob) {
  tokens_.push_back(token);
  if (prepared_.plan.with_generation) logprobs_.push_back(static_cast<float>(logprob));
  sampler_.see({&token, 1});
  if (ends_answer(token) || text_.push(token) || generated() == prepared_.plan.max_new_tokens) {
    return finish();
  }
  if (info_.max_positions == 0 || tokens_.size() < info_.max_positions) return;
  cut_at_positions_ = true;
  spdlog::info("sample {}: the answer ends after {} tokens, where the {} positions of {} end",
               request().id, generated(), info_.max_positions, info_.family);
  finish();
}

bool Sequence::ends_answer(TokenId token) const {
  return std::find(stop_ids_.begin(), stop_ids_.end(), token) != stop_ids_.end();
}

void Sequence::finish() {
  Response response;
  response.text = text_.finish();
  response.prompt_tokens = static_cast<int>(prompt_size());
  response.generated_tokens = static_cast<int>(generated());
  if (prepared_.plan.with_generation) {
    const auto answer = tokens_.begin() + static_cast<std::ptrdiff_t>(prompt_size());
    response.generation = Generation{.prompt_ids = {tokens_.begin(), answer},
                                     .ids = {answer, tokens_.end()},
                                     .logprobs = std::move(logprobs_)};
  }
  response_ = std::move(response);
}

void Sequence::fail_with(Outcome outcome, const std::string& error) {
  response_ = failed_response(outcome, error);
}

void Sequence::pause() {
  drop_cache();
  paused_ = true;
}

std::pair<Request, Response> Sequence::take_response() {
  response_->seconds = prepared_.seconds + vision_s + prefill_s + decode_s;
  if (response_->generation) {
    response_->generation->prefill_s = vision_s + prefill_s;
    response_->generation->decode_s = decode_s;
  }
  return {std::move(prepared_.request), *std::move(response_)};
}

}  // namespace sightline
