#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/cli/arguments.h"
#include "harness/cli/program.h"
#include "harness/engine/run_samples.h"
#include "results/comparison/gate.h"

namespace sightline {

namespace {

struct CompareFlags {
  std::string base, next, gate, format = "table", markdown, junit, data_root;
  std::string flips = "10";
  CompareSettings settings;
  bool json = false;
};

constexpr int kNotComparable = 4;

std::size_t parse_flips(const std::string& text) {
  if (text == "all") return std::numeric_limits<std::size_t>::max();
  const bool digits = !text.empty() && text.size() < 10 &&
                      std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  if (!digits) throw UsageError(fmt::format("--flips {}: want a number of samples, or all", text));
  return std::stoul(text);
}

nlohmann::json document_of(const Comparison& comparison, const std::optional<GateReport>& gate) {
  nlohmann::json document = to_json(comparison);
  if (!gate) return document;
  document["gate"] = to_json(*gate);
  document["verdict"] = name_of(gate->verdict);
  for (const GateFinding& finding : gate->findings) {
    document["metrics"][finding.rule.key]["verdict"] = name_of(finding.verdict);
  }
  return document;
}

std::string markdown_of(const Comparison& comparison, const std::optional<GateReport>& gate) {
  return gate ? render_gate_markdown(comparison, *gate) : render_comparison_markdown(comparison);
}

std::string render(const CompareFlags& flags, const Comparison& comparison,
                   const std::optional<GateReport>& gate) {
  const std::string format = flags.json ? "json" : flags.format;
  if (format == "json") return document_of(comparison, gate).dump(2) + "\n";
  if (format == "markdown") return markdown_of(comparison, gate);
  if (format == "junit") return render_gate_junit(*gate);
  return render_comparison_table(comparison) + (gate ? "\n" + render_gate_table(*gate) : "");
}

void check(CompareFlags& flags) {
  if (flags.gate.empty() && (flags.format == "junit" || !flags.junit.empty())) {
    throw UsageError("JUnit's format holds a gate's verdicts: name its rules with --gate");
  }
  flags.settings.most_flips = parse_flips(flags.flips);
}

/// Why nothing was compared, on stderr as every error.
void print_refusal(const Comparison& comparison) {
  std::string message =
      fmt::format("{} and {} are not comparable:", comparison.base_folder, comparison.next_folder);
  for (const ConditionDifference& found : comparison.differences) {
    if (found.allowed) continue;
    message += fmt::format("\n  {}: {} differs: base {}, new {}", found.task, found.field.path,
                           found.field.left, found.field.right);
  }
  fmt::print(stderr,
             "error: {}\n  run both in the same way, or accept a difference with --allow FIELD; "
             "the result then says so\n",
             message);
}

void compare(CompareFlags& flags, Program& program) {
  prepare(program);
  check(flags);
  const std::vector<GateRule> rules =
      flags.gate.empty() ? std::vector<GateRule>() : read_gate_rules(flags.gate);
  const auto [base, next] = load_run_pair(flags.base, flags.next, program.tasks, flags.data_root);
  const Comparison comparison = compare_runs(base, next, flags.settings);
  std::optional<GateReport> gate;
  if (comparison.comparable && !rules.empty()) gate = decide(comparison, rules);
  if (!comparison.comparable) {
    program.exit_code = kNotComparable;
    print_refusal(comparison);
    if (flags.json || flags.format == "json") fmt::print("{}\n", to_json(comparison).dump(2));
    return;
  }
  if (gate) program.exit_code = exit_code_of(gate->verdict);
  if (!flags.markdown.empty()) write_file_atomically(flags.markdown, markdown_of(comparison, gate));
  if (!flags.junit.empty()) write_file_atomically(flags.junit, render_gate_junit(*gate));
  fmt::print("{}", render(flags, comparison, gate));
}

}  // namespace

void add_compare_command(CLI::App& app, Program& program) {
  CLI::App* command =
      app.add_subcommand("compare", "two runs on the same samples: is the difference real?");
  auto flags = std::make_shared<CompareFlags>();
  command->add_option("base", flags->base, "run folder, or result folder of lm-eval or lmms-eval")
      ->required();
  command->add_option("new", flags->next, "the run that is judged")->required();
  command->add_option("--gate", flags->gate, "file of rules: decide whether the new run may pass");
  command
      ->add_option("--allow", flags->settings.allow,
                   "field that may differ, as the refusal names it; may be given several times")
      ->allow_extra_args(false);
  command->add_option("--format", flags->format, "table, markdown, json or junit")
      ->check(one_of({"table", "markdown", "json", "junit"}))
      ->capture_default_str();
  command->add_flag("--json", flags->json, "the same as --format json");
  command->add_option("--markdown", flags->markdown, "also write a summary for a pull request");
  command->add_option("--junit", flags->junit, "also write the gate's verdicts as JUnit XML");
  command->add_option("--flips", flags->flips, "samples shown that changed: a number, or all")
      ->capture_default_str();
  command
      ->add_option("--bootstrap", flags->settings.replicates,
                   "replicates for metrics of the whole set (AP, CIDEr); 0: no intervals")
      ->capture_default_str();
  command->add_option("--seed", flags->settings.seed, "of the bootstrap")->capture_default_str();
  command->add_option("--data_root", flags->data_root,
                      "folder of the data, if it moved since the runs");
  command->footer("example: sightline compare base new --gate gate.json");
  command->callback([flags, &program] { compare(*flags, program); });
}

}  // namespace sightline
