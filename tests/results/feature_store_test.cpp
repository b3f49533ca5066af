#include "results/feature_store.h"

#include <gmock/gmock.h>

#include <cmath>
#include <fstream>

#include "harness/base/error.h"
#include "results/database.h"
#include "tests/support/errors.h"
#include "tests/support/paths.h"

namespace sightline {
namespace {

using testing::error_of;
using ::testing::HasSubstr;
using testing::TemporaryFolder;

const std::vector<float> kFeatures = {0, -1.5F, 3e-38F, 1e38F};

TEST(FeatureStore, GivesBackWhatItWasGivenToTheLastBit) {
  const TemporaryFolder folder;
  {
    FeatureStore store(folder / "f.sqlite");
    EXPECT_EQ(store.find("a"), std::nullopt);
    store.keep("a", kFeatures);
    store.keep("b", {});
    store.keep("c", std::vector<float>{1});
    store.keep("c", std::vector<float>{2});
  }
  FeatureStore store(folder / "f.sqlite");
  FeatureStore beside(folder / "f.sqlite");
  for (const FeatureStore* each : {&store, &beside}) {
    EXPECT_EQ(each->find("a"), kFeatures);
    EXPECT_EQ(each->find("b"), std::vector<float>());
    EXPECT_EQ(each->find("c"), std::vector<float>{2});
    EXPECT_EQ(each->size(), 3U);
  }
  beside.keep("d", kFeatures);
  EXPECT_EQ(store.find("d"), kFeatures);
}

TEST(FeatureStore, RefusesNumbersThatAreNotThoseKept) {
  const TemporaryFolder folder;
  FeatureStore store(folder / "f.sqlite");
  store.keep("a", kFeatures);
  store.keep("b", kFeatures);
  for (const char* damage : {"UPDATE features SET numbers = zeroblob(16) WHERE key = 'a'",
                             "UPDATE features SET numbers = x'00' WHERE key = 'a'",
                             "UPDATE features SET sha256 = '' WHERE key = 'a'"}) {
    SCOPED_TRACE(damage);
    Database(folder / "f.sqlite", Database::Access::kReadWrite).execute(damage);
    EXPECT_THAT(error_of([&] { store.find("a"); }), HasSubstr("f.sqlite is damaged"));
    EXPECT_EQ(store.find("b"), kFeatures) << "others are as they were";
    store.keep("a", kFeatures);
    EXPECT_EQ(store.find("a"), kFeatures);
  }
}

TEST(FeatureStore, RefusesFilesThatAreNoneOfIts) {
  const TemporaryFolder folder;
  const auto refusal = [&](const char* name) {
    return error_of([&] { FeatureStore store(folder / name); });
  };
  std::ofstream(folder / "text") << std::string(5000, 'x');
  EXPECT_THAT(refusal("text"), HasSubstr("text"));
  Database(folder / "other", Database::Access::kReadWrite).execute("CREATE TABLE a(b)");
  EXPECT_THAT(refusal("other"), HasSubstr("another program"));
  { FeatureStore store(folder / "newer"); }
  Database(folder / "newer", Database::Access::kReadWrite).execute("PRAGMA user_version = 2");
  EXPECT_THAT(refusal("newer"), HasSubstr("schema version 2"));
  EXPECT_THAT(refusal("absent/f.sqlite"), HasSubstr("absent/f.sqlite"));
}

}  // namespace
}  // namespace sightline
