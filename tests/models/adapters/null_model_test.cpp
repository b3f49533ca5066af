#include "models/adapters/null_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/error.h"

namespace sightline {
namespace {

ModelSettings settings_with(const std::string& args, Kind kind = Kind::kText) {
  ModelSettings settings;
  settings.args = ModelArgs::parse(args);
  settings.kind = kind;
  return settings;
}

TEST(NullModel, AnswersWithNothingAndLooksAtNothing) {
  const auto model = open_null(settings_with(""));
  EXPECT_FALSE(model->info().opens_images);
  EXPECT_FALSE(model->info().wants_pixels);
  for (const Response& response : ask(*model, std::vector<Request>(3000))) {
    EXPECT_EQ(response.outcome, Outcome::kOk);
    EXPECT_EQ(response.text, "");
  }
}

TEST(NullModel, AnswersWithTheTextItIsGiven) {
  const auto model = open_null(settings_with("answer=yes\\, it is"));
  EXPECT_EQ(ask(*model, std::vector<Request>(2)).at(1).text, "yes, it is");
  EXPECT_NE(model->info().revision, open_null(settings_with(""))->info().revision);
}

TEST(NullModel, HasNoImagesToGive) {
  EXPECT_THROW(open_null(settings_with("", Kind::kReconstruct)), UsageError);
}

TEST(NullModel, NamesAnUnknownArgument) {
  try {
    open_null(settings_with("anwser=yes"));
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("did you mean 'answer'?"));
  }
}

}  // namespace
}  // namespace sightline
