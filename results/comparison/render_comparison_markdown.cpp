#include "harness/base/error.h"
#include "results/comparison/comparison.h"
#include "results/comparison/comparison_text.h"
#include "results/comparison/markdown_text.h"

namespace sightline {

namespace {

constexpr std::size_t kLongestText = 120;  // code points of a question or an answer
constexpr std::size_t kLongestId = 24;     // other harnesses know documents by hashes
// GitHub takes comments of up to 65,536 characters; what comes after the flips needs room too.
constexpr std::size_t kMostBytesWithFlips = 40'000;

std::string code(const std::string& text) {
  return markdown_code(text.empty() ? text : shortened_line(text, kLongestText));
}

void add_row(const MetricComparison& metric, std::string& text) {
  const NumberStyle style = style_of(metric);
  const ReportCell difference = difference_cell(metric);
  const std::string unit = style.unit.empty() ? "" : " " + markdown_words(style.unit);
  text += fmt::format("| {}{} | {} | {} | {} | {} | {} | {} |\n", markdown_code(metric.key()),
                      (metric.higher_is_better ? "" : " ↓") + unit, show_value(metric.base, style),
                      show_value(metric.next, style), difference.number + difference.tail,
                      markdown_words(show_p(metric.p_adjusted)), outcomes_text(metric),
                      metric.verdict == "worse" ? "**worse**" : markdown_words(metric.verdict));
}

void add_table(const Comparison& comparison, std::string& text) {
  text +=
      "| metric | base | new | difference [95%] | p (Holm) | won / lost / tied | verdict |\n"
      "| :-- | --: | --: | --: | --: | --: | :-- |\n";
  for (const TaskComparison& task : comparison.tasks) {
    for (const MetricComparison& metric : task.metrics) add_row(metric, text);
  }
}

std::string item_of(const Flip& flip) {
  return fmt::format("- {} ({:.4g} → {:.4g}) {}<br>base: {}<br>new: {}\n",
                     markdown_code(shortened_line(flip.id, kLongestId)), flip.base_score,
                     flip.next_score, code(flip.question), code(flip.base_answer),
                     code(flip.next_answer));
}

void add_flips(const TaskComparison& task, std::string& text) {
  if (task.flips.empty()) return;
  text += fmt::format("\n<details><summary>{}: {} samples with another {}</summary>\n\n",
                      markdown_code(task.task), task.all_flips, markdown_code(task.flip_metric));
  std::int64_t shown = 0;
  for (const Flip& flip : task.flips) {
    const std::string item = item_of(flip);
    if (text.size() + item.size() > kMostBytesWithFlips) break;
    text += item;
    ++shown;
  }
  const std::int64_t rest = task.all_flips - shown;
  if (rest > 0) text += fmt::format("\n{} more are not listed here.\n", rest);
  text += "\n</details>\n";
}

void add_difference(const ConditionDifference& difference, std::string& text) {
  text += fmt::format("- {}: {} is {} in the base, {} in the new run", code(difference.task),
                      code(difference.field.path), code(difference.field.left),
                      code(difference.field.right));
  text += difference.allowed ? " (allowed)\n"
                             : "; " + markdown_code("--allow " + allow_argument(difference)) +
                                   " compares all the same\n";
}

std::string note_of(const MetricComparison& metric) {
  std::string note = size_text(metric);
  for (const std::string& part : {metric.method, metric.note}) {
    if (!part.empty()) note += "; " + part;
  }
  if (metric.mcnemar) note += "; exact McNemar p " + show_p(metric.mcnemar);
  return markdown_code(metric.key()) + ": " + markdown_words(note);
}

void add_notes(const Comparison& comparison, std::string& text) {
  std::vector<std::string> notes;
  for (const TaskComparison& task : comparison.tasks) {
    for (const MetricComparison& metric : task.metrics) notes.push_back(note_of(metric));
    if (task.same_answers) {
      notes.push_back(markdown_code(task.task) + ": every answer of both runs is the same");
    }
  }
  for (const std::string& note : comparison.notes) {
    notes.push_back(markdown_words(shortened_line(note, 4 * kLongestText)));
  }
  if (notes.empty()) return;
  text += "\n<details><summary>methods and notes</summary>\n\n";
  for (const std::string& note : notes) text += "- " + note + "\n";
  text += "\n</details>\n";
}

}  // namespace

std::string render_comparison_markdown(const Comparison& comparison) {
  std::string text =
      fmt::format("**{}** ({} against {})\n\n", markdown_words(summary_of(comparison)),
                  code(comparison.next), code(comparison.base));
  if (comparison.comparable) add_table(comparison, text);
  if (!comparison.differences.empty()) {
    text += comparison.comparable ? "\nDifferences that were allowed:\n\n"
                                  : "Fields that differ and must agree:\n\n";
  }
  for (const ConditionDifference& difference : comparison.differences) {
    add_difference(difference, text);
  }
  for (const TaskComparison& task : comparison.tasks) add_flips(task, text);
  add_notes(comparison, text);
  return text;
}

}  // namespace sightline
