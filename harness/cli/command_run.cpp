#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "harness/cli/arguments.h"
#include "harness/cli/interrupt.h"
#include "harness/cli/program.h"

namespace sightline {

namespace {

struct GateFlags {
  std::string against, rules;
};

int exit_code_of(const RunEnd& end) {
  if (end.interrupted) return 130;
  const int gate = end.gate ? exit_code_of(end.gate->verdict) : 0;
  return gate == 0 && end.too_many_errors ? 3 : gate;
}

void read_gate_flags(const GateFlags& gate, RunSettings& settings) {
  if (gate.against.empty() && gate.rules.empty()) return;
  if (gate.against.empty() || gate.rules.empty()) {
    throw UsageError(
        "--against BASE and --gate RULES go together: a run is judged by rules "
        "against a base");
  }
  settings.against = {gate.against, read_gate_rules(gate.rules)};
}

void run_and_print(RunFlags& flags, const GateFlags& gate, Program& program, bool json) {
  prepare(program);
  read_run_flags(flags);
  read_gate_flags(gate, flags.settings);
  if (flags.settings.output_path.empty()) throw UsageError("--output_path is missing");
  const RunEnd end = run(flags.settings, program.registry, program.tasks, stop_on_signals());
  program.exit_code = exit_code_of(end);
  if (end.interrupted) {
    fmt::print(stderr,
               "interrupted: what was finished is kept; start the same command again to go on\n");
    return;
  }
  fmt::print("{}", json ? to_json(end.results).dump(2) + "\n"
                        : render({end.results}, ReportFormat::kTable));
  if (end.gate && !json) fmt::print("\n{}", render_gate_table(*end.gate));
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
  auto gate = std::make_shared<GateFlags>();
  command->add_option("--against", gate->against,
                      "run folder: judge this run against it, and stop when that is certain");
  command->add_option("--gate", gate->rules, "file of rules for --against");
  command->add_flag("--json", *json, "print results.json instead of the table");
  command->footer(
      "example: sightline run --model baseline --tasks vqav2_val --data_root data --output_path "
      "out");
  command->callback(
      [flags, gate, json, &program] { run_and_print(*flags, *gate, program, *json); });
}

}  // namespace sightline
