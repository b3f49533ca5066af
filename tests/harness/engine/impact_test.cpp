#include "harness/engine/impact.h"

#include <gmock/gmock.h>

#include "harness/base/error.h"
#include "tests/support/errors.h"

namespace sightline {
namespace {

using ::testing::ElementsAre;
using testing::error_of;
using ::testing::HasSubstr;

TEST(Precisions, AreAListOfKnownNames) {
  EXPECT_THAT(parse_precisions("bf16,int8,nf4"), ElementsAre("bf16", "int8", "nf4"));
  const std::pair<const char*, const char*> bad[] = {{"", "want fp32, bf16"},
                                                     {"bf16", "at least two"},
                                                     {"bf16,", "there is no precision ''"},
                                                     {"bf16,bf16", "bf16 is there twice"},
                                                     {"bf16,int4", "there is no precision 'int4'"}};
  for (const auto& [text, says] : bad) {
    EXPECT_THAT(error_of([&, &t = text] { parse_precisions(t); }), HasSubstr(says));
  }
}

TEST(ImpactExitCode, IsThatOfTheWorst) {
  const auto code_of = [](std::vector<int> codes, bool interrupted = false) {
    ImpactEnd end{.variants = {}, .interrupted = interrupted};
    for (const int code : codes) end.variants.push_back({.exit_code = code});
    return exit_code_of(end);
  };
  EXPECT_EQ(code_of({0, 0}), 0);
  EXPECT_EQ(code_of({0, 3}), 3);
  EXPECT_EQ(code_of({5, 0}), 3);
  EXPECT_EQ(code_of({0, 137}), 3);
  EXPECT_EQ(code_of({137, 2}), 2);
  EXPECT_EQ(code_of({0, 130}, true), 130);
}

}  // namespace
}  // namespace sightline
