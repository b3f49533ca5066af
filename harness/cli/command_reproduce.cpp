#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "harness/cli/arguments.h"
#include "harness/cli/interrupt.h"
#include "harness/cli/program.h"
#include "harness/cli/results_argument.h"
#include "results/published/reproduction.h"

namespace sightline {

namespace {

struct ReproduceFlags {
  RunFlags run;
  std::string id, folder;
  std::vector<std::string> published;
  bool json = false;
};

/// Completes the flags of `run` with what the row needs.
void take_from_row(const PublishedResult& row, RunFlags& flags) {
  if (!flags.tasks.empty() && flags.tasks != row.task_key) {
    throw MismatchError(fmt::format("--tasks {}: {} needs {}; leave --tasks out", flags.tasks,
                                    row.id, row.task_key));
  }
  flags.tasks = row.task_key;
  read_run_flags(flags);
  if (flags.settings.output_path.empty()) throw UsageError("--output_path is missing");
  if (flags.settings.predict_only) {
    throw UsageError("--predict_only: reproduce compares scores; leave it out");
  }
  const auto tokens = row.protocol.find("max_new_tokens");
  if (tokens != row.protocol.end()) flags.settings.gen_kwargs.insert(*tokens);
}

/// Runs the row's task; no value when the run was interrupted.
std::optional<RunResults> run_row(const PublishedResult& row, RunFlags& flags, Program& program) {
  take_from_row(row, flags);
  RunEnd end = run(flags.settings, program.registry, program.tasks, stop_on_signals());
  if (end.too_many_errors) {
    program.exit_code = 3;
    fmt::print(stderr, "more samples failed than --max_errors {} allows\n",
               flags.settings.max_errors);
  }
  if (!end.interrupted) return std::move(end.results);
  program.exit_code = 130;
  fmt::print(stderr,
             "interrupted: what was finished is kept; start the same command again to go on\n");
  return std::nullopt;
}

void reproduce(ReproduceFlags& flags, Program& program) {
  prepare(program);
  const std::vector<PublishedResult> rows = published_results(flags.published);
  const PublishedResult& row = find_published(rows, flags.id);
  const bool runs = !flags.run.settings.model.empty();
  if (runs == !flags.folder.empty()) {
    throw UsageError(
        "reproduce wants --run DIR with a finished run, or --model and the other flags of run");
  }
  require_comparable(row);
  const std::optional<RunResults> results =
      runs ? run_row(row, flags.run, program)
           : read_results_argument(flags.folder, program.tasks,
                                   flags.run.settings.sources.data_root);
  if (!results) return;
  const Reproduction reproduction = set_beside(row, *results);
  if (program.exit_code == 0) program.exit_code = exit_code_of(reproduction.verdict);
  fmt::print("{}",
             flags.json ? to_json(reproduction).dump(2) + "\n" : render_reproduction(reproduction));
}

}  // namespace

void add_reproduce_command(CLI::App& app, Program& program) {
  CLI::App* command =
      app.add_subcommand("reproduce", "a run beside a published number: is it the same?");
  auto flags = std::make_shared<ReproduceFlags>();
  command->add_option("id", flags->id, "of the number (`sightline list published` shows all)")
      ->required();
  command->add_option("--run", flags->folder, "folder of a run that is there already");
  add_run_flags(*command, flags->run);
  add_published_flag(*command, flags->published);
  command->add_flag("--json", flags->json, "as one JSON document");
  command->footer(
      "example: sightline reproduce paligemma2-3b-224-bf16/textvqa_val/textvqa_accuracy --run out");
  command->callback([flags, &program] { reproduce(*flags, program); });
}

}  // namespace sightline
