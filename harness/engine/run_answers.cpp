#include "harness/engine/run_answers.h"

#include <algorithm>

#include "harness/base/error.h"
#include "harness/engine/answer_codec.h"
#include "results/journal.h"

namespace sightline {

Predictions read_run_answers(const std::filesystem::path& run, const Task& task) {
  require(task.kind != Kind::kReconstruct,
          "{} is a run of reconstruction, which does not keep its images; name their folder",
          run.string());
  const Journal journal = Journal::open_to_read(run);
  const std::vector<JournalTask> tasks = journal.tasks();
  const auto found = std::ranges::find(tasks, task.name, &JournalTask::name);
  if (found == tasks.end()) {
    std::vector<std::string> names;
    for (const JournalTask& one : tasks) names.push_back(one.name);
    fail("the run {} has no answers to {}; it has those to {}", run.string(), task.name,
         fmt::join(names, ", "));
  }
  Predictions predictions;
  journal.for_each(static_cast<int>(found - tasks.begin()), [&](const JournalRow& row) {
    if (row.outcome != name_of(Outcome::kOk)) return;
    predictions.index[row.id] = predictions.ids.size();
    predictions.ids.push_back(row.id);
    predictions.answers.push_back(
        decode_answer(task.kind, row.answer.empty() ? row.response : row.answer));
  });
  return predictions;
}

}  // namespace sightline
