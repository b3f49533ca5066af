#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/error.h"
#include "models/api/registry.h"

namespace sightline {
namespace {

using ::testing::HasSubstr;
using Values = std::map<std::string, std::string>;

template <typename Work>
std::string error_of(Work&& work) {
  try {
    work();
  } catch (const UsageError& error) {
    return error.what();
  }
  return "no error";
}

TEST(ModelArgs, AreReadAsPairs) {
  const std::vector<std::pair<std::string, Values>> cases = {
      {"", {}},
      {"a=1", {{"a", "1"}}},
      {"a=1,b=2", {{"a", "1"}, {"b", "2"}}},
      {" a =1, b=2 ,", {{"a", "1"}, {"b", "2 "}}},
      {"a=", {{"a", ""}}},
      {"command=python3 x.py --n=3", {{"command", "python3 x.py --n=3"}}},
      {"command=f(1\\,2),b=3", {{"command", "f(1,2)"}, {"b", "3"}}},
      {"path=C:\\dir\\file", {{"path", "C:\\dir\\file"}}},
      {"a=\\,\\,", {{"a", ",,"}}},
      {"a=\\", {{"a", "\\"}}},
      {"name=naïve", {{"name", "naïve"}}}};
  for (const auto& [text, values] : cases) {
    EXPECT_EQ(ModelArgs::parse(text).values(), values) << text;
  }
}

TEST(ModelArgs, ThatCannotBeReadAreNamed) {
  const Values cases = {{"a", "has 'a', want key=value"},
                        {"a=1,b", "has 'b'"},
                        {"=1", "has '=1'"},
                        {"command=print(1,2)", "a comma inside a value is written '\\,'"},
                        {"a=1,a=2", "gives 'a' twice"},
                        {"a=\xff", "not valid UTF-8"}};
  for (const auto& [text, message] : cases) {
    EXPECT_THAT(error_of([&] { ModelArgs::parse(text); }), HasSubstr(message)) << text;
  }
}

TEST(ModelArgs, GiveValuesOrWhatStandsInForThem) {
  ModelArgs args = ModelArgs::parse("a=1,n=-2.5e1");
  EXPECT_EQ(args.get("a", "x"), "1");
  EXPECT_EQ(args.get("b", "x"), "x");
  EXPECT_EQ(args.get_number("n", 3), -25);
  EXPECT_EQ(args.get_number("m", 3), 3);
  EXPECT_EQ(args.need("a", "the first"), "1");
  EXPECT_THAT(error_of([&] { args.need("c", "the third"); }),
              HasSubstr("needs --model_args c=..., which is the third"));
}

TEST(ModelArgs, RefuseWhatIsNoNumber) {
  for (const char* text : {"n=", "n=x", "n=1x", "n= 1", "n=nan", "n=inf", "n=1e999", "n=0x10"}) {
    ModelArgs args = ModelArgs::parse(text);
    EXPECT_THAT(error_of([&] { args.get_number("n", 0); }), HasSubstr("is no number")) << text;
  }
}

TEST(ModelArgs, ThatNobodyAskedForAreNamedWithTheNearest) {
  ModelArgs args = ModelArgs::parse("quality=3,qualty=4");
  args.get_number("quality", 0);
  args.get("kind");
  const std::string text = error_of([&] { args.check_all_used("baseline"); });
  EXPECT_THAT(text, HasSubstr("model baseline takes no argument 'qualty'"));
  EXPECT_THAT(text, HasSubstr("did you mean 'quality'?"));
  EXPECT_THAT(text, HasSubstr("kind, quality"));
  args.get("qualty");
  EXPECT_NO_THROW(args.check_all_used("baseline"));
  EXPECT_THAT(error_of([&] { ModelArgs::parse("a=1").check_all_used("x"); }),
              HasSubstr("it takes none"));
}

}  // namespace
}  // namespace sightline
