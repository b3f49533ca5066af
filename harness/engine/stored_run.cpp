#include "harness/engine/stored_run.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/engine/answer_codec.h"
#include "harness/engine/conclude.h"
#include "harness/engine/judged_sentences.h"
#include "harness/engine/manifest.h"
#include "harness/engine/run_identity.h"
#include "harness/engine/selection.h"
#include "results/differences.h"

namespace sightline {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

SelectionSettings selection_of(const json& identity) {
  SelectionSettings selection;
  selection.limit = identity.value("limit", "");
  selection.samples = identity.value("samples", std::vector<std::string>());
  selection.seed = identity.value("seed", std::uint64_t{0});
  if (identity.contains("shard")) selection.shard = parse_shard(identity.at("shard"));
  return selection;
}

TaskSources sources_of(const Journal& journal, const std::string& task, const fs::path& data_root) {
  if (!data_root.empty()) return {.data_root = data_root};
  const json note = journal.note(sources_note(task));
  return note.is_null() ? TaskSources{} : read_sources(note);  // null: killed before it was written
}

/// Throws unless the data now opened are those the journal was made with.
void require_same_data(const JournalTask& stored, const Task& task) {
  const json then = json::parse(stored.protocol).at("data");
  const json now = task.dataset->hashes();
  if (then == now) return;
  throw MismatchError(fmt::format("the data of {} are not those of the run: then {}, now {}; name "
                                  "the right folder with --data_root",
                                  stored.name, then.dump(), now.dump()),
                      2);
}

std::string model_name_of(const Journal& journal) {
  const std::vector<JournalTask> tasks = journal.tasks();
  if (tasks.empty()) return journal.identity().value("model", "");
  return json::parse(tasks.front().protocol).at("model").value("name", "");
}

}  // namespace

StoredTask reopen_task(const Journal& journal, int number, const TaskTable& tasks,
                       const fs::path& data_root) {
  const JournalTask record = journal.tasks().at(static_cast<std::size_t>(number));
  StoredTask stored;
  stored.number = number;
  stored.task = tasks.open(parse_task_choices(record.name).front(),
                           sources_of(journal, record.name, data_root));
  require_same_data(record, stored.task);
  stored.task.protocol = json::parse(record.protocol).at("protocol");
  stored.indices = select_samples(*stored.task.dataset, selection_of(journal.identity()));
  return stored;
}

std::vector<StoredTask> reopen_tasks(const Journal& journal, const TaskTable& tasks,
                                     const fs::path& data_root) {
  std::vector<StoredTask> stored;
  for (int number = 0; number < std::ssize(journal.tasks()); ++number) {
    stored.push_back(reopen_task(journal, number, tasks, data_root));
  }
  return stored;
}

RunResults recompute(const Journal& journal, const TaskTable& tasks, const fs::path& data_root) {
  RunResults results;
  results.model = model_name_of(journal);
  results.config = journal.identity().dump();
  for (const StoredTask& stored : reopen_tasks(journal, tasks, data_root)) {
    TaskResult result = conclude_task(stored.task, "", journal, stored.number, stored.indices);
    std::int64_t done = 0;
    for (const auto& [outcome, count] : result.outcomes) done += count;
    results.finished = results.finished && done == result.samples;
    results.tasks.push_back(std::move(result));
  }
  json manifest = {{"environment", describe_environment()}, {"date", utc_now()}};
  int number = 0;
  for (const JournalTask& task : journal.tasks()) {
    const json record = json::parse(task.protocol);
    json& note = manifest["tasks"][task.name];
    note = {{"model", record.at("model")}, {"data", record.at("data")}};
    note.update(describe_usage(journal.usage(number++)));
  }
  results.manifest = manifest.dump();
  std::stable_sort(results.tasks.begin(), results.tasks.end(),
                   [](const TaskResult& a, const TaskResult& b) { return a.name < b.name; });
  return results;
}

namespace {

/// Whether the journal holds just what results.json was made of: no task was added since, and no
/// sample answered.
bool is_current(const RunResults& results, const Journal& journal) {
  int number = 0;
  for (const JournalTask& task : journal.tasks()) {
    const auto found = std::find_if(results.tasks.begin(), results.tasks.end(),
                                    [&](const TaskResult& t) { return t.name == task.name; });
    if (found == results.tasks.end()) return false;
    std::int64_t done = 0;
    for (const auto& [outcome, count] : found->outcomes) done += count;
    if (static_cast<std::size_t>(done) != journal.count(number++)) return false;
  }
  return true;
}

}  // namespace

