#include "tests/harness/cli/cli_test.h"

// The model `native` from the command line, on small checkpoints of the families.

namespace sightline::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class Native : public CliTest {
 protected:
  /// The small checkpoint that most tests open.
  static std::string paligemma() {
    return "path=" + data_path("models/paligemma2/checkpoint").string();
  }

  /// What a golden case's request gives; `root` holds families and images.
  static Json generate(const fs::path& root, const std::string& family, const std::string& args,
                       const Json& golden) {
    const std::size_t tokens = golden.at("generated_ids")[0].size();
    Words words = {"generate",
                   "--model",
                   "native",
                   "--model_args",
                   "path=" + (root / family / "checkpoint").string() + args,
                   "--prompt",
                   golden.at("prompt"),
                   "--json",
                   "--logprobs",
                   "--gen_kwargs",
                   "ignore_eos=true",
                   "--max_new_tokens",
                   std::to_string(tokens)};
    const Json images =
        golden.contains("images") ? golden["images"] : Json::array({golden.at("image")});
    for (const std::string image : images) {
      words.insert(words.end(), {"--image", (root / image).string()});
    }
    return Json::parse(must(words).out);
  }

  static void expect_goldens(const fs::path& root, const std::string& family,
                             const std::string& cases, const std::string& args) {
    const Json all = read_json(root / family / cases).at("cases");
    ASSERT_GE(all.size(), 3U);
    for (const Json& golden : all) {
      if (golden.at("input_ids").size() > 1) continue;  // a batch
      SCOPED_TRACE(family + " " + golden.at("id").get<std::string>());
      const Json made = generate(root, family, args, golden);
      EXPECT_EQ(made.at("prompt_ids"), golden.at("input_ids")[0]);
      EXPECT_EQ(made.at("ids"), golden.at("generated_ids")[0]);
      ASSERT_EQ(made.at("logprobs").size(), made.at("ids").size());
      for (const double logprob : made["logprobs"]) EXPECT_LE(logprob, 0);
      EXPECT_GT(made.at("timing").at("prefill_s"), 0.0);
      EXPECT_GT(made.at("timing").at("decode_s"), 0.0);
    }
  }

  Words run_native(const std::string& name, const Words& more = {}) const {
    Words words =
        run_words("native", "vqav2_val", name, {"--model_args", paligemma(), "--limit", "12"});
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
};

TEST_F(Native, GeneratesTheTokensOfTheReference) {
  expect_goldens(data_path("models"), "paligemma2", "cases.json", ",image_backend=torchvision");
}

TEST_F(Native, GeneratesTheTokensOfTheReferenceWithPillowsImages) {
  SIGHTLINE_NEED_SHARED("goldens/models/paligemma1");
  for (const std::string family : {"paligemma1", "paligemma2"}) {
    expect_goldens(shared_path("goldens/models"), family, "cases_pil12.json", "");
  }
}

TEST_F(Native, BatchInvarianceHoldsOnACpuByItself) {
  must(run_native("plain"));
  must(run_native("asked_for", {"--batch_invariant", "--batch_size", "3"}));
  EXPECT_EQ(result_fields(folder("asked_for")), result_fields(folder("plain")));
}

TEST_F(Native, RunsNoteWhatItWeighsAndHowFastItIs) {
  must(run_native("out"));
  const Json manifest = read_json(folder("out") / "results.json")["sightline"];
  const Json& note = manifest.at("tasks").at("vqav2_val");
  EXPECT_EQ(note.at("model").at("precision"), "fp32");
  EXPECT_GT(note.at("facts").at("weight_bytes"), 1e6);
  EXPECT_GT(note.at("prompt_tokens"), 12);
  EXPECT_GE(note.at("generated_tokens"), 12);
  EXPECT_GT(note.at("model_seconds"), 0.0);
  EXPECT_GT(note.at("generated_tokens_per_second"), 0.0);
  EXPECT_GT(manifest.at("peak_memory_bytes"), 10'000'000);
}

TEST_F(Native, ImpactRunsItsPrecisions) {
  const Json document = Json::parse(
      must({"impact", "--model", "native", "--model_args",
            paligemma() + ",double_quant=on,quantise_vision=off", "--precisions",
            "fp32,bf16,int8,nf4", "--tasks", "vqav2_val", "--limit", "12", "--data_root",
            data().string(), "--output_path", folder("out").string(), "--json"})
          .out);
  ASSERT_EQ(document.at("precisions").size(), 4U);
  for (const Json& precision : document["precisions"]) {
    const std::string name = precision.at("precision");
    const bool quantised = name == "int8" || name == "nf4";
    EXPECT_EQ(precision.at("finished"), true) << name;
    EXPECT_EQ(precision.at("quantised_layers") > 0.0, quantised) << name;
    const Json args = read_json(folder("out") / name / "results.json")["config"]["model_args"];
    EXPECT_EQ(args.contains("quantise_vision"), quantised) << name;
    EXPECT_EQ(args.contains("double_quant"), name == "nf4") << name;
  }
  EXPECT_LT(document["precisions"][1].at("weight_bytes"),
            document["precisions"][0].at("weight_bytes"));
}

TEST_F(Native, DoctorOpensACheckpointAndNamesWhatIsMissing) {
  EXPECT_THAT(
      must({"doctor", "--model", "native", "--model_args", paligemma(), "--precision", "bf16"}).out,
      HasSubstr("good  model native answers, in bf16, "));
  const ProgramEnd end = sightline({"doctor", "--model", "native", "--model_args", "path=nowhere"});
  EXPECT_EQ(end.exit_code, 2);
  EXPECT_THAT(end.out, HasSubstr("BAD   model native: there is no nowhere"));
}

}  // namespace
}  // namespace sightline::testing
