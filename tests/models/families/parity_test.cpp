#include <gtest/gtest.h>

#include "tests/models/families/golden_family.h"

namespace sightline::testing {
namespace {

using nlohmann::json;

// models-hf: the float32 tolerances of section 18.
struct Setup {
  const char* name;
  const char* family;
  const char* checkpoint = "checkpoint";
  double tolerance = 2e-4;
  bool kernels = true;
};

void PrintTo(const Setup& chosen, std::ostream* out) {
  *out << chosen.name;
}

std::string name_of(const ::testing::TestParamInfo<Setup>& info) {
  return info.param.name;
}

NetworkSettings torchvision_settings(bool kernels) {
  NetworkSettings settings;
  settings.images.backend = ImageBackend::kTorchvision;
  settings.logits_softcap = false;  // as the reference, which leaves it out
  settings.kernels = kernels;
  return settings;
}

class Parity : public ::testing::TestWithParam<Setup> {};

void expect_steps(GoldenFamily& golden, const json& entry, std::span<const GoldenPrompt> prompts,
                  double tolerance) {
  const std::string id = entry["id"];
  const auto ids = entry["generated_ids"].get<std::vector<std::vector<TokenId>>>();
  const auto logits = forced_logits(golden.network(), prompts, ids);
  const bool whole = golden.has(id + "/step_logits");
  const std::vector<float> expected =
      golden.golden(id + (whole ? "/step_logits" : "/step_logits_last"));
  const std::size_t vocabulary = golden.network().info().vocabulary;
  const std::size_t steps = ids[0].size();
  for (std::size_t i = 0; i < ids.size(); ++i) {
    for (std::size_t step = 0; step < steps; ++step) {
      SCOPED_TRACE("sequence " + std::to_string(i) + ", step " + std::to_string(step));
      ASSERT_EQ(argmax(logits[i][step]), ids[i][step]);
      if (!whole && step + 1 < steps) continue;
      const std::size_t row = whole ? i * steps + step : i;
      EXPECT_LE(max_difference(logits[i][step],
                               std::span(expected).subspan(row * vocabulary, vocabulary)),
                tolerance);
    }
  }
}

void expect_answer(GoldenFamily& golden, const json& entry, const GoldenPrompt& ready,
                   double tolerance) {
  if (!entry.contains("teacher_forced")) return;
  const std::vector<TokenId> answer = forced_answer(entry, ready.prompt.ids.size());
  const auto cache = golden.network().new_cache(ready.prompt.ids.size() + answer.size());
  const Step prompt = GoldenFamily::first_step(ready, *cache, Step::Want::kLogits);
  std::vector<float> logits = golden.network().forward({&prompt, 1})[0].logits;
  if (answer.size() > 1) {
    const Step rest{.cache = cache.get(),
                    .ids = std::span(answer).first(answer.size() - 1),
                    .want = Step::Want::kAllLogits};
    const std::vector<float> more = golden.network().forward({&rest, 1})[0].logits;
    logits.insert(logits.end(), more.begin(), more.end());
  }
  const std::string id = entry["id"];
  EXPECT_LE(max_difference(logits, golden.golden(id + "/teacher_forced_logits")), tolerance);
}

TEST_P(Parity, LogitsAndIdsEqualTheReference) {
  const std::string checkpoint = std::string(GetParam().family) + "/" + GetParam().checkpoint;
  for (const auto& root : golden_roots(checkpoint)) {
    GoldenFamily golden(root, GetParam().family, torchvision_settings(GetParam().kernels),
                        GetParam().checkpoint);
    for (const json& entry : golden.cases()) {
      SCOPED_TRACE(entry["id"].get<std::string>());
      const std::string kind = entry["kind"];
      if (kind == "batch") continue;
      const std::vector<Image> images = golden.images(entry);
      const GoldenPrompt ready =
          golden.prepare(golden.wrapped_text(entry), images, kind == "video");
      EXPECT_EQ(ready.prompt.ids, entry["input_ids"].get<std::vector<std::vector<TokenId>>>()[0]);
      for (const char* name : {"/pixel_values", "/pixel_values_videos"}) {
        const std::string key = entry["id"].get<std::string>() + name;
        if (golden.has(key)) {
          EXPECT_EQ(golden.processed().pixel_values.values, golden.golden(key));
        }
      }
      expect_steps(golden, entry, {&ready, 1}, GetParam().tolerance);
      expect_answer(golden, entry, ready, GetParam().tolerance);
    }
  }
}

TEST_P(Parity, BatchesEqualTheReference) {
  const std::string checkpoint = std::string(GetParam().family) + "/" + GetParam().checkpoint;
  for (const auto& root : golden_roots(checkpoint)) {
    GoldenFamily golden(root, GetParam().family, torchvision_settings(GetParam().kernels),
                        GetParam().checkpoint);
    for (const json& entry : golden.cases()) {
      if (entry["kind"] != "batch") continue;
      SCOPED_TRACE(entry["id"].get<std::string>());
      const std::vector<Image> images = golden.images(entry);
      const auto padded = entry["input_ids"].get<std::vector<std::vector<TokenId>>>();
      const auto mask = entry["attention_mask"].get<std::vector<std::vector<int>>>();
      std::vector<GoldenPrompt> prompts;
      for (std::size_t i = 0; i < images.size(); ++i) {
        // The prompts' texts are not all recorded; their ids are, behind the padding.
        const auto first = std::find(mask[i].begin(), mask[i].end(), 1) - mask[i].begin();
        GoldenPrompt ready;
        const Image* image = &images[i];
        const ProcessedImages processed = golden.network().process({&image, 1}, false);
        const ProcessedImages* request = &processed;
        ready.vision = golden.network().encode({&request, 1}).front();
        ready.prompt.ids.assign(padded[i].begin() + first, padded[i].end());
        const TokenId placeholder = golden.network().info().family == "paligemma" ? 2318 : 916;
        std::size_t row = 0;
        for (std::size_t k = 0; k < ready.prompt.ids.size(); ++k) {
          if (ready.prompt.ids[k] == placeholder) ready.prompt.vision_rows.push_back({k, row++});
        }
        if (golden.network().info().family == "paligemma") {
          ready.prompt.bidirectional = ready.prompt.ids.size();
        }
        prompts.push_back(std::move(ready));
      }
      expect_steps(golden, entry, prompts, GetParam().tolerance);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Families, Parity,
    ::testing::Values(
        Setup{.name = "PaliGemma2", .family = "paligemma2", .tolerance = 1e-3},
        Setup{.name = "PaliGemma2Hub",
              .family = "paligemma2",
              .checkpoint = "checkpoint_hub",
              .tolerance = 1e-3},
        Setup{.name = "PaliGemma2Libtorch",
              .family = "paligemma2",
              .tolerance = 1e-3,
              .kernels = false},
        Setup{.name = "PaliGemma1", .family = "paligemma1", .tolerance = 1e-3},
        Setup{.name = "PaliGemma1Hub",
              .family = "paligemma1",
              .checkpoint = "checkpoint_hub",
              .tolerance = 1e-3},
        Setup{.name = "PaliGemma1Libtorch",
              .family = "paligemma1",
              .tolerance = 1e-3,
              .kernels = false},
        Setup{.name = "LlavaOnevision", .family = "llava_onevision"},
        Setup{.name = "LlavaOnevisionHub",
              .family = "llava_onevision",
              .checkpoint = "checkpoint_hub"},
        Setup{.name = "LlavaOnevisionLibtorch", .family = "llava_onevision", .kernels = false}),
    name_of);

}  // namespace
}  // namespace sightline::testing
