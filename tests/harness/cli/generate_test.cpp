#include "tests/harness/cli/cli_test.h"

// One request to one model, and what is printed of how its text came about.

namespace sightline::testing {
namespace {

using ::testing::HasSubstr;

class Generate : public CliTest {
 protected:
  static Words words(const Words& more) {
    Words all = {"generate", "--plugin",  SIGHTLINE_MEASURED_MODEL, "--model", "measured",
                 "--prompt", "caption en"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  static Json json(Words more) {
    more.push_back("--json");
    return Json::parse(must(words(more)).out);
  }
};

TEST_F(Generate, PrintsTheText) {
  EXPECT_EQ(must(words({})).out, "yes\n");
}

TEST_F(Generate, AsJsonHasIdsLogProbabilitiesAndTimes) {
  const Json want = {{"text", "yes"},
                     {"prompt_ids", {10}},
                     {"ids", {100, 101}},
                     {"logprobs", {-0.5, -1.0}},
                     {"timing", {{"prefill_s", 0.125}, {"decode_s", 0.5}}}};
  EXPECT_EQ(json({"--logprobs"}), want);
  EXPECT_EQ(json({}), want);
}

TEST_F(Generate, WithLogProbabilitiesHasALineForEachToken) {
  EXPECT_EQ(must(words({"--logprobs"})).out, "yes\n100\t-0.5\n101\t-1\n");
}

TEST_F(Generate, PassesOnHowToDecode) {
  EXPECT_EQ(json({"--max_new_tokens", "5", "--gen_kwargs", "ignore_eos=true"})["ids"].size(), 5U);
  EXPECT_EQ(json({"--gen_kwargs", "ignore_eos=true,max_new_tokens=3"})["ids"].size(), 3U);
}

TEST_F(Generate, TakesSeveralImages) {
  const auto photo = std::filesystem::directory_iterator(data() / "coco/val2017")->path().string();
  EXPECT_EQ(json({"--image", photo, "--image", photo})["prompt_ids"], Json({9, 9, 10}));
}

TEST_F(Generate, WithoutAGenerationPrintsTheWholeTime) {
  const Json document =
      Json::parse(must({"generate", "--model", "null", "--prompt", "x", "--json"}).out);
  EXPECT_EQ(document, (Json{{"text", ""}, {"timing", {{"total_s", 0.0}}}}));
}

TEST_F(Generate, RefusesWhatMakesNoSense) {
  const std::pair<Words, std::string> cases[] = {
      {words({"--max_new_tokens", "0"}), "--max_new_tokens 0: want a whole number from 1"},
      {words({"--gen_kwargs", "max_new_tokens=0"}), "max_new_tokens=0: want"},
      {words({"--precision", "int4"}), "there is no precision 'int4'; want fp32, bf16"},
      {words({"--precision", "nf4", "--model_args", "refuse=nf4"}), "does not compute in nf4"},
      {{"generate", "--model", "null", "--prompt", "x", "--logprobs"},
       "--logprobs: the model null gives no log-probabilities"},
  };
  for (const auto& [all, says] : cases) {
    const ProgramEnd end = sightline(all);
    EXPECT_EQ(end.exit_code, 2);
    EXPECT_EQ(end.out, "");
    EXPECT_THAT(end.err, HasSubstr(says));
  }
}

}  // namespace
}  // namespace sightline::testing
