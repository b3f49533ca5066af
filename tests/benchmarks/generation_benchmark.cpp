// What generation costs beside the network: choosing tokens, and keeping a batch full.

#include <benchmark/benchmark.h>

#include <cmath>

#include "harness/base/rng.h"
#include "models/generation/generator.h"
#include "models/generation/sampler.h"

namespace sightline {
namespace {

std::vector<float> random_logits(std::size_t vocabulary) {
  Rng random(1);
  std::vector<float> logits(vocabulary);
  for (float& logit : logits) logit = static_cast<float>(2 * random.normal());
  return logits;
}

/// One token of a vocabulary as large as Gemma's, for one sequence.
void choose(benchmark::State& state, const SamplingSettings& settings) {
  const std::vector<float> logits = random_logits(257152);
  Sampler sampler(settings, 1, "sample");
  for (auto _ : state) benchmark::DoNotOptimize(sampler.choose(logits));
}
BENCHMARK_CAPTURE(choose, penalised, {.repetition_penalty = 1.1})->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(choose, drawn, {.sample = true})->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(choose, drawn_top_k, {.sample = true, .top_k = 50})
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(choose, drawn_top_p, {.sample = true, .top_p = 0.9})
    ->Unit(benchmark::kMicrosecond);

/// Says the same token at once, whatever it is asked.
class InstantNetwork final : public Network {
 public:
  struct Cache final : SequenceCache {
    std::size_t tokens = 0;
    std::size_t length() const override { return tokens; }
    std::size_t bytes() const override { return tokens; }
    std::unique_ptr<SequenceCache> fork(std::size_t length) const override {
      auto copy = std::make_unique<Cache>();
      copy->tokens = length;
      return copy;
    }
  };

  explicit InstantNetwork(Tokenizer tokenizer) : tokenizer_(std::move(tokenizer)) {}
  const NetworkInfo& info() const override { return info_; }
  const Tokenizer& tokenizer() const override { return tokenizer_; }
  ProcessedImages process(std::span<const Image* const>, bool) const override { return {}; }
  Prompt prompt(std::string_view text, std::span<const ImageLayout>) const override {
    return {.ids = tokenizer_.encode(text), .vision_rows = {}};
  }
  std::vector<std::shared_ptr<const VisionFeatures>> encode(
      std::span<const ProcessedImages* const>) override {
    return {};
  }
  std::unique_ptr<SequenceCache> new_cache(std::size_t) override {
    return std::make_unique<Cache>();
  }
  std::vector<StepResult> forward(std::span<const Step> steps) override {
    for (const Step& step : steps) dynamic_cast<Cache&>(*step.cache).tokens += step.ids.size();
    return std::vector<StepResult>(steps.size(), StepResult{.best = 40});
  }

 private:
  NetworkInfo info_;
  Tokenizer tokenizer_;
};

/// Offers the same question again and again, and counts the answers.
class CountingExchange final : public Exchange {
 public:
  CountingExchange(std::size_t requests, std::size_t batch) : left_(requests), batch_(batch) {}
  std::size_t batch() const override { return batch_; }
  std::vector<Request> take(std::size_t most, bool) override {
    std::vector<Request> taken(std::min(most, left_));
    left_ -= taken.size();
    for (Request& request : taken) {
      request.prompt = "What is the man on the left holding in his hand?";
      request.decoding.max_new_tokens = 16;
    }
    return taken;
  }
  void give(std::vector<Request>, std::vector<Response> responses) override {
    answered += responses.size();
  }
  std::size_t answered = 0;

 private:
  std::size_t left_, batch_;
};

/// Answers of 16 tokens, with and without looking for what prompts share.
void answer(benchmark::State& state) {
  constexpr std::size_t kRequests = 1024;
  InstantNetwork network(
      Tokenizer::open(std::filesystem::path(SIGHTLINE_TEST_DATA) / "tokenizers/qwen2"));
  GeneratorSettings settings;
  settings.sharing.share = state.range(1) != 0;
  for (auto _ : state) {
    CountingExchange exchange(kRequests, static_cast<std::size_t>(state.range(0)));
    Generator generator(network, prompt_style("plain"), settings);
    generator.serve(exchange);
    if (exchange.answered != kRequests) state.SkipWithError("not all were answered");
  }
  state.counters["tokens/s"] =
      benchmark::Counter(kRequests * 16, benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(answer)
    ->ArgNames({"batch", "share"})
    ->ArgsProduct({{1, 32, 256}, {0, 1}})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sightline
