#include "models/adapters/line_splitter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace sightline {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> split(const std::string& bytes, std::size_t step, const char* ends) {
  LineSplitter splitter(ends, 100);
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < bytes.size(); i += step) {
    splitter.add(std::string_view(bytes).substr(i, step),
                 [&](std::string line) { lines.push_back(std::move(line)); });
  }
  EXPECT_EQ(splitter.partial(), "end");
  return lines;
}

TEST(LineSplitter, GivesTheSameLinesHoweverTheBytesCome) {
  for (std::size_t step = 1; step < 20; ++step) {
    SCOPED_TRACE(step);
    EXPECT_THAT(split("\none\n\ntwo three\nend", step, "\n"), ElementsAre("one", "two three"));
    EXPECT_THAT(split("1%\r2%\r\ndone\nend", step, "\n\r"), ElementsAre("1%", "2%", "done"));
  }
}

TEST(LineSplitter, StopsAtALineThatIsTooLong) {
  LineSplitter splitter("\n", 4);
  std::vector<std::string> lines;
  const auto take = [&](std::string line) { lines.push_back(std::move(line)); };
  splitter.add("1234\n", take);
  EXPECT_FALSE(splitter.too_long());
  splitter.add("12345\nnext\n", take);
  EXPECT_TRUE(splitter.too_long());
  EXPECT_THAT(lines, ElementsAre("1234"));
}

}  // namespace
}  // namespace sightline
