#include "harness/base/error.h"
#include "results/comparison/comparison.h"
#include "results/comparison/comparison_text.h"
#include "results/comparison/markdown_text.h"
#include "results/plain_text.h"
#include "results/report_layout.h"

namespace sightline {

namespace {

constexpr std::size_t kLongestText = 160;  // code points of a question or an answer
constexpr std::size_t kLongestId = 24;     // other harnesses know documents by hashes

ReportRow row_of(const MetricComparison& metric) {
  const NumberStyle style = style_of(metric);
  return {.label = label_of(metric),
          .unit = style.unit,
          .cells = {{.number = show_value(metric.base, style), .tail = ""},
                    {.number = show_value(metric.next, style), .tail = ""},
                    difference_cell(metric),
                    {.number = show_p(metric.p_adjusted), .tail = ""},
                    {.number = outcomes_text(metric), .tail = ""},
                    {.number = "", .tail = one_line(metric.verdict)}}};
}

/// What must be read with the numbers; a method or note that several metrics share stands once.
std::vector<std::string> notes_of(const TaskComparison& task) {
  std::vector<std::pair<std::string, std::string>> said;  // text, metrics
  const auto say = [&](const std::string& metric, const std::string& text) {
    if (text.empty()) return;
    for (auto& [known, metrics] : said) {
      if (known == text) {
        metrics += ", " + metric;
        return;
      }
    }
    said.emplace_back(text, metric);
  };
  for (const MetricComparison& metric : task.metrics) {
    say(metric.metric, metric.method);
    if (metric.mcnemar) say(metric.metric, "exact McNemar p " + show_p(metric.mcnemar));
    say(metric.metric, metric.note);
  }
  std::vector<std::string> notes;
  for (const auto& [text, metrics] : said) notes.push_back(one_line(metrics + ": " + text));
  if (task.same_answers) notes.emplace_back("every answer of both runs is the same");
  return notes;
}

ReportBlock block_of(const TaskComparison& task) {
  ReportTable table{
      .heading = "metric",
      .columns = {"base", "new", "difference [95%]", "p (Holm)", "won / lost / tied", "verdict"},
      .rows = {}};
  for (const MetricComparison& metric : task.metrics) table.rows.push_back(row_of(metric));
  return {.title = one_line(task.task),
          .subtitle = task.metrics.empty() ? "no metric in both runs" : size_text(task.metrics[0]),
          .tables = {std::move(table)},
          .notes = notes_of(task)};
}

std::string words(const std::string& text) {
  return text.empty() ? "(empty)" : shortened_line(text, kLongestText);
}

void add_flips(const TaskComparison& task, std::string& text) {
  if (task.flips.empty()) return;
  const std::string metric = one_line(task.flip_metric);
  text += task.flips.size() == static_cast<std::size_t>(task.all_flips)
              ? fmt::format("\n{} samples with another {}:\n", task.all_flips, metric)
              : fmt::format("\n{} of {} samples with another {}, the greatest changes:\n",
                            task.flips.size(), task.all_flips, metric);
  for (const Flip& flip : task.flips) {
    text += fmt::format("  {}  {:.4g} -> {:.4g}  {}\n", shortened_line(flip.id, kLongestId),
                        flip.base_score, flip.next_score, words(flip.question));
    text += fmt::format("    base: {}\n    new:  {}\n", words(flip.base_answer),
                        words(flip.next_answer));
  }
}

/// The fields that differ, those that stop the comparison with the flag that would let it go on.
void add_differences(const Comparison& comparison, std::string& text) {
  if (comparison.differences.empty()) return;
  text += comparison.comparable ? "\ndifferences that were allowed:\n"
                                : "\nfields that differ and must agree:\n";
  for (const ConditionDifference& difference : comparison.differences) {
    text += fmt::format("  {}: {}{}\n    base: {}\n    new:  {}\n", one_line(difference.task),
                        one_line(difference.field.path),
                        difference.allowed && !comparison.comparable ? " (allowed)" : "",
                        one_line(difference.field.left), one_line(difference.field.right));
    if (!difference.allowed) {
      text += fmt::format("    to compare all the same: --allow {}\n", allow_argument(difference));
    }
  }
}

void add_side(const char* side, const std::string& label, const std::string& folder,
              const std::string& origin, std::string& text) {
  text += fmt::format("{}  {}  {}", side, one_line(label), one_line(folder));
  text += origin.empty() || origin == "sightline" ? "\n" : " (" + one_line(origin) + ")\n";
}

}  // namespace

std::string render_comparison_table(const Comparison& comparison) {
  std::string text;
  add_side("base", comparison.base, comparison.base_folder, comparison.base_origin, text);
  add_side("new ", comparison.next, comparison.next_folder, comparison.next_origin, text);
  text += summary_of(comparison) + "\n";
  for (const TaskComparison& task : comparison.tasks) {
    text += "\n" + render_table({block_of(task)});
    add_flips(task, text);
  }
  add_differences(comparison, text);
  if (!comparison.notes.empty()) text += "\nnotes:\n";
  for (const std::string& note : comparison.notes) text += "  " + one_line(note) + "\n";
  return text;
}

}  // namespace sightline
