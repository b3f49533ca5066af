#include <benchmark/benchmark.h>

#include <cstdlib>

#include "models/adapters/null_model.h"
#include "models/adapters/process_model.h"

namespace {

using namespace sightline;

/// Offers `count` requests and throws the answers away.
class EndlessExchange final : public Exchange {
 public:
  explicit EndlessExchange(std::size_t count) : left_(count) {}
  std::vector<Request> take(std::size_t most, bool) override {
    const std::size_t count = std::min(most, left_);
    left_ -= count;
    std::vector<Request> requests(count);
    for (std::size_t i = 0; i < count; ++i) requests[i].id = std::to_string(left_ + i);
    return requests;
  }
  void give(std::vector<Request> requests, std::vector<Response>) override {
    answered += requests.size();
  }
  std::size_t answered = 0;

 private:
  std::size_t left_;
};

void ask_many(benchmark::State& state, Model& model, std::size_t count) {
  for (auto _ : state) {
    EndlessExchange exchange(count);
    model.serve(exchange);
    if (exchange.answered != count) state.SkipWithError("not all requests were answered");
  }
  state.counters["requests/s"] =
      benchmark::Counter(static_cast<double>(count), benchmark::Counter::kIsIterationInvariantRate);
}

void NullModelAnswers(benchmark::State& state) {
  const auto model = open_null({});
  ask_many(state, *model, 1'000'000);
}
BENCHMARK(NullModelAnswers)->Unit(benchmark::kMillisecond);

/// The CPU time is the adapter's own; the rest is sed, which reads byte by byte when unbuffered.
void ProcessModelAnswers(benchmark::State& state) {
  ProcessOptions options;
  options.command =
      "read hello; echo '{\"sightline\": 1, \"name\": \"sed\", \"kinds\": [\"text\"], "
      "\"max_batch\": 1024}'; exec sed -u 's/\"images\"/\"text\": \"yes\", \"images\"/'";
  ProcessModel model(options);
  ask_many(state, model, 100'000);
}
BENCHMARK(ProcessModelAnswers)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
