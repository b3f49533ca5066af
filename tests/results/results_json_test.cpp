#include <gmock/gmock.h>

#include <bit>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "harness/base/error.h"
#include "tests/results/report_support.h"

namespace sightline {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using testing::bad_run;
using testing::good_run;
using ::testing::HasSubstr;
using testing::hostile_run;
using testing::TemporaryFolder;

RunResults round_trip(const RunResults& run) {
  const TemporaryFolder folder;
  std::ofstream(folder / "results.json") << to_json(run).dump(2);
  return read_results(folder / "results.json");
}

TEST(ResultsJson, HasTheFieldsThatToolsForLmEvaluationHarnessRead) {
  const json document = to_json(bad_run());
  const std::string task = "textvqa_val[ocr=on]";
  EXPECT_EQ(document["results"][task], json({{"alias", task},
                                             {"textvqa_accuracy,none", 0.219},
                                             {"textvqa_accuracy_stderr,none", 0.005}}));
  EXPECT_EQ(document["results"]["imagenet_recon_val"]["psnr_stderr,none"], "N/A");
  EXPECT_EQ(document["versions"][task], "1");
  EXPECT_EQ(document["n-shot"][task], 0);
  EXPECT_EQ(document["n-samples"][task], json({{"original", 5000}, {"effective", 5000}}));
  EXPECT_EQ(document["higher_is_better"]["imagenet_recon_val"]["rfid"], false);
  EXPECT_EQ(document["configs"][task]["protocol"]["ocr"], "off");
  EXPECT_EQ(document["config"]["model"], "native");
  EXPECT_EQ(document["date"], 1732135200.5);
  EXPECT_EQ(document["sightline"]["version"], "0.1.0");
}

TEST(ResultsJson, InfiniteAndUndefinedValuesAreSaid) {
  const json document = to_json(good_run());
  EXPECT_EQ(document["results"]["imagenet_recon_val"]["psnr,none"], "inf");
  EXPECT_TRUE(document["results"]["imagenet_recon_val"]["rfid,none"].is_null());
}

TEST(ResultsJson, IntervalsAreKeptAndOnlyThereWhereAskedFor) {
  RunResults run = good_run();
  EXPECT_EQ(to_json(run).dump().find("ci95"), std::string::npos);
  run.tasks[0].metrics[0].interval = Interval{0.25, 0.75};
  run.tasks[0].bootstrap_replicates = 1000;
  const RunResults read = round_trip(run);
  EXPECT_EQ(read.tasks[0].metrics[0].interval, (Interval{0.25, 0.75}));
  EXPECT_EQ(read.tasks[1].metrics.back().interval, std::nullopt);
  EXPECT_EQ(read.tasks[0].bootstrap_replicates, 1000);
  EXPECT_EQ(read.tasks[1].bootstrap_replicates, 0);
  const std::string table = render({run}, ReportFormat::kTable);
  EXPECT_THAT(table, HasSubstr("[25.00, 75.00]"));
}

TEST(ResultsJson, RulesOfAMetricAreKeptAndOnlyThereWhereItHasSome) {
  RunResults run = good_run();
  run.tasks[0].metrics[0].rules = "nes_judged/gemma@5/text-1";
  const RunResults read = round_trip(run);
  EXPECT_EQ(read.tasks[0].metrics[0].rules, "nes_judged/gemma@5/text-1");
  EXPECT_EQ(read.tasks[1].metrics[0].rules, "");
  const json tasks = to_json(run)["sightline"]["run"]["tasks"];
  EXPECT_FALSE(tasks[1]["metrics"][0].contains("rules"));
}

TEST(ResultsJson, NothingIsLostOnTheWayToAFileAndBack) {
  const RunResults run = bad_run();
  const RunResults read = round_trip(run);
  EXPECT_EQ(read.model, run.model);
  EXPECT_EQ(read.config, run.config);
  EXPECT_EQ(read.manifest, run.manifest);
  EXPECT_EQ(read.finished, run.finished);
  ASSERT_EQ(read.tasks.size(), run.tasks.size());
  for (std::size_t i = 0; i < run.tasks.size(); ++i) {
    const TaskResult& a = read.tasks[i];
    const TaskResult& b = run.tasks[i];
    EXPECT_EQ(a.name, b.name);
    EXPECT_EQ(a.version, b.version);
    EXPECT_EQ(a.rules, b.rules);
    EXPECT_EQ(a.protocol, b.protocol);
    EXPECT_EQ(a.samples, b.samples);
    EXPECT_EQ(a.samples_in_dataset, b.samples_in_dataset);
    EXPECT_EQ(a.outcomes, b.outcomes);
    ASSERT_EQ(a.metrics.size(), b.metrics.size());
    for (std::size_t m = 0; m < b.metrics.size(); ++m) {
      EXPECT_EQ(a.metrics[m].key, b.metrics[m].key);
      EXPECT_EQ(a.metrics[m].value, b.metrics[m].value);
      EXPECT_EQ(a.metrics[m].standard_error, b.metrics[m].standard_error);
      EXPECT_EQ(a.metrics[m].n, b.metrics[m].n);
      EXPECT_EQ(a.metrics[m].unit, b.metrics[m].unit);
      EXPECT_EQ(a.metrics[m].higher_is_better, b.metrics[m].higher_is_better);
      EXPECT_EQ(a.metrics[m].note, b.metrics[m].note);
    }
    ASSERT_EQ(a.bounds.size(), b.bounds.size());
    for (const auto& [key, bound] : b.bounds) {
      EXPECT_EQ(a.bounds.at(key).failures_wrong, bound.failures_wrong);
      EXPECT_EQ(a.bounds.at(key).failures_left_out, bound.failures_left_out);
    }
    ASSERT_EQ(a.breakdowns.size(), b.breakdowns.size());
    for (const auto& [name, groups] : b.breakdowns) {
      for (const auto& [group, numbers] : groups) {
        EXPECT_EQ(a.breakdowns.at(name).at(group).n, numbers.n);
        EXPECT_EQ(a.breakdowns.at(name).at(group).values, numbers.values);
      }
    }
  }
}

TEST(ResultsJson, EveryDoubleComesBackBitForBit) {
  std::mt19937_64 random(7);
  RunResults run = good_run();
  std::vector<MetricValue>& metrics = run.tasks[0].metrics;
  metrics.clear();
  for (int i = 0; i < 2000; ++i) {
    const double any = std::bit_cast<double>(random());
    const double fraction = static_cast<double>(random() >> 11) * 0x1p-53;
    const double value = i % 2 == 0 && !std::isnan(any) ? any : fraction;
    metrics.push_back({.key = "m" + std::to_string(i), .value = value});
  }
  metrics.push_back({.key = "minus_zero", .value = -0.0});
  metrics.push_back({.key = "minus_infinity", .value = -std::numeric_limits<double>::infinity()});
  metrics.push_back({.key = "least", .value = std::numeric_limits<double>::denorm_min()});
  const RunResults read = round_trip(run);
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    EXPECT_EQ(std::bit_cast<std::uint64_t>(*read.tasks[0].metrics[i].value),
              std::bit_cast<std::uint64_t>(*metrics[i].value));
  }
}

