#include "harness/engine/caption_cases.h"

#include <algorithm>

#include "harness/base/error.h"
#include "harness/engine/answer_codec.h"

namespace sightline {

namespace {

void require_captions(const Task& task) {
  if (task.references) return;
  throw UsageError(
      fmt::format("{} is no captioning task: it has no reference captions", task.name));
}

}  // namespace

std::vector<CaptionCase> caption_cases(const Task& task, std::span<const Answer* const> answers) {
  require_captions(task);
  std::vector<CaptionCase> cases;
  cases.reserve(answers.size());
  for (std::size_t index = 0; index < answers.size(); ++index) {
    cases.push_back({.index = index,
                     .id = task.dataset->id(index),
                     .caption = answers[index] == nullptr ? "" : answers[index]->text,
                     .references = task.references(index)});
  }
  return cases;
}

std::vector<CaptionCase> caption_cases(const Task& task, const Journal& journal, int journal_task,
                                       std::span<const std::size_t> indices) {
  require_captions(task);
  std::vector<CaptionCase> cases;
  journal.for_each(journal_task, [&](const JournalRow& row) {
    if (!std::binary_search(indices.begin(), indices.end(), row.index)) return;
    CaptionCase& one = cases.emplace_back();
    one.index = row.index;
    one.id = row.id;
    one.references = task.references(row.index);
    if (row.outcome != name_of(Outcome::kOk)) return;
    one.caption = decode_answer(Kind::kText, row.answer.empty() ? row.response : row.answer).text;
  });
  return cases;
}

void put_metrics(const std::vector<MetricValue>& values, std::vector<MetricValue>& metrics) {
  for (const MetricValue& value : values) {
    const auto found = std::ranges::find(metrics, value.key, &MetricValue::key);
    if (found == metrics.end()) {
      metrics.push_back(value);
    } else {
      *found = value;
    }
  }
}

}  // namespace sightline
