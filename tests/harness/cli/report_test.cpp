#include <algorithm>

#include "tests/harness/cli/cli_test.h"

// Tables of runs in every format, and what the program loads and shows while it works.

namespace sightline::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class Report : public CliTest {};

TEST_F(Report, OfOneAndOfSeveralRunsInEveryFormat) {
  run("baseline", kAllTasks, "first");
  run("null", "vqav2_val,docci_test", "second", {"--model_args", "answer=yes"});
  const std::string first = folder("first").string(), second = folder("second").string();
  const std::pair<const char*, const char*> formats[] = {{"table", "------"},
                                                         {"markdown", "| :-- |"},
                                                         {"csv", "vqa_accuracy,"},
                                                         {"latex", "\\begin{tabular}"},
                                                         {"json", "\"sightline\": {"}};
  for (const auto& [format, sign] : formats) {
    SCOPED_TRACE(format);
    const std::string one = must({"report", first, "--format", format}).out;
    EXPECT_THAT(one, AllOf(HasSubstr("vqa"), HasSubstr("docci")));
    const ProgramEnd both = must({"report", first, second, "--format", format});
    EXPECT_THAT(both.out, AllOf(HasSubstr("baseline"), HasSubstr("null")));
    EXPECT_GT(both.out.size(), one.size());
    EXPECT_EQ(both.err, "");
    EXPECT_THAT(both.out, HasSubstr(sign));
  }
  EXPECT_EQ(Json::parse(must({"report", first, second, "--json"}).out).size(), 2U);
}

TEST_F(Report, OfAFinishedRunIsWhatTheRunPrinted) {
  const ProgramEnd end = run("baseline", "vqav2_val,refcoco_val", "out");
  EXPECT_EQ(must({"report", folder("out").string()}).out, end.out);
}

TEST_F(Report, RecomputesWhatTheJournalHasWithoutResultsJson) {
  run("baseline", "vqav2_val,refcoco_val", "out");
  const fs::path file = folder("out") / "results.json";
  const Json before = result_fields(folder("out"));
  fs::remove(file);
  const Json again = Json::parse(must({"report", folder("out").string(), "--json"}).out);
  EXPECT_EQ(result_fields(again.at(0)), before);
}

TEST_F(Report, MarksRunsOfDifferentProtocols) {
  run("baseline", "textvqa_val", "without");
  run("baseline", "textvqa_val", "other", {"--gen_kwargs", "max_new_tokens=99"});
  const std::string table =
      must({"report", folder("without").string(), folder("other").string()}).out;
  EXPECT_THAT(table, HasSubstr("max_new_tokens"));
}

/// The shared objects that a command loads.
class Loading : public CliTest {
 protected:
  static std::string loaded(const Words& arguments) {
    return must(arguments, {.environment = {"LD_DEBUG=files"}}).err;
  }
};

TEST_F(Loading, NoImageLibraryForWhatDecodesNoImage) {
  run("baseline", "vqav2_val", "out", {"--predict_only"});
  const std::string predictions = (folder("out") / "predictions_vqav2_val.json").string();
  const Words commands[] = {
      {"list", "tasks"},
      {"score", "--task", "vqav2_val", "--data_root", data().string(), "--predictions",
       predictions},
      {"run", "--model", "replay", "--model_args", "predictions=" + predictions, "--tasks",
       "vqav2_val", "--data_root", data().string(), "--output_path", folder("replay").string()}};
  for (const Words& words : commands) {
    SCOPED_TRACE(words.front());
    const std::string objects = loaded(words);
    EXPECT_THAT(objects, HasSubstr("libsqlite3"));
    EXPECT_THAT(objects, AllOf(Not(HasSubstr("libopencv")), Not(HasSubstr("libtorch"))));
    const std::string sign = "calling init: ";
    std::size_t count = 0;
    for (std::size_t at = objects.find(sign); at != std::string::npos;
         at = objects.find(sign, at + 1)) {
      ++count;
    }
    EXPECT_GT(count, 5U);
    EXPECT_LT(count, 30U);
  }
}

TEST_F(Loading, OpenCvComesWithTheBaselineThatFindsContours) {
  EXPECT_THAT(loaded({"run", "--model", "baseline", "--model_args", "kind=contours", "--tasks",
                      "coco_det_val2017", "--data_root", data().string(), "--output_path",
                      folder("out").string()}),
              HasSubstr("libopencv_imgproc"));
}

class ProgressLine : public CliTest {
 protected:
  Words slow_run(const Words& more = {}) const {
    Words words =
        run_words("process", "vqav2_val", "out", {"--model_args", slow_model("--delay 0.01")});
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
};

TEST_F(ProgressLine, IsRewrittenInPlaceOnATerminal) {
  SIGHTLINE_NEED_PYTHON();
  const std::string shown = must(slow_run(), {.terminal = true}).err;
  EXPECT_GE(std::count(shown.begin(), shown.end(), '\r'), 3);
  EXPECT_THAT(shown, AllOf(HasSubstr("\r\033[K"), HasSubstr("vqav2_val: 60/60 samples"),
                           HasSubstr("/s"), HasSubstr("left"), HasSubstr("score so far")));
  EXPECT_EQ(std::count(shown.begin(), shown.end(), '\n'), 1);
}

TEST_F(ProgressLine, IsPlainElsewhereOrWhenAskedFor) {
  SIGHTLINE_NEED_PYTHON();
  const std::string file = must(slow_run()).err;
  EXPECT_THAT(file, AllOf(HasSubstr("vqav2_val: 60/60 samples"), Not(HasSubstr("\r")),
                          Not(HasSubstr("\033"))));
  const std::string plain =
      must(slow_run({"--progress", "plain", "--fresh"}), {.terminal = true}).err;
  EXPECT_THAT(plain, AllOf(HasSubstr("vqav2_val: 60/60 samples"), Not(HasSubstr("\033"))));
}

TEST_F(ProgressLine, IsSilentOnRequest) {
  SIGHTLINE_NEED_PYTHON();
  EXPECT_EQ(must(slow_run({"--progress", "none"}), {.terminal = true}).err, "");
}

}  // namespace
}  // namespace sightline::testing
