#include "models/adapters/standard_models.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/error.h"

namespace sightline {
namespace {

TEST(StandardModels, AreFoundByName) {
  Registry registry;
  add_standard_models(registry);
  std::vector<std::string> names;
  for (const ModelEntry& entry : registry.models()) {
    names.push_back(entry.name);
    EXPECT_FALSE(entry.summary.empty()) << entry.name;
    EXPECT_NE(entry.open != nullptr, !entry.module.empty()) << entry.name << " or its module opens";
  }
  EXPECT_THAT(names, ::testing::IsSupersetOf(
                         {"replay", "null", "process", "baseline", "codec", "torchscript"}));
  EXPECT_EQ(registry.open_model("null", {})->info().name, "null");
}

TEST(StandardModels, SayWhichModelAnErrorIsAbout) {
  Registry registry;
  add_standard_models(registry);
  try {
    registry.open_model("process", {});
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("while opening model process"));
  }
}

}  // namespace
}  // namespace sightline
