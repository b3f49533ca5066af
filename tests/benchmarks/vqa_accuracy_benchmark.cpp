// VQA accuracy on data of val2014's size: 214,354 questions with ten answers each.

#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"
#include "metrics/text/textvqa_answer.h"
#include "metrics/text/vqa_answer.h"

namespace sightline {
namespace {

constexpr std::size_t kQuestions = 214354, kAnnotators = 10;

/// Questions whose answers are drawn from a pool by Zipf's law, with the decorations annotators
/// use; the prediction is the first of eleven draws that agree more often than not.
class Questions {
 public:
  explicit Questions(std::size_t pool) {
    std::vector<double> weights;
    for (std::size_t i = 1; i <= pool; ++i) weights.push_back(1 / static_cast<double>(i));
    answer_ = std::discrete_distribution<std::size_t>(weights.begin(), weights.end());
    for (std::size_t i = 0; i < kQuestions; ++i) add_question();
    std::size_t at = 0;
    for (const std::size_t size : sizes_) {
      texts_.push_back(std::string_view(bytes_).substr(at, size));
      at += size;
    }
  }

  std::string_view prediction(std::size_t question) const {
    return texts_[question * (kAnnotators + 1)];
  }
  std::span<const std::string_view> answers(std::size_t question) const {
    return std::span(texts_).subspan(question * (kAnnotators + 1) + 1, kAnnotators);
  }

 private:
  void add_question() {
    const std::size_t main = answer_(random_);
    const std::size_t agree = random_() % (kAnnotators + 1);
    for (std::size_t i = 0; i <= kAnnotators; ++i) {
      const std::string text = decorate(i <= agree ? main : answer_(random_));
      bytes_ += text;
      sizes_.push_back(text.size());
    }
  }

  std::string decorate(std::size_t number) {
    std::string text = "answer" + std::to_string(number);
    const auto chance = random_() % 100;
    if (chance < 5) text[0] = 'A';
    if (chance >= 5 && chance < 9) text += '.';
    if (chance >= 9 && chance < 13) text.insert(0, "the ");
    if (chance >= 13 && chance < 16) text += ' ';
    return text;
  }

  std::mt19937_64 random_{7};
  std::discrete_distribution<std::size_t> answer_;
  std::string bytes_;
  std::vector<std::size_t> sizes_;
  std::vector<std::string_view> texts_;
};

template <typename Accuracy>
double mean_accuracy(const Questions& questions, Accuracy accuracy) {
  double sum = 0;
  for (std::size_t i = 0; i < kQuestions; ++i) {
    sum += accuracy.score(questions.prediction(i), questions.answers(i));
  }
  return sum / static_cast<double>(kQuestions);
}

/// The share of matching questions is known from how they are made, within sampling noise.
void check(double mean) {
  require(mean > 0.5 && mean < 0.95, "a mean accuracy of {} on data made for about 0.7", mean);
}

void official(benchmark::State& state) {
  const Questions questions(static_cast<std::size_t>(state.range(0)));
  check(mean_accuracy(questions, VqaAccuracy(VqaRules::kOfficial)));
  for (auto _ : state) {
    benchmark::DoNotOptimize(mean_accuracy(questions, VqaAccuracy(VqaRules::kOfficial)));
  }
  state.counters["questions/s"] =
      benchmark::Counter(kQuestions, benchmark::Counter::kIsIterationInvariantRate);
}

void textvqa(benchmark::State& state) {
  const Questions questions(static_cast<std::size_t>(state.range(0)));
  check(mean_accuracy(questions, TextVqaAccuracy()));
  for (auto _ : state) {
    benchmark::DoNotOptimize(mean_accuracy(questions, TextVqaAccuracy()));
  }
  state.counters["questions/s"] =
      benchmark::Counter(kQuestions, benchmark::Counter::kIsIterationInvariantRate);
}

// The argument is the number of different answers behind the decorations.
BENCHMARK(official)->Arg(1000)->Arg(30000)->Arg(300000)->Unit(benchmark::kMillisecond);
BENCHMARK(textvqa)->Arg(30000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sightline

BENCHMARK_MAIN();
