#include "harness/base/error.h"

#include <gtest/gtest.h>

namespace sightline {
namespace {

TEST(Error, ShowsItsContextInnermostFirst) {
  Error error("the PNG ends early");
  EXPECT_STREQ(error.what(), "the PNG ends early");
  error.add_context("reading sample 7").add_context("running task refcoco_val");
  EXPECT_STREQ(error.what(),
               "the PNG ends early\n  while reading sample 7\n  while running task refcoco_val");
  EXPECT_EQ(error.message(), "the PNG ends early");
}

TEST(Error, HasTheExitCodeOfItsKind) {
  EXPECT_EQ(Error("x").exit_code(), 2);
  EXPECT_EQ(UsageError("x").exit_code(), 2);
  EXPECT_EQ(MismatchError("x").exit_code(), 4);
  EXPECT_EQ(MismatchError("x", 2).exit_code(), 2);
  EXPECT_EQ(StopError("x").exit_code(), 5);
}

TEST(Error, RequireThrowsOnlyWhenBroken) {
  EXPECT_NO_THROW(require(true, "{}", 1));
  try {
    require(false, "found {}, want {}", 1, "two");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.message(), "found 1, want two");
  }
}

TEST(Error, ContextIsAddedOnTheWayAndKeepsTheKind) {
  int described = 0;
  const auto describe = [&] {
    ++described;
    return std::string("reading x");
  };
  EXPECT_EQ(with_context(describe, [] { return 3; }), 3);
  EXPECT_EQ(described, 0) << "the description costs nothing where all goes well";
  try {
    with_context(describe, [] { throw StopError("disk full"); });
    FAIL();
  } catch (const StopError& error) {
    EXPECT_STREQ(error.what(), "disk full\n  while reading x");
    EXPECT_EQ(error.exit_code(), 5);
  }
  EXPECT_THROW(with_context(describe, [] { throw std::bad_alloc(); }), std::bad_alloc);
}

TEST(Error, ContextPassesReferencesThrough) {
  int value = 1;
  with_context([] { return ""; }, [&]() -> int& { return value; }) = 5;
  EXPECT_EQ(value, 5);
}

TEST(DidYouMean, NamesTheNearestChoiceUnlessAllAreFar) {
  const std::vector<std::string> choices = {"images", "image", "answers", "max_new_tokens"};
  const std::pair<const char*, const char*> cases[] = {
      {"imags", "images"},
      {"image", "image"},
      {"imgae", "image"},
      {"answrs", "answers"},
      {"Answers", "answers"},
      {"max-new-tokens", "max_new_tokens"},
      {"max_tokens", "max_new_tokens"},
  };
  for (const auto& [given, want] : cases) {
    EXPECT_EQ(did_you_mean(given, choices), fmt::format("; did you mean '{}'?", want)) << given;
  }
  for (const char* given : {"", "x", "zzzzzz", "completely different"}) {
    EXPECT_EQ(did_you_mean(given, choices), "") << given;
  }
  EXPECT_EQ(did_you_mean("a", {}), "");
  EXPECT_EQ(did_you_mean("ab", {"ac", "ad"}), "; did you mean 'ac'?") << "the first of equals";
}

}  // namespace
}  // namespace sightline
