#include "models/generation/likelihood.h"

#include <algorithm>
#include <utility>

#include "harness/base/error.h"
#include "models/generation/sampler.h"

namespace sightline {

namespace {

void check_answer(const NetworkInfo& info, const Prompt& prompt,
                  const std::vector<TokenId>& answer) {
  require(!answer.empty(), "an answer without tokens has no likelihood");
  for (const TokenId id : answer) {
    require(id >= 0 && static_cast<std::size_t>(id) < info.vocabulary,
            "the answer has token {}; the network {} has a vocabulary of {}", id, info.family,
            info.vocabulary);
  }
  const std::size_t length = prompt.ids.size() + answer.size();
  require(info.max_positions == 0 || length <= info.max_positions,
          "prompt and answer have {} tokens, and the network {} has {} positions", length,
          info.family, info.max_positions);
}

/// The logits behind the prompt, whose keys and values go into `cache`.
std::vector<float> read_prompt(Network& network, const Prompt& prompt, const VisionFeatures* vision,
                               SequenceCache& cache) {
  Step step;
  step.cache = &cache;
  step.ids = prompt.ids;
  step.vision = vision;
  step.vision_rows = prompt.vision_rows;
  step.bidirectional = prompt.bidirectional;
  step.want = Step::Want::kLogits;
  return std::move(network.forward({&step, 1}).at(0).logits);
}

/// Logits behind all tokens but the last of each answer; none for answers of one token.
std::vector<std::vector<float>> read_answers(Network& network, const Prompt& prompt,
                                             const SequenceCache& cache,
                                             std::span<const std::vector<TokenId>> answers) {
  std::vector<std::unique_ptr<SequenceCache>> caches;
  std::vector<Step> steps;
  for (const std::vector<TokenId>& answer : answers) {
    if (answer.size() == 1) continue;
    caches.push_back(cache.fork(cache.length()));
    Step& step = steps.emplace_back();
    step.cache = caches.back().get();
    step.ids = std::span(answer).first(answer.size() - 1);
    step.bidirectional = prompt.bidirectional;
    step.want = Step::Want::kAllLogits;
  }
  std::vector<std::vector<float>> logits(answers.size());
  if (steps.empty()) return logits;
  std::vector<StepResult> results = network.forward(steps);
  require(results.size() == steps.size(), "the network gave {} results for {} sequences",
          results.size(), steps.size());
  auto result = results.begin();
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (answers[i].size() > 1) logits[i] = std::move((result++)->logits);
  }
  return logits;
}

}  // namespace

std::vector<AnswerLikelihood> answer_likelihoods(Network& network, const Prompt& prompt,
                                                 const VisionFeatures* vision,
                                                 std::span<const std::vector<TokenId>> answers) {
  std::size_t longest = 0;
  for (const std::vector<TokenId>& answer : answers) {
    check_answer(network.info(), prompt, answer);
    longest = std::max(longest, answer.size());
  }
  const auto cache = network.new_cache(prompt.ids.size() + longest);
  const std::vector<float> first = read_prompt(network, prompt, vision, *cache);
  const auto further = read_answers(network, prompt, *cache, answers);
  const std::size_t vocabulary = first.size();
  std::vector<AnswerLikelihood> likelihoods(answers.size());
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const std::vector<TokenId>& answer = answers[i];
    require(further[i].size() == (answer.size() - 1) * vocabulary,
            "the network gave {} logits for {} tokens of an answer", further[i].size(),
            answer.size() - 1);
    for (std::size_t t = 0; t < answer.size(); ++t) {
      const std::span<const float> row =
          t == 0 ? std::span(first)
                 : std::span(further[i]).subspan((t - 1) * vocabulary, vocabulary);
      const double logprob = log_probability(row, answer[t]);
      likelihoods[i].logprobs.push_back(static_cast<float>(logprob));
      likelihoods[i].total += logprob;
    }
  }
  return likelihoods;
}

}  // namespace sightline
