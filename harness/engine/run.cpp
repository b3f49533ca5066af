#include "harness/engine/run.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/base/parallel.h"
#include "harness/engine/conclude.h"
#include "harness/engine/doctor.h"
#include "harness/engine/entailment_judge.h"
#include "harness/engine/judged_sentences.h"
#include "harness/engine/manifest.h"
#include "harness/engine/pipeline.h"
#include "harness/engine/reference_cache.h"
#include "harness/engine/run_identity.h"
#include "harness/engine/run_samples.h"
#include "models/prompts/style.h"
#include "results/journal.h"
#include "results/report_columns.h"

namespace sightline {

namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// A task with the samples asked for and, once it is its turn, its model.
struct Job {
  Task task;
  std::vector<std::size_t> indices;
  std::unique_ptr<Model> model;
  std::optional<SequentialTaskGate> gate;  // with --against, once the model is open
};

class Run {
 public:
  Run(const RunSettings& settings, Registry& registry, const TaskTable& tasks,
      const std::atomic<bool>& stop)
      : settings_(settings),
        registry_(registry),
        stop_(stop),
        cache_(settings.sources.cache, [](const std::string& text) { spdlog::warn("{}", text); }) {
    for (const TaskChoice& choice : settings.tasks) {
      Job& job = jobs_.emplace_back();
      TaskSources sources = settings.sources;
      sources.registry = &registry;
      sources.features = cache_.features();
      job.task = tasks.open(choice, sources);
      check_task(job.task);
      apply_decoding(settings, job.task);
      job.indices = select_samples(*job.task.dataset, settings.selection);
    }
    if (jobs_.empty()) throw UsageError("no task to run; name some with --tasks");
    check_judge();
    if (settings.against) open_base(tasks);
    open_models();
    check_prompts();
    check_before_run(settings, jobs_.front().task, jobs_.front().indices,
                     jobs_.front().model->info());
  }

  RunEnd execute() {
    Journal journal =
        Journal::open(settings_.output_path, run_identity(settings_), settings_.fresh);
    if (settings_.fresh) discard_outputs();
    manifest_ = {{"environment", describe_environment()}, {"started", utc_now()}};
    RunEnd end;
    for (Job& job : jobs_) {
      if (stop_ || has_regressed(end)) break;
      with_context([&] { return fmt::format("running task {}", job.task.name); },
                   [&] { run_task(journal, job, end); });
    }
    end.interrupted = stop_;
    note_peak_memory(journal);
    if (!end.interrupted) conclude(end);
    return end;
  }

 private:
  void check_task(const Task& task) const {
    const auto same = [&](const Job& job) { return job.task.name == task.name; };
    if (std::count_if(jobs_.begin(), jobs_.end(), same) > 1) {
      throw UsageError(fmt::format("--tasks names {} twice", task.name));
    }
    if (settings_.predict_only && task.kind == Kind::kReconstruct) {
      throw UsageError(
          fmt::format("--predict_only: the answers of {} are images, which a run measures and does "
                      "not keep; run it without --predict_only",
                      task.name));
    }
  }

  void check_judge() const {
    const JudgeSettings& judge = settings_.judge;
    if (judge.model.empty()) return;
    const auto rated = [](const Job& job) { return job.task.rates_sentences; };
    if (std::none_of(jobs_.begin(), jobs_.end(), rated)) {
      throw UsageError(
          "--judge: no task of this run has sentences to be judged; the docci tasks have");
    }
    if (settings_.predict_only) {
      throw UsageError("--judge: with --predict_only nothing is scored; leave out one of them");
    }
    if (judge.model != kEntailmentJudge) registry_.require_model(judge.model);
  }

  /// What an earlier run wrote beside its journal must not be taken for this run's.
  void discard_outputs() const {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(settings_.output_path)) {
      const std::string name = entry.path().filename().string();
      const bool samples = name.starts_with("samples_") && name.ends_with(".jsonl");
      const bool predictions = name.starts_with("predictions_") && name.ends_with(".json");
      if (samples || predictions || name == "results.json" ||
          name.starts_with(VerdictStore::kFileName))
        files.push_back(entry.path());
    }
    for (const std::filesystem::path& file : files) std::filesystem::remove(file);
  }

  /// The first task's model; where that costs little those of all tasks, so that what is wrong with
  /// a later one shows before anything is computed.
  void open_models() {
    const bool quick = std::any_of(
        registry_.models().begin(), registry_.models().end(),
        [&](const ModelEntry& entry) { return entry.name == settings_.model && entry.quick; });
    for (Job& job : jobs_) {
      if (quick || &job == &jobs_.front()) {
        with_context([&] { return fmt::format("preparing task {}", job.task.name); },
                     [&] { open_model(job); });
      }
    }
  }

