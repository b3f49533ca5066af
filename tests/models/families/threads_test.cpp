#include <gtest/gtest.h>

#include "harness/base/parallel.h"
#include "models/prompts/style.h"
#include "tests/models/families/golden_family.h"

namespace sightline::testing {
namespace {

using nlohmann::json;

/// Logits of the first steps of the first golden case, on `threads` threads.
std::vector<std::vector<float>> run(const std::string& family, bool kernels, std::size_t threads) {
  set_thread_count(threads);
  NetworkSettings settings;
  settings.kernels = kernels;
  GoldenFamily golden(data_path("models"), family, settings);
  const json& entry = golden.cases()[0];
  const std::vector<Image> images = golden.images(entry);
  const std::string text = golden.network().info().family == "paligemma"
                               ? prompt_style("paligemma").wrap("caption en", images.size())
                               : entry["text_to_processor"].get<std::string>();
  const GoldenPrompt ready = golden.prepare(text, images);
  auto ids = entry["generated_ids"].get<std::vector<std::vector<TokenId>>>();
  ids[0].resize(4);
  auto logits = forced_logits(golden.network(), {&ready, 1}, ids)[0];
  set_thread_count(0);
  return logits;
}

class Threads : public ::testing::TestWithParam<const char*> {};

TEST_P(Threads, DoNotChangeABitOfTheLogits) {
  const auto one = run(GetParam(), true, 1);
  for (const std::size_t threads : {2, 3, 5}) EXPECT_EQ(run(GetParam(), true, threads), one);
}

TEST_P(Threads, HardlyChangeWhatLibtorchComputes) {
  const auto one = run(GetParam(), false, 1), three = run(GetParam(), false, 3);
  for (std::size_t step = 0; step < one.size(); ++step) {
    EXPECT_LE(max_difference(one[step], three[step]), 1e-4);
  }
}

INSTANTIATE_TEST_SUITE_P(Families, Threads, ::testing::Values("paligemma2", "llava_onevision"));

}  // namespace
}  // namespace sightline::testing
