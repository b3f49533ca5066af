#include "tests/harness/cli/cli_test.h"

// Installs what was built, builds a model outside the tree against it, and asks that model.

namespace sightline::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class SlowPlugin : public CliTest {
 protected:
  static void succeed(const Words& words) {
    const ProgramEnd end = run_to_end(words);
    ASSERT_EQ(end.exit_code, 0) << Json(words).dump() << "\n" << end.out << end.err;
  }
};

TEST_F(SlowPlugin, OfTheExampleModuleAnswersByFileAndByName) {
  const std::string build = fs::path(SIGHTLINE_PROGRAM).parent_path().string();
  const std::string prefix = folder("prefix").string(), module = folder("module").string();
  ASSERT_NO_FATAL_FAILURE(succeed({"cmake", "--install", build, "--prefix", prefix}));
  ASSERT_NO_FATAL_FAILURE(
      succeed({"cmake", "-S", data_path("example_module").string(), "-B", module,
               "-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_PREFIX_PATH=" + prefix,
               std::string("-DCMAKE_CXX_COMPILER=") + SIGHTLINE_COMPILER}));
  ASSERT_NO_FATAL_FAILURE(succeed({"cmake", "--build", module}));

  const std::string program = prefix + "/bin/sightline", file = module + "/echo.so";
  const Words generate = {program,        "generate", "--model",  "echo",
                          "--model_args", "times=2",  "--prompt", "ho"};
  Words by_file = generate;
  by_file.insert(by_file.end(), {"--plugin", file});
  EXPECT_EQ(run_to_end(by_file).out, "hoho\n");
  const StartOptions named{.environment = {"SIGHTLINE_PLUGIN_PATH=" + module}};
  EXPECT_EQ(run_to_end(generate, named).out, "hoho\n");
  const ProgramEnd unknown = run_to_end(generate);
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("SIGHTLINE_PLUGIN_PATH"));

  Words run = {program, "--plugin", file};
  const Words words = run_words("echo", "vqav2_val", "out", {"--log_samples"});
  run.insert(run.end(), words.begin(), words.end());
  ASSERT_NO_FATAL_FAILURE(succeed(run));
  const std::string samples = read_file(folder("out") / "samples_vqav2_val.jsonl");
  const Json first = Json::parse(samples.substr(0, samples.find('\n')));
  EXPECT_EQ(first.at("response"), first.at("request").at("prompt"));
  EXPECT_THAT(run_to_end({program, "--plugin", file, "list", "models"}).out, HasSubstr("echo"));
  EXPECT_EQ(run_to_end({program, "verify", folder("out").string()}).exit_code, 0);
}

}  // namespace
}  // namespace sightline::testing