  /// A style without a prompt for one of the tasks shows before anything is computed.
  void check_prompts() const {
    for (const Job& job : jobs_) {
      const ModelInfo& info = (job.model ? job : jobs_.front()).model->info();
      const bool in_words = job.task.kind == Kind::kText ||
                            std::ranges::find(info.kinds, job.task.kind) == info.kinds.end();
      if (!in_words || job.indices.empty()) continue;
      with_context([&] { return fmt::format("preparing task {}", job.task.name); },
                   [&] {
                     const Request request = job.task.dataset->request(job.indices.front());
                     static_cast<void>(prompt_style(info.prompt_style).compose(request));
                   });
    }
  }

  void open_model(Job& job) {
    job.model =
        registry_.open_model(settings_.model, {.args = ModelArgs::parse(settings_.model_args),
                                               .task = job.task.name,
                                               .kind = job.task.kind,
                                               .predictions = job.task.predictions,
                                               .precision = settings_.precision,
                                               .device = settings_.device,
                                               .seed = settings_.selection.seed,
                                               .gen_kwargs = settings_.gen_kwargs});
    check_answers(job.task, job.model->info());
    for (const auto& [name, value] : job.model->info().protocol) job.task.protocol[name] = value;
    if (settings_.against) open_gate(job);
  }

  /// The run that this one is judged against.
  void open_base(const TaskTable& tasks) {
    std::vector<std::string> names;
    for (const Job& job : jobs_) names.push_back(job.task.name);
    check_sequential_rules(settings_.against->rules, names);
    if (settings_.selection.shard.count > 1 || settings_.predict_only) {
      throw UsageError(
          "--against judges scores of the whole run: leave out --shard and "
          "--predict_only");
    }
    base_ = load_run_samples(settings_.against->base, tasks);
    for (const GateRule& rule : settings_.against->rules) {
      if (rule.max_drop > 0) continue;
      spdlog::warn("the rule {} has max_drop 0: a healthy model never ends such a gate early",
                   rule.key);
    }
  }

  void open_gate(Job& job) const {
    const auto base = std::ranges::find_if(
        base_.tasks, [&](const TaskSamples& task) { return task.result.name == job.task.name; });
    if (base == base_.tasks.end()) {
      throw MismatchError(fmt::format("the base {} holds no run of {}",
                                      settings_.against->base.string(), job.task.name));
    }
    const json identity = task_identity(job.task, job.model->info(), geometry_of(job));
    job.gate.emplace(*base, job.task, job.model->info(), identity.value("geometry", ""),
                     job.indices, settings_.against->rules, settings_.against->rules.size(),
                     settings_.selection.seed);
  }

  static BoxGeometry geometry_of(const Job& job) {
    const ModelInfo& info = job.model->info();
    return info.geometry.value_or(prompt_style(info.prompt_style).geometry);
  }

  static bool has_regressed(const RunEnd& end) {
    return end.gate && end.gate->verdict == GateVerdict::kRegression;
  }

  void run_task(Journal& journal, Job& job, RunEnd& end) {
    if (!job.model) open_model(job);
    const ModelInfo info = job.model->info();
    const PromptStyle& style = prompt_style(info.prompt_style);
    const BoxGeometry geometry = geometry_of(job);
    const int number = journal.add_task(
        {job.task.name, task_identity(job.task, info, geometry).dump(), job.task.dataset->size()});
    journal.set_note(sources_note(job.task.name), describe_sources(settings_.sources));
    journal.set_note("environment", describe_environment());
    const std::vector<std::size_t> todo = still_to_do(journal, number, job);
    const auto start = Clock::now();
    const std::size_t hits = cache_.hits(), misses = cache_.misses();
    StageTimes times;
    {
      Progress progress(job.task.name, job.indices.size(), job.indices.size() - todo.size(),
                        settings_.progress);
      PipelineParts parts{job.task, *job.model, style, geometry, journal, number, stop_};
      if (job.gate) parts.enough = [&](auto rows) { return job.gate->add(rows); };
      Pipeline pipeline(parts, pipeline_settings(job.task, info), times, progress);
      pipeline.run(todo);
    }
    note_task(job, times, todo.size(), seconds_since(start));
    note_originals(job, cache_.hits() - hits, cache_.misses() - misses);
    manifest_["tasks"][job.task.name].update(describe_usage(journal.usage(number)));
    job.model.reset();
    if (!stop_) judge_task(journal, number, job);
    if (!stop_) conclude_job(journal, number, job, info, end);
  }

