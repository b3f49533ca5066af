#include <gtest/gtest.h>

#include <cstdlib>

#include "harness/base/file.h"
#include "models/api/registry.h"
#include "tests/support/paths.h"

namespace sightline {
namespace {

namespace fs = std::filesystem;

/// Runs a command with its output in a file, which is shown when it fails.
void run(const std::string& command, const fs::path& log) {
  const int status = std::system((command + " >'" + log.string() + "' 2>&1").c_str());
  ASSERT_EQ(status, 0) << command << "\n" << read_file(log);
}

/// Installs Sightline, builds the example against what was installed, and asks its model.
TEST(ExampleModule, IsBuiltOutsideTheTreeAndFoundByName) {
  const fs::path build = SIGHTLINE_BUILD;
  for (const char* product : {"sightline", "libsightline.so", "sightline_opencv.so"}) {
    if (!fs::exists(build / product)) GTEST_SKIP() << "needs " << product << ", which is not built";
  }
  const testing::TemporaryFolder folder;
  const std::string prefix = (folder / "prefix").string(), module = (folder / "module").string();
  const fs::path log = folder / "log";
  const std::string source = testing::data_path("example_module").string();
  ASSERT_NO_FATAL_FAILURE(
      run("cmake --install '" + build.string() + "' --prefix '" + prefix + "'", log));
  ASSERT_NO_FATAL_FAILURE(run("cmake -S '" + source + "' -B '" + module +
                                  "' -DCMAKE_BUILD_TYPE=Debug -DCMAKE_PREFIX_PATH='" + prefix + "'",
                              log));
  ASSERT_NO_FATAL_FAILURE(run("cmake --build '" + module + "'", log));

  ::setenv("SIGHTLINE_PLUGIN_PATH", module.c_str(), 1);
  Registry registry;
  ModelSettings settings;
  settings.args = ModelArgs::parse("times=2");
  const auto model = registry.open_model("echo", std::move(settings));
  ::unsetenv("SIGHTLINE_PLUGIN_PATH");
  Request request;
  request.prompt = "ho";
  EXPECT_EQ(ask(*model, {request}).at(0).text, "hoho");
}

}  // namespace
}  // namespace sightline
