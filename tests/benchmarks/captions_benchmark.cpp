#include <benchmark/benchmark.h>

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/captions/caption_scores.h"
#include "metrics/captions/ptb_tokenizer.h"
#include "metrics/captions/resampled_captions.h"

namespace sightline {
namespace {

constexpr std::size_t kReferences = 5;

/// Words drawn like those of real captions: the n-th most frequent has a share of about 1/n.
std::vector<std::string> make_words(std::mt19937_64& random) {
  std::vector<std::string> words = {"a", "the", "on", "of", "in", "with", "and", "is", "man"};
  while (words.size() < 9000) {
    std::string word;
    const std::size_t letters = 3 + random() % 8;
    for (std::size_t i = 0; i < letters; ++i) word += static_cast<char>('a' + random() % 26);
    words.push_back(word);
  }
  return words;
}

/// `images` * (1 candidate + 5 references) captions of 7 to 15 words, as in COCO.
std::vector<std::string> make_captions(std::size_t images) {
  std::mt19937_64 random(5);
  const std::vector<std::string> words = make_words(random);
  std::vector<double> shares;
  for (std::size_t i = 0; i < words.size(); ++i) {
    shares.push_back(1.0 / (static_cast<double>(i) + 2.7));
  }
  std::discrete_distribution<std::size_t> draw(shares.begin(), shares.end());
  std::vector<std::string> captions(images * (1 + kReferences));
  for (std::string& caption : captions) {
    const std::size_t length = 7 + random() % 9;
    for (std::size_t i = 0; i < length; ++i) {
      if (i > 0) caption += ' ';
      caption += words[draw(random)];
    }
    caption[0] = static_cast<char>(caption[0] - 32);
    caption += '.';
  }
  return captions;
}

void tokenize_captions(benchmark::State& state) {
  const std::vector<std::string> captions = make_captions(2000);
  PtbTokenizer tokenizer;
  if (tokenizer.caption("It's a dog.") != "it 's a dog") state.SkipWithError("wrong tokens");
  std::int64_t bytes = 0;
  for (auto _ : state) {
    for (const std::string& caption : captions) {
      benchmark::DoNotOptimize(tokenizer.caption(caption));
      bytes += static_cast<std::int64_t>(caption.size());
    }
  }
  state.SetBytesProcessed(bytes);
}
BENCHMARK(tokenize_captions)->Unit(benchmark::kMillisecond);

/// Marks, contractions, numbers and addresses, which all go through the rules.
void tokenize_hard_text(benchmark::State& state) {
  const std::string text =
      "\"It's the U.S. team's 2nd half-eaten (no. 5) sandwich,\" he said; see "
      "www.example.com/a?b=c "
      "- $3.50, 1/2 price... don't 'ask' me @home #food caf\u00E9 \u2014 Mr. Jones isn't "
      "well-known! :-)";
  PtbTokenizer tokenizer;
  if (tokenizer.caption(text).empty()) state.SkipWithError("no tokens");
  for (auto _ : state) benchmark::DoNotOptimize(tokenizer.caption(text));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK(tokenize_hard_text);

CaptionMetrics gather(const std::vector<std::string>& captions) {
  CaptionMetrics metrics;
  for (std::size_t i = 0; i < captions.size(); i += 1 + kReferences) {
    const std::vector<std::string_view> references(
        captions.begin() + static_cast<std::ptrdiff_t>(i + 1),
        captions.begin() + static_cast<std::ptrdiff_t>(i + 1 + kReferences));
    metrics.update(captions[i], references);
  }
  return metrics;
}

void update_caption_metrics(benchmark::State& state) {
  const std::vector<std::string> captions = make_captions(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(gather(captions));
  state.counters["images/s"] = benchmark::Counter(
      static_cast<double>(state.iterations() * state.range(0)), benchmark::Counter::kIsRate);
}
BENCHMARK(update_caption_metrics)->Arg(5000)->Arg(40504)->Unit(benchmark::kMillisecond);

void compute_caption_scores(benchmark::State& state) {
  const CaptionMetrics metrics = gather(make_captions(static_cast<std::size_t>(state.range(0))));
  const CaptionScores scores = metrics.compute();
  if (!(*scores.bleu[0] > 0 && *scores.bleu[0] < 1)) state.SkipWithError("BLEU out of range");
  for (auto _ : state) benchmark::DoNotOptimize(metrics.compute());
  state.counters["images/s"] = benchmark::Counter(
      static_cast<double>(state.iterations() * state.range(0)), benchmark::Counter::kIsRate);
}
BENCHMARK(compute_caption_scores)
    ->Arg(5000)
    ->Arg(40504)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

/// Intervals of all six numbers at once.
void bootstrap_caption_scores(benchmark::State& state) {
  const CaptionScores scores = gather(make_captions(40504)).compute();
  const Bootstrap bootstrap{.replicates = static_cast<std::size_t>(state.range(0))};
  const Interval cider = *bootstrap_captions(scores, bootstrap).at("cider").interval();
  if (!(cider.low < *scores.cider && *scores.cider < cider.high)) {
    state.SkipWithError("the interval does not hold the score");
  }
  for (auto _ : state) benchmark::DoNotOptimize(bootstrap_captions(scores, bootstrap));
  state.counters["replicates/s"] = benchmark::Counter(
      static_cast<double>(state.iterations() * state.range(0)), benchmark::Counter::kIsRate);
}
BENCHMARK(bootstrap_caption_scores)->Arg(1000)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace sightline

BENCHMARK_MAIN();