RunResults load_run(const fs::path& folder, const TaskTable& tasks, const fs::path& data_root) {
  require(fs::is_directory(folder), "{} is no run: want a folder that `sightline run` wrote",
          folder.string());
  const Journal journal = Journal::open_to_read(folder);
  if (fs::exists(folder / "results.json")) {
    RunResults results = read_results(folder / "results.json");
    if (is_current(results, journal)) return results;
  }
  return recompute(journal, tasks, data_root);
}

namespace {

/// The part of results.json that does not depend on time or machine.
json result_fields(json document) {
  document.erase("date");
  const json run = document.at("sightline").value("run", json::object());
  document["sightline"] = {{"run", run}};
  return document;
}

/// Sets a results.json beside the same results recomputed, field by field.
void compare_results(const json& stored, const RunResults& again, Verification& found) {
  const std::vector<FieldDifference> differ =
      differences(result_fields(stored), result_fields(to_json(again)));
  for (const FieldDifference& field : differ) {
    found.bad.push_back(fmt::format("results.json: {} is {}, the journal gives {}", field.path,
                                    field.left, field.right));
  }
  if (!differ.empty()) return;
  for (const TaskResult& task : again.tasks) {
    found.good.push_back(fmt::format("{}: {} metrics recomputed from {} responses are equal",
                                     task.name, task.metrics.size(), task.samples));
  }
}

/// The request of a stored row as it was when the answer was parsed.
Request request_of(const StoredTask& stored, const JournalRow& row) {
  Request request = stored.task.dataset->request(row.index);
  const json record = json::parse(row.request);
  if (record.contains("size") && !request.images.empty()) {
    request.images[0].width = record.at("size").at(0);
    request.images[0].height = record.at("size").at(1);
  }
  return request;
}

/// Whether parsing the stored words again gives the stored answers. Typed answers have no words.
void reparse(const Journal& journal, const StoredTask& stored, Verification& found) {
  const json record =
      json::parse(journal.tasks()[static_cast<std::size_t>(stored.number)].protocol);
  const PromptStyle& style = prompt_style(record.at("model").value("prompt_style", "plain"));
  const BoxGeometry geometry = record.contains("geometry")
                                   ? parse_geometry(record.at("geometry").get<std::string>())
                                   : style.geometry;
  std::size_t parsed = 0;
  journal.for_each(stored.number, [&](const JournalRow& row) {
    if (row.response.empty() || row.outcome != name_of(Outcome::kOk)) return;
    ++parsed;
    const Answer again = style.parse(request_of(stored, row), row.response, geometry).answer;
    const std::string text = encode_answer(stored.task.kind, again);
    const bool typed = stored.task.kind == Kind::kText && row.answer.empty();
    if (typed || text == row.answer) return;
    found.bad.push_back(
        fmt::format("{} sample {}: the stored answer is not what its response parses "
                    "to",
                    stored.task.name, row.id));
  });
  if (parsed > 0) {
    found.good.push_back(fmt::format("{}: {} responses parsed again", stored.task.name, parsed));
  }
}

}  // namespace

Verification verify_run(const fs::path& folder, const TaskTable& tasks, const fs::path& data_root) {
  Verification found;
  const fs::path file = folder / "results.json";
  RunResults results = read_results(file);
  const Journal journal = Journal::open_to_read(folder);
  std::vector<StoredTask> reopened;
  try {
    reopened = reopen_tasks(journal, tasks, data_root);
  } catch (const MismatchError& error) {
    found.bad.push_back(error.what());
    return found;
  }
  for (StoredTask& task : reopened) {
    found.good.push_back(fmt::format("{}: data files have the hashes of the run", task.task.name));
    reparse(journal, task, found);
    const auto result = std::find_if(results.tasks.begin(), results.tasks.end(),
                                     [&](const TaskResult& t) { return t.name == task.task.name; });
    if (result == results.tasks.end()) {
      found.bad.push_back(fmt::format("{}: in the journal, not in results.json", task.task.name));
      continue;
    }
    // A run with --predict_only has no scores to be recomputed.
    task.task.has_references = task.task.has_references && !result->metrics.empty();
    const Bootstrap bootstrap{static_cast<std::size_t>(result->bootstrap_replicates)};
    *result =
        conclude_task(task.task, result->rules, journal, task.number, task.indices, bootstrap);
  }
  compare_results(json::parse(read_file(file)), results, found);
  return found;
}

