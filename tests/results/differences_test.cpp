#include "results/differences.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "harness/base/text.h"

namespace sightline {
namespace {

using nlohmann::json;

std::string listed(const json& left, const json& right) {
  std::string text;
  for (const FieldDifference& field : differences(left, right)) {
    text += field.path + ": " + field.left + " | " + field.right + "\n";
  }
  return text;
}

TEST(Differences, EqualValuesHaveNone) {
  EXPECT_EQ(listed({{"a", {{"b", 1}}}}, {{"a", {{"b", 1.0}}}}), "");
  EXPECT_EQ(listed(json::object(), json::object()), "");
}

TEST(Differences, NamesLeavesByDottedPathInOrder) {
  EXPECT_EQ(listed({{"z", 1}, {"a", {{"b", {{"c", "x"}}}, {"same", 1}}}},
                   {{"z", 2}, {"a", {{"b", {{"c", "y"}}}, {"same", 1}}}}),
            "a.b.c: \"x\" | \"y\"\nz: 1 | 2\n");
}

TEST(Differences, TellsMissingFieldsAndChangedTypes) {
  EXPECT_EQ(listed({{"a", 1}, {"b", {{"c", 1}}}}, {{"b", "text"}, {"d", nullptr}}),
            "a: 1 | (absent)\nb: {\"c\":1} | \"text\"\nd: (absent) | null\n");
  EXPECT_EQ(listed({{"a", {1, 2}}}, {{"a", {1, 3}}}), "a: [1,2] | [1,3]\n");
}

TEST(Differences, ShowsLongValuesAroundThePlaceWhereTheyDiffer) {
  std::string common;
  for (int i = 0; i < 500; ++i) common += "é";
  const auto found = differences({{"p", common + "left"}}, {{"p", common + "right" + common}});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_NE(found[0].left.find("left"), std::string::npos);
  EXPECT_NE(found[0].right.find("right"), std::string::npos);
  for (const std::string& shown : {found[0].left, found[0].right}) {
    EXPECT_TRUE(is_utf8(shown));
    EXPECT_LT(shown.size(), 140u);
    EXPECT_EQ(shown.substr(0, 3), "…");
  }
}

}  // namespace
}  // namespace sightline
