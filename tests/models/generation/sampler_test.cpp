#include "models/generation/sampler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "tests/support/errors.h"
#include "tests/support/images.h"
#include "tests/support/paths.h"
#include "tests/support/safetensors.h"

namespace sightline {
namespace {

using ::sightline::testing::data_path;
using ::sightline::testing::error_of;
using ::sightline::testing::read_json;
using ::sightline::testing::read_safetensors;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

SamplingSettings settings_of(const nlohmann::json& entry) {
  return {.sample = true,
          .temperature = entry.at("temperature"),
          .repetition_penalty = entry.value("repetition_penalty", 1.0),
          .top_k = entry.at("top_k"),
          .top_p = entry.at("top_p")};
}

// The golden's probabilities are those of a softmax in float, off by up to 3 units in the last
// place; which tokens are left must agree exactly.
TEST(NextTokens, HaveTheProbabilitiesOfMiniMind) {
  const auto golden = read_safetensors(data_path("generation/sampling.safetensors"));
  const auto settings = read_json(data_path("generation/sampling_settings.json"));
  ASSERT_EQ(settings.size(), 8U);
  for (std::size_t i = 0; i < settings.size(); ++i) {
    const auto tensor = [&](const char* name) {
      return golden.at("sample." + std::to_string(i) + "." + name);
    };
    const auto ids = tensor("input_ids").values<std::int64_t>();
    const auto logits = tensor("logits").values<float>();
    const auto wanted = tensor("probs").values<float>();
    const std::size_t rows = tensor("logits").shape.at(0), width = tensor("logits").shape.at(1);
    const std::size_t length = ids.size() / rows;
    for (std::size_t row = 0; row < rows; ++row) {
      SCOPED_TRACE(::testing::Message() << "settings " << settings[i] << ", row " << row);
      const std::unordered_set<TokenId> seen(
          ids.begin() + static_cast<std::ptrdiff_t>(row * length),
          ids.begin() + static_cast<std::ptrdiff_t>((row + 1) * length));
      std::vector<double> found(width);
      for (const Candidate& candidate : next_tokens(std::span(logits).subspan(row * width, width),
                                                    seen, settings_of(settings[i]))) {
        found[static_cast<std::size_t>(candidate.id)] = candidate.probability;
      }
      for (std::size_t id = 0; id < width; ++id) {
        const double want = wanted[row * width + id];
        EXPECT_EQ(found[id] > 0, want > 0) << "token " << id;
        EXPECT_NEAR(found[id], want, 3e-7 * want) << "token " << id;
      }
    }
  }
}

std::vector<TokenId> ids_left(const std::vector<float>& logits, const SamplingSettings& settings) {
  std::vector<TokenId> ids;
  for (const Candidate& candidate : next_tokens(logits, {}, settings)) ids.push_back(candidate.id);
  return ids;
}

// Probabilities 1/2, 1/4, 1/8, 1/8, worked by hand.
TEST(NextTokens, AreFiltered) {
  const std::vector<float> logits = {std::log(2.F), std::log(4.F), 0, 0};
  const struct {
    const char* name;
    SamplingSettings settings;
    std::vector<TokenId> left;
  } cases[] = {
      {"all", {}, {0, 1, 2, 3}},
      {"top_k beyond the vocabulary", {.top_k = 99}, {0, 1, 2, 3}},
      {"top_k", {.top_k = 2}, {0, 1}},
      {"equals of the k-th stay", {.top_k = 3}, {0, 1, 2, 3}},
      {"the first stays whatever top_p", {.top_p = 1e-9}, {1}},
      {"the mass before counts", {.top_p = 0.45}, {1}},
      {"the one that crosses stays", {.top_p = 0.55}, {1, 0}},
      {"of equals the lower id", {.top_p = 0.8}, {1, 0, 2}},
      {"top_p counts what top_k left", {.top_k = 2, .top_p = 0.6}, {1}},
      {"the same without top_k", {.top_p = 0.6}, {1, 0}},
      {"temperature comes first", {.temperature = 0.1, .top_p = 0.9}, {1}},
  };
  for (const auto& c : cases) EXPECT_EQ(ids_left(logits, c.settings), c.left) << c.name;
}

TEST(NextTokens, NeverHaveWhatTheNetworkRulesOut) {
  const std::vector<float> logits = {-kInfinity, 1, -kInfinity};
  const auto tokens = next_tokens(logits, {}, {});
  ASSERT_EQ(tokens.size(), 3U);
  EXPECT_EQ(tokens[0].probability, 0);
  EXPECT_EQ(tokens[1].probability, 1);
  Sampler sampler({.sample = true}, 1, "a");
  for (int i = 0; i < 20; ++i) EXPECT_EQ(sampler.choose(logits), 1);
}

TEST(Sampler, TakesTheLowestOfTheLikeliestWhenGreedy) {
  Sampler sampler({}, 0, "");
  EXPECT_FALSE(sampler.needs_logits());
  const std::vector<float> logits = {1, 3, -2, 3, 3};
  EXPECT_EQ(sampler.choose(logits), 1);
}

TEST(Sampler, PenalisesEachIdThatWasSeenOnce) {
  Sampler sampler({.repetition_penalty = 2}, 0, "");
  EXPECT_TRUE(sampler.needs_logits());
  const std::vector<TokenId> prompt = {1, 1, 1, 9};
  sampler.see(prompt);
  const std::vector<float> positive = {4, 9, 2}, negative = {-3, -1, -2.5F};
  EXPECT_EQ(sampler.choose(positive), 1);  // 9 / 2 > 4
  EXPECT_EQ(sampler.choose(negative), 1);  // -1 * 2 > -2.5
  const std::vector<TokenId> chosen = {0};
  sampler.see(chosen);
  const std::vector<float> close = {5, 5, 3};
  EXPECT_EQ(sampler.choose(close), 2);
}

std::vector<TokenId> draw(const std::string& sample, std::uint64_t seed, std::size_t count) {
  const std::vector<float> logits = {std::log(2.F), std::log(4.F), 0, 0};
  Sampler sampler({.sample = true}, seed, sample);
  std::vector<TokenId> drawn;
  for (std::size_t i = 0; i < count; ++i) drawn.push_back(sampler.choose(logits));
  return drawn;
}

TEST(Sampler, DrawsByProbability) {
  constexpr std::size_t kDraws = 40000;
  std::vector<double> counts(4);
  for (const TokenId id : draw("a", 1, kDraws)) ++counts[static_cast<std::size_t>(id)];
  const double wanted[] = {0.25, 0.5, 0.125, 0.125};
  for (std::size_t i = 0; i < 4; ++i) {
    // Five standard errors.
    const double error = 5 * std::sqrt(wanted[i] * (1 - wanted[i]) / kDraws);
    EXPECT_NEAR(counts[i] / kDraws, wanted[i], error) << i;
  }
}

TEST(Sampler, DependsOnSeedAndSampleAlone) {
  EXPECT_EQ(draw("a", 1, 50), draw("a", 1, 50));
  EXPECT_NE(draw("a", 1, 50), draw("b", 1, 50));
  EXPECT_NE(draw("a", 1, 50), draw("a", 2, 50));
}

TEST(Sampler, RefusesLogitsThatAreNoNumbers) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const struct {
    std::vector<float> logits;
    const char* message;
  } cases[] = {{{0, nan, 1}, "logit of token 1 is not a number"},
               {{-kInfinity, -kInfinity}, "largest logit is -inf"},
               {{kInfinity, 0}, "largest logit is inf"},
               {{}, "no logits"}};
  for (const auto& c : cases) {
    for (const bool sample : {false, true}) {
      Sampler sampler({.sample = sample, .repetition_penalty = 1.5}, 0, "");
      EXPECT_THAT(error_of([&] { sampler.choose(c.logits); }), HasSubstr(c.message));
    }
  }
}

TEST(LogProbability, IsTheLogOfTheSoftmax) {
  const std::vector<float> logits = {std::log(2.F), std::log(4.F), 0, 0};
  EXPECT_NEAR(log_probability(logits, 0), std::log(0.25), 1e-7);
  EXPECT_NEAR(log_probability(logits, 3), std::log(0.125), 1e-7);
  const std::vector<float> large = {1e30F, -1e30F};
  EXPECT_EQ(log_probability(large, 0), 0);
}

}  // namespace
}  // namespace sightline
