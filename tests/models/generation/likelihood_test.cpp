#include "models/generation/likelihood.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "models/generation/sampler.h"
#include "tests/models/generation/fake_network.h"
#include "tests/models/generation/test_exchange.h"
#include "tests/support/errors.h"

namespace sightline {
namespace {

using ::sightline::testing::error_of;
using ::sightline::testing::FakeNetwork;
using ::sightline::testing::image_of;
using ::testing::HasSubstr;
using ::testing::SizeIs;

struct Question {
  Prompt prompt;
  std::shared_ptr<const VisionFeatures> vision;
};

Question question(FakeNetwork& network) {
  const auto image = image_of(4);
  const Image* pixels = image.get();
  const ProcessedImages processed = network.process({&pixels, 1}, false);
  const ProcessedImages* input = &processed;
  return {network.prompt("which?", processed.images), network.encode({&input, 1}).front()};
}

TEST(Likelihood, IsTheSumOfTheSteps) {
  for (const bool bidirectional : {false, true}) {
    FakeNetwork network;
    network.bidirectional = bidirectional;
    const Question asked = question(network);
    const std::vector<std::vector<TokenId>> answers = {{7, 8, 9, 2}, {300}, {7, 8, 2}, {7, 2}};
    const auto found = answer_likelihoods(network, asked.prompt, asked.vision.get(), answers);
    ASSERT_THAT(found, SizeIs(4));
    for (std::size_t i = 0; i < answers.size(); ++i) {
      std::vector<TokenId> tokens = asked.prompt.ids;
      double total = 0;
      ASSERT_THAT(found[i].logprobs, SizeIs(answers[i].size()));
      for (std::size_t t = 0; t < answers[i].size(); ++t) {
        const auto logits = network.logits_after(asked.prompt, tokens, asked.vision.get());
        const double wanted = log_probability(logits, answers[i][t]);
        EXPECT_FLOAT_EQ(found[i].logprobs[t], static_cast<float>(wanted));
        total += wanted;
        tokens.push_back(answers[i][t]);
      }
      EXPECT_DOUBLE_EQ(found[i].total, total);
    }
    EXPECT_THAT(network.calls, SizeIs(2)) << "the prompt, and all answers";
    EXPECT_EQ(network.caches, 0U);
  }
}

TEST(Likelihood, OfSingleTokensNeedsThePromptAlone) {
  FakeNetwork network;
  const Question asked = question(network);
  const std::vector<std::vector<TokenId>> answers = {{7}, {8}};
  answer_likelihoods(network, asked.prompt, asked.vision.get(), answers);
  EXPECT_THAT(network.calls, SizeIs(1));
}

TEST(Likelihood, RefusesWhatHasNone) {
  FakeNetwork network;
  const Question asked = question(network);
  network.change_info().max_positions = asked.prompt.ids.size() + 2;
  const struct {
    std::vector<TokenId> answer;
    const char* message;
  } cases[] = {{{}, "an answer without tokens"},
               {{7, 920}, "token 920; the network fake has a vocabulary of 920"},
               {{-1}, "token -1"},
               {{1, 1, 1}, "prompt and answer have 109 tokens, and the network fake has 108"}};
  for (const auto& c : cases) {
    const std::vector<std::vector<TokenId>> answers = {{7}, c.answer};
    EXPECT_THAT(
        error_of([&] { answer_likelihoods(network, asked.prompt, asked.vision.get(), answers); }),
        HasSubstr(c.message));
  }
  EXPECT_THAT(network.calls, SizeIs(0));
}

}  // namespace
}  // namespace sightline