TEST(ResultsJson, RunsThatDifferInTimeAndMachineDifferOnlyInDateAndManifest) {
  RunResults run = good_run();
  json first = to_json(run);
  run.manifest = R"({"date":1.0,"machine":{"cpus":64},"version":"0.1.0"})";
  json second = to_json(run);
  EXPECT_NE(first, second);
  for (json* document : {&first, &second}) {
    document->erase("date");
    (*document)["sightline"] = {{kRunField, (*document)["sightline"][kRunField]}};
  }
  EXPECT_EQ(first.dump(), second.dump());
}

TEST(ResultsJson, NamesOfAnyBytesGiveADocumentThatCanBeWritten) {
  const RunResults read = round_trip(hostile_run());
  EXPECT_THAT(read.model, HasSubstr("\xEF\xBF\xBD\"q\""));
  EXPECT_EQ(read.tasks[0].name, hostile_run().tasks[0].name);
}

TEST(ResultsJson, AnEmptyRunComesBack) {
  const RunResults read = round_trip({});
  EXPECT_TRUE(read.tasks.empty());
  EXPECT_EQ(read.manifest, "{}");
  EXPECT_TRUE(read.finished);
}

template <typename Action>
std::string message_of(Action&& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.message();
  }
  return "no error";
}

TEST(ResultsJson, WhatCannotBeWrittenIsRefused) {
  RunResults run = good_run();
  run.tasks.push_back(run.tasks[0]);
  EXPECT_THAT(message_of([&] { to_json(run); }), HasSubstr("is there twice"));
  run = good_run();
  run.tasks[0].protocol = "[1]";
  EXPECT_THAT(message_of([&] { to_json(run); }),
              HasSubstr("the protocol of textvqa_val[ocr=on] is no JSON object"));
  run = good_run();
  run.manifest = R"({"run":1})";
  EXPECT_THAT(message_of([&] { to_json(run); }), HasSubstr("field 'run'"));
}

TEST(ResultsJson, BadFilesAreRefusedNamingFileAndField) {
  const json good = to_json(good_run());
  const auto without = [&](const char* pointer, const json& value) {
    json changed = good;
    changed[json::json_pointer(pointer)] = value;
    return changed.dump();
  };
  const std::string text = good.dump();
  const std::pair<std::string, const char*> cases[] = {
      {"", "is no JSON"},
      {text.substr(0, text.size() / 2), "is no JSON"},
      {"\xff" + text, "is no JSON"},
      {"[]", "field at the top is [], want an object"},
      {R"({"results":{}})", "field sightline is missing"},
      {without("/sightline", 1), "field sightline is 1, want an object"},
      {without("/sightline/run/tasks", json::object()), "sightline.run.tasks is {}, want an array"},
      {without("/sightline/run/tasks/0/samples", -1), "tasks[0].samples is -1, want a count"},
      {without("/sightline/run/tasks/0/samples", 1.5), "tasks[0].samples is 1.5, want a count"},
      {without("/sightline/run/tasks/0/samples", std::uint64_t{1} << 63), "want a count"},
      {without("/sightline/run/tasks/1/metrics/2", json::object()),
       "tasks[1].metrics[2].key is missing"},
      {without("/sightline/run/tasks/0/metrics/0/value", "high"),
       "metrics[0].value is \"high\", want a number"},
      {without("/sightline/run/finished", "yes"), "finished is \"yes\", want true or false"},
      {without("/config", nullptr), "config is null, want an object"},
  };
  const TemporaryFolder folder;
  for (const auto& [content, want] : cases) {
    SCOPED_TRACE(want);
    std::ofstream(folder / "results.json") << content;
    EXPECT_THAT(message_of([&] { read_results(folder / "results.json"); }),
                AllOf(HasSubstr((folder / "results.json").string()), HasSubstr(want)));
  }
  EXPECT_THAT(message_of([&] { read_results(folder / "absent.json"); }), HasSubstr("absent.json"));
}

}  // namespace
}  // namespace sightline
