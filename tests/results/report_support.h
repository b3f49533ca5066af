#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

#include "harness/base/file.h"
#include "results/run_results.h"
#include "tests/support/paths.h"

namespace sightline::testing {

/// A visual question answering task of a run that went well.
inline TaskResult vqa_task() {
  return {.name = "textvqa_val[ocr=on]",
          .version = "1",
          .rules = "textvqa/mmf",
          .protocol = R"({"decoding":{"max_new_tokens":16},"ocr":"on","prompt":"answer en {q}"})",
          .metrics =
              {{.key = "textvqa_accuracy", .value = 0.58229, .standard_error = 0.0031, .n = 5000}},
          .breakdowns = {{"answer_type",
                          {{"number", {.n = 600, .values = {{"textvqa_accuracy", 0.41}}}},
                           {"other", {.n = 3400, .values = {{"textvqa_accuracy", 0.5}}}},
                           {"yes/no", {.n = 1000, .values = {{"textvqa_accuracy", 1.0}}}}}}},
          .samples = 5000,
          .samples_in_dataset = 5000,
          .outcomes = {{"ok", 5000}},
          .bounds = {}};
}

/// A reconstruction task: units of many kinds, an infinite value, undefined ones.
inline TaskResult reconstruction_task() {
  TaskResult task;
  task.name = "imagenet_recon_val";
  task.version = "2";
  task.rules = "fid/tf";
  task.protocol = R"({"resize":256})";
  task.metrics = {
      {.key = "rfid",
       .n = 50000,
       .unit = "FID",
       .higher_is_better = false,
       .note = "not computed: needs the Inception-v3 weights"},
      {.key = "psnr", .value = std::numeric_limits<double>::infinity(), .n = 50000, .unit = "dB"},
      {.key = "ssim", .value = 0.61237, .standard_error = 0.0004, .n = 50000},
      {.key = "bpp",
       .value = 0.0703125,
       .standard_error = 0.00012,
       .n = 50000,
       .unit = "bits per pixel",
       .higher_is_better = false},
      {.key = "chars", .value = 484.125, .n = 50000, .unit = "characters"}};
  task.samples = task.samples_in_dataset = 50000;
  task.outcomes = {{"ok", 50000}};
  return task;
}

inline RunResults good_run() {
  return {.model = "PaliGemma 2 3B",
          .tasks = {vqa_task(), reconstruction_task()},
          .config = R"({"limit":null,"model":"native","seed":0})",
          .manifest = R"({"date":1732135200.5,"machine":{"cpus":2},"version":"0.1.0"})",
          .finished = true};
}

/// The same tasks with another prompt, failed samples and an end before time.
inline RunResults bad_run() {
  RunResults run = good_run();
  run.model = "LLaVA-OneVision";
  run.finished = false;
  TaskResult& vqa = run.tasks[0];
  vqa.protocol = R"({"decoding":{"max_new_tokens":16},"ocr":"off","prompt":"{q}\nAnswer:"})";
  vqa.rules = "vqa/official";
  vqa.metrics[0].value = 0.219;
  vqa.metrics[0].standard_error = 0.005;
  vqa.outcomes = {{"ok", 1190}, {"oom", 1}, {"timeout", 9}};
  vqa.bounds = {{"textvqa_accuracy", {.failures_wrong = 0.219, .failures_left_out = 0.2208}}};
  vqa.breakdowns["answer_type"]["yes/no"].n = 200;
  TaskResult& images = run.tasks[1];
  images.metrics[0].value = 1.2345;
  images.metrics[0].note = "";
  images.metrics[1].value = 21.305;
  images.outcomes = {{"ok", 49000}, {"bad_input", 1000}};
  images.bounds = {{"ssim", {.failures_wrong = {}, .failures_left_out = 0.6249}}};
  return run;
}

/// Names that would break a table if they were not escaped.
inline RunResults hostile_run() {
  RunResults run;
  run.model =
      "a|b\\c `x` *y* <script> & 100% $m$ #_~^{}\x1b[31m\xff\"q\",\r\n\xe2\x80\xae"
      "end";
  TaskResult task;
  task.name = "[t]|*_x_*\n# title";
  task.version = "1.0";
  task.rules = "- rule";
  task.protocol = R"({"p|":"\\end{table}"})";
  task.metrics = {{.key = "*acc|@0.5", .value = 0.5, .n = 1},
                  {.key = "[k]", .n = 1, .unit = "%_\\", .note = "1. & <b>"}};
  task.samples = task.samples_in_dataset = 1;
  task.outcomes = {{"ok", 0}, {"crashed | %", 1}};
  run.tasks = {task};
  return run;
}

/// Compares with tests/data/reports/NAME; SIGHTLINE_UPDATE_GOLDENS=1 rewrites it instead.
inline void expect_golden(const std::string& name, const std::string& text) {
  const std::filesystem::path file = data_path("reports/" + name);
  if (std::getenv("SIGHTLINE_UPDATE_GOLDENS") != nullptr) write_file_atomically(file, text);
  EXPECT_EQ(text, read_file(file)) << file;
}

}  // namespace sightline::testing
