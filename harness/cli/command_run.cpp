#include <signal.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "harness/cli/arguments.h"
#include "harness/cli/program.h"

namespace sightline {

namespace {

std::atomic<bool> stop_requested{false};

/// The first signal asks the run to end; a second one ends the program at once. Does only what is
/// allowed in a signal handler.
void request_stop(int signal_number) {
  constexpr std::string_view kText =
      "\nstopping as soon as what is being answered is done; a second signal stops at once\n";
  stop_requested = true;
  ::signal(signal_number, SIG_DFL);
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, kText.data(), kText.size());
}

void catch_signals() {
  struct sigaction action {};
  action.sa_handler = request_stop;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

int exit_code_of(const RunEnd& end) {
  if (end.interrupted) return 130;
  return end.too_many_errors ? 3 : 0;
}

void run_and_print(RunFlags& flags, Program& program, bool json) {
  prepare(program);
  read_run_flags(flags);
  if (flags.settings.output_path.empty()) throw UsageError("--output_path is missing");
  catch_signals();
  const RunEnd end = run(flags.settings, program.registry, program.tasks, stop_requested);
  program.exit_code = exit_code_of(end);
  if (end.interrupted) {
    fmt::print(stderr,
               "interrupted: what was finished is kept; start the same command again to go on\n");
    return;
  }
  fmt::print("{}", json ? to_json(end.results).dump(2) + "\n"
                        : render({end.results}, ReportFormat::kTable));
  if (end.too_many_errors) {
    fmt::print(stderr, "more samples failed than --max_errors {} allows\n",
               flags.settings.max_errors);
  }
}

}  // namespace

void add_run_command(CLI::App& app, Program& program) {
  CLI::App* command = app.add_subcommand("run", "ask a model, score its answers, report");
  auto flags = std::make_shared<RunFlags>();
  auto json = std::make_shared<bool>(false);
  add_run_flags(*command, *flags);
  command->add_flag("--json", *json, "print results.json instead of the table");
  command->footer(
      "example: sightline run --model baseline --tasks vqav2_val --data_root data --output_path "
      "out");
  command->callback([flags, json, &program] { run_and_print(*flags, program, *json); });
}

}  // namespace sightline
