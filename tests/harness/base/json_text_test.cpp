#include "harness/base/json_text.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "harness/base/rng.h"

namespace sightline {
namespace {

std::string string_of(std::string_view text) {
  std::string json;
  append_json_string(json, text);
  return json;
}

std::string number_of(double value) {
  std::string json;
  append_json_number(json, value);
  return json;
}

TEST(JsonString, EscapesWhatMustBeAndNothingElse) {
  const std::pair<std::string, const char*> cases[] = {
      {"", R"("")"},
      {"plain / text", R"("plain / text")"},
      {"\"quoted\"", R"("\"quoted\"")"},
      {"back\\slash", R"("back\\slash")"},
      {"a\nb\tc\rd", R"("a\nb\tc\rd")"},
      {std::string("\0\x01\x1f\x7f", 4), "\"\\u0000\\u0001\\u001f\x7f\""},
      {"caf\xC3\xA9 \xF0\x9F\x98\x80", "\"caf\xC3\xA9 \xF0\x9F\x98\x80\""},
  };
  for (const auto& [text, want] : cases) EXPECT_EQ(string_of(text), want);
}

TEST(JsonString, ReplacesBytesThatAreNotUtf8) {
  const std::string mark = "\xEF\xBF\xBD";
  const std::pair<std::string, std::string> cases[] = {
      {"a\xFFz", "a" + mark + "z"},
      {"\xC3", mark},
      {"\xC3(", mark + "("},
      {"\xE2\x82", mark + mark},
      {"\xE2\x82\xAC\xE2", "\xE2\x82\xAC" + mark},
      {"\xED\xA0\x80", mark + mark + mark},
      {"\xC0\xAF\"", mark + mark + "\\\""},
  };
  for (const auto& [text, want] : cases) EXPECT_EQ(string_of(text), '"' + want + '"');
}

TEST(JsonString, ReadsBackAsItWas) {
  Rng rng(1);
  for (int round = 0; round < 500; ++round) {
    std::string text;
    for (std::uint64_t i = rng.next() % 40; i > 0; --i) {
      text += static_cast<char>(rng.next() % 0x80);
      if (rng.next() % 4 == 0) text += "\xC3\xA9";
    }
    EXPECT_EQ(nlohmann::json::parse(string_of(text)).get<std::string>(), text);
  }
}

TEST(JsonString, OfArbitraryBytesIsAlwaysJson) {
  Rng rng(2);
  for (int round = 0; round < 500; ++round) {
    std::string bytes;
    for (std::uint64_t i = rng.next() % 20; i > 0; --i) bytes += static_cast<char>(rng.next());
    EXPECT_TRUE(nlohmann::json::accept(string_of(bytes)));
  }
}

TEST(JsonNumber, ReadsBackBitForBit) {
  Rng rng(3);
  std::vector<double> values = {0.0,
                                -0.0,
                                1.0,
                                0.1,
                                1.0 / 3,
                                1e300,
                                5e-324,
                                -2.5,
                                1e16,
                                1e17,
                                123456789.0,
                                std::nextafter(1.0, 2.0),
                                std::numeric_limits<double>::max(),
                                std::numeric_limits<double>::min()};
  while (values.size() < 2000) {
    const double value = std::bit_cast<double>(rng.next());
    if (std::isfinite(value)) values.push_back(value);
  }
  for (const double value : values) {
    const auto read = nlohmann::json::parse(number_of(value)).get<double>();
    EXPECT_EQ(std::bit_cast<std::uint64_t>(read), std::bit_cast<std::uint64_t>(value)) << value;
  }
}

TEST(JsonNumber, WhatIsNoNumberHasAName) {
  EXPECT_EQ(number_of(std::numeric_limits<double>::infinity()), "\"inf\"");
  EXPECT_EQ(number_of(-std::numeric_limits<double>::infinity()), "\"-inf\"");
  EXPECT_EQ(number_of(std::numeric_limits<double>::quiet_NaN()), "null");
}

TEST(JsonText, IsAppended) {
  std::string json = "[";
  append_json_string(json, "a");
  json += ",";
  append_json_number(json, 0.5);
  EXPECT_EQ(json, "[\"a\",0.5");
}

}  // namespace
}  // namespace sightline
