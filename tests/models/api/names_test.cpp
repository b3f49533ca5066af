#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/error.h"
#include "models/api/request.h"
#include "models/api/response.h"

namespace sightline {
namespace {

TEST(Names, OfKindsComeBack) {
  const std::vector<std::string> names = {"text", "detect", "ground", "reconstruct"};
  for (std::size_t i = 0; i < names.size(); ++i) {
    EXPECT_EQ(name_of(static_cast<Kind>(i)), names[i]);
    EXPECT_EQ(parse_kind(names[i]), static_cast<Kind>(i));
  }
}

TEST(Names, OfOutcomesComeBack) {
  const std::vector<std::string> names = {"ok",          "parse_fail", "empty", "refused",
                                          "model_error", "timeout",    "oom",   "crashed",
                                          "bad_input",   "skipped"};
  for (std::size_t i = 0; i < names.size(); ++i) {
    EXPECT_EQ(name_of(static_cast<Outcome>(i)), names[i]);
    EXPECT_EQ(parse_outcome(names[i]), static_cast<Outcome>(i));
  }
}

TEST(Names, ThatAreUnknownAreAnsweredWithTheChoices) {
  try {
    parse_kind("detection");
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("text, detect, ground, reconstruct"));
    EXPECT_THAT(error.what(), ::testing::HasSubstr("did you mean 'detect'?"));
  }
  EXPECT_THROW(parse_outcome(""), UsageError);
  EXPECT_THROW(parse_outcome("OK"), UsageError);
}

}  // namespace
}  // namespace sightline