  /// Asks the judge about the captions that the journal now has.
  void judge_task(Journal& journal, int number, const Job& job) {
    if (settings_.judge.model.empty() || !job.task.rates_sentences) return;
    const auto start = Clock::now();
    const SentenceJudge judge = open_judge(registry_, settings_.judge);
    const auto captions = caption_cases(job.task, journal, number, job.indices);
    const SentencesToJudge sentences =
        sentences_to_judge(judge.description, *job.task.dataset, captions);
    VerdictStore store = VerdictStore::open(settings_.output_path / VerdictStore::kFileName);
    note_judge(journal, job.task.name, judge.description);
    const std::size_t asked = judge_sentences(judge, sentences, store,
                                              {.retry_failed = settings_.retry_failed,
                                               .label = "judging " + job.task.name,
                                               .progress = settings_.progress},
                                              stop_);
    manifest_["tasks"][job.task.name]["judge"] = {
        {"rules", judge.description.rules},
        {"identity", json::parse(judge.description.identity)},
        {"sentences", sentences.questions.size()},
        {"asked_this_time", asked},
        {"seconds", seconds_since(start)}};
  }

  /// In the order in which they are asked; none where the gate is decided without them.
  std::vector<std::size_t> still_to_do(const Journal& journal, int number, Job& job) const {
    std::vector<bool> done = journal.done(number);
    if (settings_.retry_failed) {
      journal.for_each(number, [&](const JournalRow& row) {
        if (row.outcome != name_of(Outcome::kOk)) done[row.index] = false;
      });
    }
    if (job.gate) {
      journal.for_each_score(number, [&](const JournalRow& row) {
        if (done[row.index]) job.gate->add(std::span(&row, 1));
      });
      if (job.gate->is_decided()) return {};
    }
    std::vector<std::size_t> todo;
    for (const std::size_t index : job.gate ? job.gate->order() : job.indices) {
      if (index >= done.size() || !done[index]) todo.push_back(index);
    }
    return todo;
  }

  PipelineSettings pipeline_settings(const Task& task, const ModelInfo& info) const {
    PipelineSettings pipeline;
    pipeline.apply_exif_orientation = task.protocol.at(kExifRotation) == "on";
    if (pipeline.apply_exif_orientation && info.opens_images && !info.wants_pixels) {
      throw UsageError(
          fmt::format("{}[{}=on]: the model {} reads the image files itself, so "
                      "Sightline cannot turn them",
                      task.name, kExifRotation, info.name));
    }
    pipeline.batch = settings_.batch_size == 0 ? info.max_batch : settings_.batch_size;
    pipeline.threads = thread_count();
    pipeline.gen_kwargs = settings_.gen_kwargs;
    pipeline.max_new_tokens = max_new_tokens(settings_.gen_kwargs);
    return pipeline;
  }

  /// The greatest of all sessions: one that has nothing left to ask needs little.
  void note_peak_memory(Journal& journal) {
    constexpr const char* kNote = "peak_memory_bytes";
    const json earlier = journal.note(kNote);
    std::int64_t peak = peak_memory_bytes();
    if (earlier.is_number_integer()) peak = std::max(peak, earlier.get<std::int64_t>());
    journal.set_note(kNote, peak);
    manifest_[kNote] = peak;
  }

  void note_task(const Job& job, const StageTimes& times, std::size_t samples, double seconds) {
    const ModelInfo& info = job.model->info();
    const auto in_seconds = [](const std::atomic<std::int64_t>& ns) {
      return static_cast<double>(ns.load()) * 1e-9;
    };
    json& note = manifest_["tasks"][job.task.name];
    note["model"] = describe_model(info);
    note["facts"] = info.facts;
    note["data"] = job.task.dataset->hashes();
    note["samples_this_time"] = samples;
    note["seconds"] = seconds;
    note["samples_per_second"] = seconds > 0 ? static_cast<double>(samples) / seconds : 0.0;
    note["stage_seconds"] = {{"decode", in_seconds(times.decode)},
                             {"preprocess", in_seconds(times.preprocess)},
                             {"model", in_seconds(times.model)},
                             {"score", in_seconds(times.score)},
                             {"journal", in_seconds(times.journal)}};
  }

