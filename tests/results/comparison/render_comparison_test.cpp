#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>

#include "harness/base/text.h"
#include "results/comparison/comparison_text.h"
#include "results/comparison/markdown_text.h"
#include "tests/results/comparison/render_support.h"
#include "tests/results/report_support.h"

namespace sightline {
namespace {

using nlohmann::json;
using testing::comparison_of;
using testing::expect_golden;
using testing::fallen_accuracy;
using testing::fallen_run;
using ::testing::HasSubstr;
using testing::hostile_comparison;
using testing::kHostile;
using ::testing::Not;
using testing::other_protocol;
using testing::unknown_distance;

TEST(RenderComparison, GivesTheReviewedTexts) {
  expect_golden("comparison.txt", render_comparison_table(fallen_run()));
  expect_golden("comparison.md", render_comparison_markdown(fallen_run()));
  expect_golden("not_comparable.txt", render_comparison_table(other_protocol()));
  expect_golden("not_comparable.md", render_comparison_markdown(other_protocol()));
}

// ---------------------------------------------------------------- JSON

TEST(ComparisonJson, HasTheFieldsThatUsersRelyOn) {
  const json document = to_json(fallen_run());
  EXPECT_EQ(document["comparable"], true);
  EXPECT_EQ(document["verdict"], "worse");
  const json& metric = document["metrics"]["textvqa_val[ocr=on]/textvqa_accuracy"];
  EXPECT_EQ(metric["base"], 0.6504);
  EXPECT_EQ(metric["new"], 0.6226);
  EXPECT_EQ(metric["difference"], -0.0278);
  EXPECT_EQ(metric["stderr"], 0.0076);
  // t(0.975) of 59 degrees of freedom, from tables: 2.000995.
  EXPECT_NEAR(metric["ci95"][0], -0.0278 - 2.000995 * 0.0076, 1e-8);
  EXPECT_NEAR(metric["ci95"][1], -0.0278 + 2.000995 * 0.0076, 1e-8);
  const std::map<std::string, json> want = {{"n", 240},
                                            {"clusters", 60},
                                            {"won", 5},
                                            {"lost", 28},
                                            {"tied", 207},
                                            {"verdict", "worse"},
                                            {"p_value", 0.0005},
                                            {"p_holm", 0.001},
                                            {"mcnemar_p", 0.00006},
                                            {"unit", "fraction"},
                                            {"higher_is_better", true}};
  for (const auto& [field, value] : want) EXPECT_EQ(metric[field], value) << field;
}

TEST(ComparisonJson, WhatIsNotKnownIsNull) {
  const json document = to_json(fallen_run());
  const json& fid = document["metrics"]["imagenet_recon_val/rfid"];
  EXPECT_EQ(fid["difference"], -0.125);
  for (const char* field :
       {"stderr", "ci95", "won", "lost", "tied", "p_value", "p_holm", "mcnemar_p"}) {
    EXPECT_TRUE(fid.at(field).is_null()) << field;
  }
  const json& psnr = document["metrics"]["imagenet_recon_val/psnr"];
  for (const char* field : {"new", "difference", "stderr", "ci95"}) {
    EXPECT_TRUE(psnr.at(field).is_null()) << field;
  }
  EXPECT_EQ(psnr["note"], "no value in the new run");
  Comparison infinite = fallen_run();
  infinite.tasks[0].metrics[0].base = std::numeric_limits<double>::infinity();
  EXPECT_EQ(to_json(infinite)["metrics"]["textvqa_val[ocr=on]/textvqa_accuracy"]["base"], "inf");
}

TEST(ComparisonJson, HoldsFlipsDifferencesAndNotes) {
  const json document = to_json(fallen_run());
  const json& flips = document["flips"]["textvqa_val[ocr=on]"];
  EXPECT_EQ(flips["metric"], "textvqa_accuracy");
  EXPECT_EQ(flips["total"], 33);
  EXPECT_EQ(flips["samples"][0]["new_answer"], "");
  EXPECT_EQ(flips["samples"][0]["base_answer"], "Dakota");
  EXPECT_FALSE(document["flips"].contains("imagenet_recon_val"));
  EXPECT_EQ(document["same_answers"]["imagenet_recon_val"], true);
  EXPECT_EQ(document["differences"][0], json({{"task", "textvqa_val[ocr=on]"},
                                              {"field", "protocol.max_new_tokens"},
                                              {"base", "16"},
                                              {"new", "32"},
                                              {"allowed", true}}));
  EXPECT_EQ(document["notes"], json({"base: a note"}));
  EXPECT_EQ(document["new"]["folder"], "out/int8");
}

TEST(ComparisonJson, IsThereWhereNothingIsComparable) {
  const json document = to_json(other_protocol());
  EXPECT_EQ(document["comparable"], false);
  EXPECT_EQ(document["metrics"], json::object());
  EXPECT_EQ(document["differences"].size(), 3u);
}

TEST(ComparisonJson, HostileTextComesBackWithItsBrokenBytesReplaced) {
  const json document = json::parse(to_json(hostile_comparison()).dump());
  const std::string note = document["notes"][0];
  EXPECT_THAT(note, HasSubstr("<script>alert(1)</script>"));
  EXPECT_TRUE(is_utf8(note));
}

// ---------------------------------------------------------------- hostile text

TEST(RenderComparison, TablesOfHostileTextMoveNoCursorAndAddNoLine) {
  const std::string good = render_comparison_table(comparison_of("x"));
  const std::string text = render_comparison_table(hostile_comparison());
  EXPECT_TRUE(is_utf8(text));
  for (const char* bad : {"\x1b", "\r", "\xe2\x80\xae", "\n# head", "\n- item"}) {
    EXPECT_THAT(text, Not(HasSubstr(bad)));
  }
  EXPECT_EQ(std::ranges::count(text, '\n'), std::ranges::count(good, '\n'));
}

TEST(RenderComparison, MarkdownOfHostileTextIsText) {
  const std::string text = render_comparison_markdown(hostile_comparison());
  EXPECT_TRUE(is_utf8(text));
  for (const char* bad : {"<script", "@everyone", "\n# head", "\n- item", "```", "http://", "www.",
                          "<!--", "](u)", "*s*", "\x1b", "\r", "\xe2\x80\xae", "~~d", "#1 "}) {
    EXPECT_THAT(text, Not(HasSubstr(bad))) << bad;
  }
  // Only our own tags.
  const std::regex tag("<[^>]*>");
  for (std::sregex_iterator it(text.begin(), text.end(), tag), end; it != end; ++it) {
    EXPECT_THAT(it->str(), ::testing::AnyOf("<code>", "</code>", "<details>", "</details>",
                                            "<summary>", "</summary>", "<br>"));
  }
}

TEST(RenderComparison, MarkdownOfHostileTextHasTheStructureOfAnyOther) {
  const auto structure = [](const std::string& text) {
    std::string kinds;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      const bool row = line.starts_with("|");
      kinds += row                             ? '|' + std::to_string(std::ranges::count(line, '|'))
               : line.starts_with("- ")        ? "-"
               : line.starts_with("<details>") ? "d"
               : line.starts_with("</details>") ? "e"
               : line.empty()                   ? "."
                                                : "t";
    }
    return kinds;
  };
  EXPECT_EQ(structure(render_comparison_markdown(hostile_comparison())),
            structure(render_comparison_markdown(comparison_of("x"))));
}

TEST(RenderComparison, MarkdownFitsIntoOneComment) {
  Comparison comparison = hostile_comparison();
  const Flip flip = comparison.tasks[0].flips[0];
  comparison.tasks[0].flips.assign(500, flip);
  comparison.tasks[0].all_flips = 700;
  const std::string text = render_comparison_markdown(comparison);
  EXPECT_LT(text.size(), 65'536u);
  EXPECT_THAT(text, HasSubstr(" more are not listed here."));
}

// ---------------------------------------------------------------- texts

TEST(MarkdownText, EveryCharacterOfStructureIsAReference) {
  EXPECT_EQ(markdown_code("a cat, 2 dogs."), "<code>a cat, 2 dogs.</code>");
  EXPECT_EQ(markdown_code("a|b"), "<code>a&#124;b</code>");
  EXPECT_EQ(markdown_code("`<&>`"), "<code>&#96;&#60;&#38;&#62;&#96;</code>");
  EXPECT_EQ(markdown_code("@me"), "<code>&#64;me</code>");
  EXPECT_EQ(markdown_code("www.x"), "<code>&#119;ww.x</code>");
  EXPECT_EQ(markdown_code("http://x 5:41"), "<code>http&#58;//x 5:41</code>");
  EXPECT_EQ(markdown_code("a_b _c_"), "<code>a_b &#95;c&#95;</code>");
  EXPECT_EQ(markdown_code("a\nb\tc"), "<code>a b c</code>");
  EXPECT_EQ(markdown_code(""), "*(empty)*");
  EXPECT_EQ(markdown_words("@me"), "&#64;\xE2\x81\xA0me");
}

TEST(MarkdownText, LinesAreCutAtCodePoints) {
  EXPECT_EQ(shortened_line("日本語", 3), "日本語");
  EXPECT_EQ(shortened_line("日本語", 2), "日本…");
  EXPECT_EQ(shortened_line("a\nb", 9), "a b");
  EXPECT_EQ(shortened_line("", 2), "");
  EXPECT_TRUE(is_utf8(shortened_line(kHostile, 5)));
}

TEST(ComparisonText, NumbersAreShownAsTheirUnitsAre) {
  EXPECT_EQ(difference_cell(fallen_accuracy()).number, "-2.78");
  EXPECT_EQ(difference_cell(fallen_accuracy()).tail, " [-4.30, -1.26]");
  EXPECT_EQ(difference_cell(unknown_distance()).number, "-0.1250");
  EXPECT_EQ(difference_cell(unknown_distance()).tail, "");
  EXPECT_EQ(label_of(unknown_distance()), "rfid ↓");
  EXPECT_EQ(outcomes_text(fallen_accuracy()), "5 / 28 / 207");
  EXPECT_EQ(outcomes_text(unknown_distance()), "–");
  EXPECT_EQ(size_text(fallen_accuracy()), "240 samples, 60 images");
  EXPECT_EQ(size_text(unknown_distance()), "5000 samples");
  EXPECT_EQ(show_p(std::nullopt), "–");
  EXPECT_EQ(show_p(0.0), "<0.0001");
  EXPECT_EQ(show_p(0.0312), "0.0312");
  EXPECT_EQ(show_signed(0.0031, {.factor = 100, .decimals = 2, .unit = "%"}), "+0.31");
  EXPECT_EQ(show_signed(0, {}), "0.0000");
}

TEST(ComparisonText, AllowTakesTheFieldThatIsNamed) {
  const std::pair<const char*, const char*> cases[] = {
      {"protocol.max_new_tokens", "max_new_tokens"},
      {"protocol.decoding.max_new_tokens", "decoding.max_new_tokens"},
      {"samples", "samples"},
      {"data.file.json", "data.file.json"},
      {"task version", "'task version'"},
      {"it's; rm -rf /", "'it'\\''s; rm -rf /'"}};
  for (const auto& [path, want] : cases) {
    EXPECT_EQ(allow_argument({"t", {path, "1", "2"}, false}), want);
  }
}

}  // namespace
}  // namespace sightline
