#include "results/history/trend.h"

#include <gmock/gmock.h>

#include <limits>

#include "tests/results/history/history_support.h"
#include "tests/support/errors.h"

namespace sightline {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::error_of;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr const char* kMeaning = R"({"max_new_tokens":"16"})";
constexpr const char* kOther = R"({"max_new_tokens":"32"})";

HistoryPoint point(int day, double value, const char* meaning = kMeaning) {
  HistoryPoint made;
  made.run = day;
  made.date = 86400.0 * day;
  made.label = "day " + std::to_string(day);
  made.commit = "c" + std::to_string(day);
  made.model = "native";
  made.task = "vqav2_val";
  made.metric = "vqa_accuracy";
  made.unit = "fraction";
  made.meaning = meaning;
  made.value = value;
  made.standard_error = 0.01;
  made.n = 400;
  return made;
}

GateRule rule(double max_drop, std::optional<double> floor = {}) {
  GateRule made;
  made.key = "vqav2_val/vqa_accuracy";
  made.max_drop = max_drop;
  made.floor = floor;
  return made;
}

/// Five days: one of another protocol, the last 3 points below the first.
std::vector<HistoryPoint> five_days() {
  return {point(1, 0.60), point(2, 0.61), point(3, 0.80, kOther), point(4, 0.595), point(5, 0.57)};
}

Trend only(const std::vector<Trend>& trends) {
  EXPECT_THAT(trends, SizeIs(1));
  return trends.at(0);
}

std::vector<bool> outside(const Trend& trend) {
  std::vector<bool> all;
  for (const TrendEntry& entry : trend.entries) all.push_back(entry.outside);
  return all;
}

TEST(Trend, ChangesAreSinceTheEntryBeforeOfTheSameProtocol) {
  const Trend trend = only(make_trends(five_days(), {}));
  ASSERT_THAT(trend.entries, SizeIs(5));
  EXPECT_EQ(trend.entries[0].change, std::nullopt);
  EXPECT_NEAR(trend.entries[1].change.value(), 0.01, 1e-15);
  EXPECT_EQ(trend.entries[2].change, std::nullopt);
  EXPECT_NEAR(trend.entries[3].change.value(), -0.015, 1e-15);
  EXPECT_NEAR(trend.entries[4].change.value(), -0.025, 1e-15);
  EXPECT_EQ(trend.entries[2].differs, "max_new_tokens is \"32\", not \"16\"");
  EXPECT_THAT(trend.entries[3].differs, IsEmpty());
  EXPECT_TRUE(trend.entries[0].is_baseline);
}

struct Band {
  const char* name;
  GateRule rule;
  std::string baseline;
  double limit;
  std::vector<bool> outside;
};

TEST(Trend, MarksWhatIsOutsideTheGatesBand) {
  const double infinity = std::numeric_limits<double>::infinity();
  const Band bands[] = {
      {"below_the_first", rule(0.02), "", 0.58, {false, false, false, false, true}},
      {"below_a_label", rule(0.012), "day 2", 0.598, {false, false, false, true, true}},
      {"floor_above_the_drop", rule(0.5, 0.599), "", 0.599, {false, false, false, true, true}},
      {"floor_alone", rule(infinity, 0.5), "", 0.5, {false, false, false, false, false}},
      {"no_drop", rule(0), "", 0.60, {false, false, false, true, true}}};
  for (const Band& band : bands) {
    SCOPED_TRACE(band.name);
    const Trend trend =
        only(make_trends(five_days(), {.baseline = band.baseline, .gate = {band.rule}}));
    EXPECT_NEAR(trend.limit.value(), band.limit, 1e-15);
    EXPECT_EQ(outside(trend), band.outside);
  }
}

TEST(Trend, TurnsTheBandRoundWhereLessIsBetter) {
  std::vector<HistoryPoint> points = five_days();
  for (HistoryPoint& one : points) one.higher_is_better = false;
  const Trend trend = only(make_trends(points, {.gate = {rule(0.005)}}));
  EXPECT_NEAR(trend.limit.value(), 0.605, 1e-15);
  EXPECT_EQ(outside(trend), (std::vector<bool>{false, true, false, false, false}));
}

TEST(Trend, OfTheLastEntriesKeepsTheBandOfTheFirst) {
  const Trend trend = only(make_trends(five_days(), {.gate = {rule(0.02)}, .last = 2}));
  ASSERT_THAT(trend.entries, SizeIs(2));
  EXPECT_EQ(trend.entries[0].point.label, "day 4");
  EXPECT_NEAR(trend.entries[0].change.value(), -0.015, 1e-15);
  EXPECT_EQ(outside(trend), (std::vector<bool>{false, true}));
}

TEST(Trend, IsOneForEachMetricAndTask) {
  std::vector<HistoryPoint> points = {point(1, 0.5), point(2, 0.6)};
  points.push_back(point(1, 3.5));
  points.back().metric = "rfid";
  points.push_back(point(1, 0.7));
  points.back().task = "textvqa_val[ocr=on]";
  EXPECT_THAT(make_trends(points, {}), SizeIs(3));
  EXPECT_THAT(make_trends(points, {.metric = "rfid"}), SizeIs(1));
  EXPECT_THAT(make_trends(points, {.task = "textvqa_val"}), SizeIs(1));
  EXPECT_THAT(make_trends(points, {.task = "vqav2_val"}), SizeIs(2));
}

TEST(Trend, NamesTheNearestOfWhatIsNotThere) {
  const std::pair<TrendSettings, const char*> cases[] = {
      {{.task = "vqav2_vall"}, "no task 'vqav2_vall'; did you mean 'vqav2_val'?"},
      {{.metric = "vqa_acuracy"}, "did you mean 'vqa_accuracy'?"},
      {{.baseline = "day 11"}, "no label 'day 11'; did you mean 'day 1'?"}};
  for (const auto& [settings, words] : cases) {
    EXPECT_THAT(error_of([&, &s = settings] { make_trends(five_days(), s); }), HasSubstr(words));
  }
  GateRule other = rule(0.1);
  other.key = "vqav2_val/accuracy";
  EXPECT_THAT(error_of([&] { make_trends(five_days(), {.gate = {other}}); }),
              HasSubstr("no metric for the gate's rule 'vqav2_val/accuracy'"));
}

TEST(Sparkline, HasABlockForEachComparableEntry) {
  // 0.60, 0.61, 0.595 and 0.57 of [0.57, 0.61] are 5.25, 7, 4.375 and 0 of 7.
  EXPECT_EQ(sparkline(only(make_trends(five_days(), {}))), "▆█·▅▁");
  EXPECT_EQ(sparkline(only(make_trends({point(1, 0.5), point(2, 0.5)}, {}))), "▄▄");
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(sparkline(only(make_trends({point(1, infinity), point(2, 0.5)}, {}))), "·▄");
}

TEST(Trends, AreShownAsTablesAndAsJson) {
  const std::vector<Trend> trends = make_trends(five_days(), {.gate = {rule(0.02)}});
  EXPECT_EQ(render_trends(trends), R"(vqav2_val/vqa_accuracy
higher is better

date (UTC)        label  commit   model         value %  change
----------------  -----  ------  ------  --------------  ------  ----------------
1970-01-02 00:00  day 1      c1  native  60.00 ± 1.00                    baseline
1970-01-03 00:00  day 2      c2  native  61.00 ± 1.00     +1.00
1970-01-04 00:00  day 3      c3  native  80.00 ± 1.00 †
1970-01-05 00:00  day 4      c4  native  59.50 ± 1.00     -1.50
1970-01-06 00:00  day 5      c5  native  57.00 ± 1.00     -2.50  outside the band

trend  ▆█·▅▁
           ^
band   not below 58.00 %: max_drop 2.00 % from the baseline of 60.00
† not comparable with the baseline: max_new_tokens is "32", not "16"
)");
  const nlohmann::json document = to_json(trends);
  EXPECT_EQ(document[0]["band"]["max_drop"], 0.02);
  EXPECT_EQ(document[0]["entries"][2]["comparable"], false);
  EXPECT_EQ(document[0]["entries"][4]["outside"], true);
  EXPECT_EQ(document[0]["entries"][0]["change"], nullptr);
  EXPECT_EQ(document[0]["entries"][0]["date"], "1970-01-02T00:00:00Z");
}

TEST(Trends, ShowHostileLabelsAsText) {
  std::vector<HistoryPoint> points = five_days();
  points[1].label = "\x1b[31m\nred\xff";
  EXPECT_THAT(render_trends(make_trends(points, {})), Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace sightline