namespace {

json identity_without_shard(const Journal& journal) {
  json identity = journal.identity();
  identity.erase("shard");
  return identity;
}

/// The shards, checked to be all parts of one run.
std::vector<Journal> open_shards(const std::vector<fs::path>& folders) {
  std::vector<Journal> shards;
  std::set<std::size_t> parts;
  std::size_t count = 0;
  for (const fs::path& folder : folders) {
    const Journal& shard = shards.emplace_back(Journal::open_to_read(folder));
    const json identity = shard.identity();
    require(identity.contains("shard"), "{} is not a shard: it was run without --shard",
            folder.string());
    const Shard part = parse_shard(identity.at("shard"));
    if (count == 0) count = part.count;
    if (part.count != count || identity_without_shard(shard) != identity_without_shard(shards[0])) {
      throw MismatchError(
          fmt::format("{} and {} are not shards of one run: {} against {}", folders[0].string(),
                      folder.string(), shards[0].identity().dump(), identity.dump()),
          2);
    }
    require(parts.insert(part.index).second, "shard {}/{} was given twice ({})", part.index, count,
            folder.string());
  }
  require(parts.size() == count, "{} of {} shards were given; a merge needs all", parts.size(),
          count);
  return shards;
}

/// Throws unless every shard holds all samples of every task that the first one has.
void require_finished(const std::vector<Journal>& shards, const std::vector<fs::path>& folders,
                      const std::vector<StoredTask>& whole) {
  for (std::size_t i = 0; i < shards.size(); ++i) {
    const SelectionSettings selection = selection_of(shards[i].identity());
    const std::vector<JournalTask> tasks = shards[i].tasks();
    for (const StoredTask& stored : whole) {
      const auto found = std::find_if(tasks.begin(), tasks.end(), [&](const JournalTask& task) {
        return task.name == stored.task.name;
      });
      const std::size_t wanted = select_samples(*stored.task.dataset, selection).size();
      const std::size_t done =
          found == tasks.end() ? 0 : shards[i].count(static_cast<int>(found - tasks.begin()));
      require(done >= wanted && found != tasks.end(),
              "{} is not finished: {} of {} samples of {}; start its command again, then merge",
              folders[i].string(), done, wanted, stored.task.name);
    }
    require(tasks.size() == whole.size(), "{} has {} tasks, {} has {}: run the same tasks in each",
            folders[0].string(), whole.size(), folders[i].string(), tasks.size());
  }
}

/// Writes the files that the shards have beside their journals.
void write_outputs(const fs::path& out, const fs::path& shard, const Journal& journal,
                   const TaskTable& tasks, const fs::path& data_root) {
  for (const StoredTask& stored : reopen_tasks(journal, tasks, data_root)) {
    const std::string name = file_name_of(stored.task.name);
    const std::string samples = "samples_" + name + ".jsonl";
    const std::string predictions = "predictions_" + name + ".json";
    if (fs::exists(shard / samples)) write_samples(journal, stored.number, out / samples);
    if (fs::exists(shard / predictions)) {
      write_predictions(stored.task, journal, stored.number, out / predictions);
    }
  }
}

void copy_rows(const Journal& from, int number, Journal& to, int target) {
  constexpr std::size_t kBlock = 1 << 14;
  std::vector<JournalRow> rows;
  from.for_each(number, [&](const JournalRow& row) {
    rows.push_back(row);
    if (rows.size() < kBlock) return;
    to.append(target, rows);
    rows.clear();
  });
  to.append(target, rows);
}

}  // namespace

RunResults merge_shards(const fs::path& out, const std::vector<fs::path>& folders,
                        const TaskTable& tasks, const fs::path& data_root) {
  if (folders.empty()) throw UsageError("no shard to merge; name their folders behind OUT");
  const std::vector<Journal> shards = open_shards(folders);
  require_finished(shards, folders, reopen_tasks(shards[0], tasks, data_root));
  Journal journal = Journal::open(out, identity_without_shard(shards[0]));
  for (const Journal& shard : shards) {
    int number = 0;
    for (const JournalTask& task : shard.tasks()) {
      copy_rows(shard, number++, journal, journal.add_task(task));
      journal.set_note(sources_note(task.name), shard.note(sources_note(task.name)));
      copy_judgement(shard, task.name, journal);
    }
  }
  const RunResults results = recompute(journal, tasks, data_root);
  write_outputs(out, folders[0], journal, tasks, data_root);
  write_file_atomically(out / "results.json", to_json(results).dump(2) + "\n");
  return results;
}

}  // namespace sightline
