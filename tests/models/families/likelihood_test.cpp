#include "models/generation/likelihood.h"

#include <gtest/gtest.h>

#include "tests/models/families/golden_family.h"

namespace sightline::testing {
namespace {

using nlohmann::json;

constexpr double kPerToken = 5e-4;  // models-hf, section 18

/// Where a family's goldens hold log-probabilities, and how they were made.
struct Setup {
  const char* name;
  const char* family;
  const char* field = "token_logprobs";
  const char* sum = "sum_logprob";
  bool softcap = false;
};

void PrintTo(const Setup& setup, std::ostream* out) {
  *out << setup.name;
}

class Likelihood : public ::testing::TestWithParam<Setup> {};

TEST_P(Likelihood, OfAnswersEqualsTheReference) {
  for (const auto& root : golden_roots(GetParam().family)) {
    NetworkSettings settings;
    settings.images.backend = ImageBackend::kTorchvision;
    settings.logits_softcap = GetParam().softcap;
    GoldenFamily golden(root, GetParam().family, settings);
    int cases = 0;
    for (const json& entry : golden.cases()) {
      if (!entry.contains("teacher_forced")) continue;
      SCOPED_TRACE(entry["id"].get<std::string>());
      const GoldenPrompt ready = golden.prepare(golden.wrapped_text(entry), golden.images(entry),
                                                entry["kind"] == "video");
      const std::vector<TokenId> answer = forced_answer(entry, ready.prompt.ids.size());
      // Beside another answer, which has no say in it.
      const std::vector<std::vector<TokenId>> answers{answer, {answer.back()}, answer};
      const auto likelihoods =
          answer_likelihoods(golden.network(), ready.prompt, ready.vision.get(), answers);
      ASSERT_EQ(likelihoods.size(), 3U);
      const std::vector<float> expected = entry["teacher_forced"][GetParam().field];
      EXPECT_LE(max_difference(likelihoods[0].logprobs, expected), kPerToken);
      EXPECT_EQ(likelihoods[0].logprobs, likelihoods[2].logprobs);
      const double sum = entry["teacher_forced"][GetParam().sum];
      EXPECT_NEAR(likelihoods[0].total, sum, kPerToken * static_cast<double>(answer.size()));
      ++cases;
    }
    EXPECT_GE(cases, 2);
  }
}

INSTANTIATE_TEST_SUITE_P(Families, Likelihood,
                         ::testing::Values(Setup{.name = "PaliGemma2", .family = "paligemma2"},
                                           Setup{.name = "PaliGemma2Softcapped",
                                                 .family = "paligemma2",
                                                 .field = "token_logprobs_softcapped",
                                                 .sum = "sum_logprob_softcapped",
                                                 .softcap = true},
                                           Setup{.name = "PaliGemma1", .family = "paligemma1"},
                                           Setup{.name = "LlavaOnevision",
                                                 .family = "llava_onevision"}),
                         [](const auto& made) { return std::string(made.param.name); });

}  // namespace
}  // namespace sightline::testing
