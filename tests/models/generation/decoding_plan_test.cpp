#include "models/generation/decoding_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/error.h"
#include "tests/support/errors.h"

namespace sightline {
namespace {

using ::sightline::testing::error_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Arguments = std::map<std::string, std::string>;

DecodingPlan plan_of(const Arguments& extra, Decoding decoding = {}) {
  decoding.extra = extra;
  return plan_decoding(decoding, 5);
}

TEST(DecodingPlan, IsGreedyWithoutArguments) {
  const DecodingPlan plan = plan_of({});
  EXPECT_FALSE(plan.sampling.sample);
  EXPECT_EQ(plan.sampling.temperature, 1);
  EXPECT_EQ(plan.sampling.repetition_penalty, 1);
  EXPECT_EQ(plan.sampling.top_k, 0);
  EXPECT_EQ(plan.sampling.top_p, 1);
  EXPECT_EQ(plan.max_new_tokens, 16U);
  EXPECT_EQ(plan.seed, 5U);
  EXPECT_THAT(plan.stop, IsEmpty());
  EXPECT_FALSE(plan.ignore_eos);
}

TEST(DecodingPlan, TakesWhatTheRequestSays) {
  Decoding decoding{.max_new_tokens = 3, .temperature = 0.5, .seed = 9, .stop = {"."}};
  decoding.with_generation = true;
  const DecodingPlan plan = plan_of({}, decoding);
  EXPECT_TRUE(plan.sampling.sample);
  EXPECT_EQ(plan.sampling.temperature, 0.5);
  EXPECT_EQ(plan.max_new_tokens, 3U);
  EXPECT_EQ(plan.seed, 9U);
  EXPECT_THAT(plan.stop, ElementsAre("."));
  EXPECT_TRUE(plan.with_generation);
}

TEST(DecodingPlan, PutsArgumentsInPlaceOfTheRequests) {
  const Decoding decoding{.max_new_tokens = 3, .temperature = 0.5, .seed = 9, .stop = {"."}};
  const DecodingPlan plan = plan_of({{"temperature", "0.7"},
                                     {"top_k", "50"},
                                     {"top_p", "0.85"},
                                     {"repetition_penalty", "1.3"},
                                     {"seed", "0"},
                                     {"ignore_eos", "true"},
                                     {"max_new_tokens", "7"},
                                     {"num_beams", "1"},
                                     {"until", R"(["\n", "a,b"])"}},
                                    decoding);
  EXPECT_TRUE(plan.sampling.sample);
  EXPECT_EQ(plan.sampling.temperature, 0.7);
  EXPECT_EQ(plan.sampling.top_k, 50);
  EXPECT_EQ(plan.sampling.top_p, 0.85);
  EXPECT_EQ(plan.sampling.repetition_penalty, 1.3);
  EXPECT_EQ(plan.seed, 0U);
  EXPECT_TRUE(plan.ignore_eos);
  EXPECT_EQ(plan.max_new_tokens, 7U);
  EXPECT_THAT(plan.stop, ElementsAre("\n", "a,b"));
  EXPECT_THAT(plan_of({{"stop", "a b"}}, decoding).stop, ElementsAre("a b"));
}

TEST(DecodingPlan, SamplesByTemperatureOrByCommand) {
  const struct {
    Arguments arguments;
    bool sample;
    double temperature;
  } cases[] = {{{{"temperature", "0"}}, false, 1},
               {{{"temperature", "0.0"}, {"do_sample", "false"}}, false, 1},
               {{{"temperature", "2"}}, true, 2},
               {{{"temperature", "2"}, {"do_sample", "False"}}, false, 2},
               {{{"do_sample", "true"}}, true, 1},
               {{{"do_sample", "1"}, {"temperature", "0.1"}}, true, 0.1}};
  for (const auto& c : cases) {
    const DecodingPlan plan = plan_of(c.arguments);
    EXPECT_EQ(plan.sampling.sample, c.sample) << ::testing::PrintToString(c.arguments);
    EXPECT_EQ(plan.sampling.temperature, c.temperature) << ::testing::PrintToString(c.arguments);
  }
}

TEST(DecodingPlan, RefusesWhatMakesNoSense) {
  const struct {
    Arguments arguments;
    const char* message;
  } cases[] = {
      {{{"temprature", "1"}}, "no 'temprature'; did you mean 'temperature'?; there are do_sample"},
      {{{"x", ""}},
       "do_sample, ignore_eos, max_new_tokens, num_beams, repetition_penalty, seed, "
       "stop, temperature, top_k, top_p, until"},
      {{{"temperature", "-0.5"}}, "temperature=-0.5: want a number from 0"},
      {{{"temperature", "nan"}}, "temperature=nan: want a number from 0"},
      {{{"temperature", "inf"}}, "temperature=inf: want a number from 0"},
      {{{"temperature", ""}}, "temperature=: want a number from 0"},
      {{{"temperature", "1x"}}, "temperature=1x: want a number from 0"},
      {{{"top_k", "-1"}}, "top_k=-1: want a whole number from 0"},
      {{{"top_k", "2.5"}}, "top_k=2.5: want a whole number from 0"},
      {{{"top_p", "0"}}, "top_p=0: want a number above 0, up to 1"},
      {{{"top_p", "1.1"}}, "top_p=1.1: want a number above 0, up to 1"},
      {{{"repetition_penalty", "0"}}, "repetition_penalty=0: want a number above 0"},
      {{{"seed", "-1"}}, "seed=-1: want a whole number from 0"},
      {{{"num_beams", "4"}}, "num_beams=4: want 1; there is no beam search"},
      {{{"max_new_tokens", "0"}}, "max_new_tokens=0: want a whole number from 1"},
      {{{"max_new_tokens", "9999999999"}}, "max_new_tokens=9999999999: want a whole number"},
      {{{"do_sample", "maybe"}}, "do_sample=maybe: want true or false"},
      {{{"ignore_eos", ""}}, "ignore_eos=: want true or false"},
      {{{"stop", ""}}, "stop=: want a text"},
      {{{"stop", "[\"a\""}}, "stop=[\"a\": want a text, or a JSON list"},
      {{{"until", "[1]"}}, "until=[1]: want a text, or a JSON list"},
      {{{"until", "[\"\"]"}}, "that are not empty"},
      {{{"until", "a"}, {"stop", "b"}}, "stop and until mean the same"},
      {{{"do_sample", "true"}, {"temperature", "0"}}, "sampling needs a temperature above 0"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(error_of([&] { check_gen_kwargs(c.arguments); }), HasSubstr(c.message));
    EXPECT_THROW(check_gen_kwargs(c.arguments), UsageError);
  }
  EXPECT_THROW(plan_of({}, {.max_new_tokens = 0}), UsageError);
}

}  // namespace
}  // namespace sightline