  /// How many originals' features were in the cache; nothing of tasks that need none.
  void note_originals(const Job& job, std::size_t hits, std::size_t misses) {
    if (hits + misses == 0) return;
    manifest_["tasks"][job.task.name]["originals"] = {{"from_cache", hits}, {"computed", misses}};
    spdlog::info("{}: Inception's features of {} of {} originals came from the cache {}",
                 job.task.name, hits, hits + misses, settings_.sources.cache.string());
  }

  void conclude_job(const Journal& journal, int number, const Job& job, const ModelInfo& info,
                    RunEnd& end) {
    const auto start = Clock::now();
    const std::string file = file_name_of(job.task.name);
    if (settings_.predict_only || !job.task.has_references) {
      write_predictions(job.task, journal, number,
                        settings_.output_path / ("predictions_" + file + ".json"));
    }
    if (settings_.log_samples) {
      write_samples(journal, number, settings_.output_path / ("samples_" + file + ".jsonl"));
    }
    Task task = job.task;
    if (settings_.predict_only) task.has_references = false;
    TaskResult result = conclude_task(task, "", journal, number, job.indices,
                                      {.replicates = settings_.bootstrap_replicates});
    manifest_["tasks"][job.task.name]["conclude_seconds"] = seconds_since(start);
    end.too_many_errors |=
        more_than_allowed(settings_.max_errors, failures(result), result.samples);
    end.results.finished = end.results.finished && samples_done(result) == result.samples;
    if (job.gate) add_findings(*job.gate, end);
    end.results.model = info.name;
    end.results.tasks.push_back(std::move(result));
  }

  static void add_findings(const SequentialTaskGate& gate, RunEnd& end) {
    if (!end.gate) end.gate.emplace();
    for (GateFinding& finding : gate.findings()) end.gate->findings.push_back(std::move(finding));
    end.gate->verdict = worst_verdict(end.gate->findings);
  }

  static std::int64_t failures(const TaskResult& result) {
    std::int64_t count = 0;
    for (const auto& [outcome, samples] : result.outcomes) {
      if (outcome != name_of(Outcome::kOk)) count += samples;
    }
    return count;
  }

  /// Adds the tasks that an earlier command ran into the same folder, and writes results.json.
  void conclude(RunEnd& end) {
    const std::filesystem::path file = settings_.output_path / "results.json";
    RunResults& results = end.results;
    if (!settings_.fresh && std::filesystem::exists(file)) {
      add_earlier_tasks(read_results(file), results);
    }
    std::stable_sort(results.tasks.begin(), results.tasks.end(),
                     [](const TaskResult& a, const TaskResult& b) { return a.name < b.name; });
    results.config = run_identity(settings_).dump();
    manifest_["date"] = utc_now();
    manifest_["batch_size"] = settings_.batch_size;
    manifest_["device"] = settings_.device;
    if (end.gate) manifest_["gate"] = to_json(*end.gate);
    results.manifest = manifest_.dump();
    write_file_atomically(file, to_json(results).dump(2) + "\n");
  }

  void add_earlier_tasks(RunResults earlier, RunResults& results) {
    const json manifest = json::parse(earlier.manifest);
    for (TaskResult& task : earlier.tasks) {
      const bool again = std::any_of(results.tasks.begin(), results.tasks.end(),
                                     [&](const TaskResult& now) { return now.name == task.name; });
      const bool noted = manifest.contains("tasks") && manifest["tasks"].contains(task.name);
      if (noted) keep_earlier_note(manifest["tasks"][task.name], manifest_["tasks"][task.name]);
      if (!again) results.tasks.push_back(std::move(task));
    }
  }

  /// A task of which nothing was asked this time keeps its times and facts of when it was.
  static void keep_earlier_note(const json& earlier, json& note) {
    if (note.is_object() && note.value("samples_this_time", 0) > 0) return;
    json kept = earlier;
    for (const char* field : {"judge", "conclude_seconds"}) {
      if (note.contains(field)) kept[field] = note[field];
    }
    note = std::move(kept);
  }

  const RunSettings& settings_;
  Registry& registry_;
  const std::atomic<bool>& stop_;
  ReferenceCache cache_;  // outlives the tasks, which use it
  std::vector<Job> jobs_;
  RunSamples base_;  // with --against
  json manifest_;
};

}  // namespace

RunEnd run(const RunSettings& settings, Registry& registry, const TaskTable& tasks,
           const std::atomic<bool>& stop) {
  check_max_errors(settings.max_errors);
  return Run(settings, registry, tasks, stop).execute();
}

}  // namespace sightline
