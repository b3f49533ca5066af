#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "models/api/image_networks.h"
#include "tests/models/torch/inception_weights.h"
#include "tests/support/errors.h"
#include "tests/support/program.h"

namespace sightline {
namespace {

using testing::error_of;
using ::testing::HasSubstr;
using ::testing::Not;

const std::filesystem::path kBuild = std::filesystem::path(SIGHTLINE_PROGRAM).parent_path();

class TorchModule : public ::testing::Test {
 protected:
  TorchModule() { ::setenv("SIGHTLINE_PLUGIN_PATH", kBuild.c_str(), 1); }
  ~TorchModule() override { ::unsetenv("SIGHTLINE_PLUGIN_PATH"); }

  Registry registry_;
};

TEST_F(TorchModule, IsLoadedWhenANetworkIsAskedFor) {
  const auto network = open_inception(registry_, {.weights = testing::inception_weights()});
  EXPECT_TRUE(registry_.modules.contains("sightline_torch"));
  const std::vector<Image> images = {testing::noise_image(30, 20, 1)};
  EXPECT_EQ(network->features(images).pool.size(), InceptionFeatures::kPool);
}

TEST_F(TorchModule, HasBothNetworks) {
  EXPECT_THAT(error_of([&] { open_perceptual(registry_, {}); }), HasSubstr("opening LPIPS"));
  EXPECT_THAT(error_of([&] { open_inception(registry_, {}); }), HasSubstr("opening the Inception"));
}

TEST_F(TorchModule, HasTheModelTorchscript) {
  registry_.add({.name = "torchscript",
                 .summary = "in words",
                 .open = {},
                 .module = "sightline_torch"});
  ModelSettings settings;
  settings.args = ModelArgs::parse("path=nowhere.pt");
  EXPECT_THAT(error_of([&] { registry_.open_model("torchscript", std::move(settings)); }),
              HasSubstr("nowhere.pt"));
  ASSERT_EQ(registry_.models().size(), 1U);
  EXPECT_EQ(registry_.models()[0].summary, "in words") << "the module has none of its own";
}

TEST_F(TorchModule, SaysWhenAGpuCannotBeUsed) {
  const auto refusal = [&](const std::string& device) {
    return error_of([&] {
      open_inception(registry_, {.weights = testing::inception_weights(), .device = device});
    });
  };
  EXPECT_THAT(refusal("tpu"), HasSubstr("no device 'tpu'; want cpu, cuda or cuda:N"));
  EXPECT_THAT(refusal("cuda:x"), HasSubstr("no device 'cuda:x'"));
  // Without a GPU there is none at all; with some there is no such one.
  EXPECT_THAT(refusal("cuda:77"), HasSubstr("device 'cuda:77': th"));
}

/// The libraries that the loader brings with a program or library, and theirs.
std::string libraries_of(const std::filesystem::path& file) {
  const testing::ProgramEnd end = testing::run_to_end({"ldd", file.string()});
  EXPECT_EQ(end.exit_code, 0) << end.err;
  return end.out;
}

TEST(TorchModuleFile, AloneBringsLibtorch) {
  EXPECT_THAT(libraries_of(kBuild / "sightline_torch.so"), HasSubstr("libtorch_cpu"));
  EXPECT_THAT(libraries_of(kBuild / "sightline"), Not(HasSubstr("libtorch")));
  EXPECT_THAT(libraries_of(kBuild / "libsightline.so"), Not(HasSubstr("libtorch")));
}

}  // namespace
}  // namespace sightline
