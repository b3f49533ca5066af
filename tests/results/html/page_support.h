#pragma once

#include <string>
#include <vector>

#include "harness/media/encode.h"
#include "results/html/html_report.h"
#include "tests/results/report_support.h"

namespace sightline::testing {

/// What people and models could write to break a page; each would show in the page's tree.
inline const std::vector<std::string>& hostile_texts() {
  static const std::vector<std::string> texts = {
      "<script>document.title='taken'</script>",
      "</style><script>document.title='taken'</script>",
      "<img src=x onerror=\"document.title='taken'\">",
      "\" onerror=\"document.title='taken'\" x=\"",
      "' onmouseover='document.title=1' '",
      "]]> --> <!-- <![CDATA[",
      "</blockquote></article></main><iframe src='https://example.org/'></iframe>",
      "&lt;b&gt; &#60;i&#62; &amp;amp;",
      "\xe2\x80\xaegnp.exe",
      std::string("nul\0nul", 7),
      "\x1b[31m\xff\xfe broken \xc3",
      "javascript:alert(1)",
      "{{7*7}} ${7*7} <svg/onload=alert(1)>"};
  return texts;
}

/// A picture of one colour.
inline PagePicture plain_picture(int width, int height) {
  Image image = black_image(width, height);
  for (std::size_t i = 0; i < image.pixels.size(); i += 3) image.pixels[i] = 200;
  return {
      .jpeg = encode_jpeg(image, 75), .size = {width, height}, .frame = {2 * width, 2 * height}};
}

inline PageSample plain_sample() {
  return {.id = "262148000",
          .question = "What is on the table?",
          .picture = 0,
          .picture_name = "000000262148.jpg",
          .picture_note = "",
          .frame = {640, 480},
          .references = {"a cup", "a cup", "mug"},
          .truths = {{{10, 10, 100, 50}, "cup", {}}},
          .answers = {{.run = 0,
                       .text = "a cup",
                       .boxes = {{{12, 11, 90, 60}, "cup", 0.93}},
                       .all_boxes = 30,
                       .scores = {{"textvqa_accuracy", 1.0}}},
                      {.run = 1,
                       .text = "",
                       .boxes = {},
                       .outcome = "timeout",
                       .error = "no answer within 300 s",
                       .scores = {{"textvqa_accuracy", 0.0}}}},
          .tag = "lost -1.00",
          .tag_run = 1,
          .is_loss = true};
}

inline SampleGallery plain_gallery() {
  return {.task = "textvqa_val[ocr=on]",
          .pictures = {plain_picture(320, 240)},
          .groups = {{"Flipped", "the greatest losses first", {plain_sample()}},
                     {"Failed", "none", {}},
                     {"Worst", "lowest first", {plain_sample()}}},
          .notes = {}};
}

/// The second run against the first in the VQA task: 0.25 with a standard error of 0.05.
inline Comparison plain_comparison() {
  MetricComparison accuracy{.task = "textvqa_val[ocr=on]",
                            .metric = "textvqa_accuracy",
                            .unit = "fraction",
                            .base = 0.5,
                            .next = 0.75,
                            .estimate = DifferenceEstimate{.value = 0.25, .standard_error = 0.05},
                            .samples = 100,
                            .clusters = 100,
                            .has_samples = true,
                            .won = 30,
                            .lost = 5,
                            .tied = 65,
                            .p_value = 0.0001,
                            .p_adjusted = 0.0002,
                            .method = "paired",
                            .note = "",
                            .verdict = "better"};
  Comparison comparison;
  comparison.tasks = {{.task = "textvqa_val[ocr=on]", .metrics = {accuracy}, .flip_metric = ""}};
  comparison.notes = {"3 samples of the base failed"};
  return comparison;
}

/// Two runs, one comparison, samples.
inline HtmlReport plain_report() {
  RunResults second = good_run();
  second.model = "LLaVA-OneVision";
  HtmlReport report;
  report.runs = {good_run(), second};
  report.comparisons = {{1, plain_comparison()}};
  report.galleries = {plain_gallery()};
  return report;
}

/// Every text of the report is hostile.
inline HtmlReport hostile_report() {
  HtmlReport report;
  report.runs = {hostile_run(), hostile_run()};
  report.runs[0].tasks[0].breakdowns["<b>by</b>"] = {
      {"<i>\"a\"", {.n = 1, .values = {{"k'>", 0.5}}}},
      {"</div>", {.n = 1, .values = {{"k'>", 1}}}}};
  report.runs[0].config =
      R"({"model":"<script>x</script>","model_args":{"\"><script>":"</style>"}})";
  Comparison comparison = plain_comparison();
  comparison.tasks[0].task = report.runs[0].tasks[0].name;
  comparison.tasks[0].metrics[0].metric = "<script>";
  comparison.tasks[0].metrics[0].unit = "\"><script>";
  comparison.tasks[0].metrics[0].note = "</svg><script>";
  comparison.tasks[0].metrics[0].verdict = "<script>";
  comparison.differences = {{report.runs[0].tasks[0].name, {"<p>", "<l>", "<r>"}, false}};
  comparison.notes = hostile_texts();
  report.comparisons = {{1, comparison}};
  report.notes = hostile_texts();
  SampleGallery gallery = plain_gallery();
  gallery.task = report.runs[0].tasks[0].name;
  gallery.notes = hostile_texts();
  for (const std::string& text : hostile_texts()) {
    PageSample sample = plain_sample();
    sample.id = sample.question = sample.picture_name = sample.picture_note = text;
    sample.references = {text, text, "x"};
    sample.truths[0].label = text;
    for (PageAnswer& answer : sample.answers) {
      answer.text = answer.outcome = answer.error = text;
      answer.scores = {{text, 0.5}};
    }
    sample.answers[0].boxes[0].label = text;
    sample.tag = text;
    gallery.groups[0].samples.push_back(sample);
  }
  gallery.groups[0].title = gallery.groups[0].note = hostile_texts()[0];
  report.galleries = {gallery};
  return report;
}

}  // namespace sightline::testing
