#include "harness/engine/impact.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/cli/arguments.h"
#include "harness/cli/interrupt.h"
#include "harness/cli/program.h"

namespace sightline {

namespace {

struct ImpactFlags {
  RunFlags run;
  std::string precisions;
  bool json = false;
};

/// Whether `word` gives the flag `name`: 1 alone, with its value in the next word; 2 as one word.
int gives(const std::string& word, const std::string& name) {
  if (word == name) return 1;
  const bool is_short = name.size() == 2;
  return word.starts_with(is_short ? name : name + "=") ? 2 : 0;
}

/// The command line as one of `run`, without the flags that are impact's own. What `--config` held
/// stands in it already.
std::vector<std::string> words_of_run(const std::vector<std::string>& arguments) {
  std::vector<std::string> words = arguments;
  *std::find(words.begin(), words.end(), "impact") = "run";
  std::erase(words, "--json");
  for (const std::string name : {"--precisions", "--config", "-C"}) {
    for (std::size_t i = 0; i < words.size();) {
      const auto place = words.begin() + static_cast<std::ptrdiff_t>(i);
      const int given = gives(words[i], name);
      if (given == 0) ++i;
      if (given == 1) words.erase(place, place + 2);
      if (given == 2) words.erase(place);
    }
  }
  return words;
}

/// Checks what costs nothing, so that it is said once and not by every run. Returns the precisions.
std::vector<std::string> check(ImpactFlags& flags, Program& program) {
  RunFlags& run = flags.run;
  if (flags.precisions.empty()) {
    throw UsageError("--precisions is missing: two or more of fp32, bf16, fp16, int8, nf4");
  }
  if (!run.settings.precision.empty()) {
    throw UsageError("--precision: impact runs several; name them with --precisions");
  }
  read_run_flags(run);
  if (run.settings.output_path.empty()) throw UsageError("--output_path is missing");
  if (run.settings.predict_only) {
    throw UsageError("--predict_only: impact compares scores; leave it out");
  }
  program.registry.require_model(run.settings.model);
  for (const TaskChoice& choice : run.settings.tasks) program.tasks.find(choice.name);
  return parse_precisions(flags.precisions);
}

/// The model `native` refuses arguments without an effect: those of a quantisation go only to the
/// precisions that have it, where there is one.
std::map<std::string, std::vector<std::string>> words_of_quantisation(
    const ImpactFlags& flags, const std::vector<std::string>& precisions) {
  std::map<std::string, std::vector<std::string>> words;
  if (flags.run.settings.model != "native") return words;
  const auto has = [&](const char* name) { return std::ranges::count(precisions, name) > 0; };
  std::map<std::string, std::string> given = parse_pairs(flags.run.settings.model_args);
  if (flags.run.batch_invariant) given.erase("batch_invariant");  // the flag adds it in each run
  for (const std::string& precision : precisions) {
    std::map<std::string, std::string> kept = given;
    const bool nf4 = precision == "nf4", quantised = nf4 || precision == "int8";
    if (has("nf4") && !nf4) kept.erase("double_quant");
    if ((has("nf4") || has("int8")) && !quantised) kept.erase("quantise_vision");
    if (kept.size() < given.size()) words[precision] = {"--model_args", write_pairs(kept)};
  }
  return words;
}

void impact(ImpactFlags& flags, Program& program) {
  prepare(program);
  const std::vector<std::string> precisions = check(flags, program);
  const std::filesystem::path output = flags.run.settings.output_path;
  const ImpactEnd end = run_impact({.precisions = precisions,
                                    .output_path = output,
                                    .words = words_of_run(program.arguments),
                                    .more_words = words_of_quantisation(flags, precisions)},
                                   stop_on_signals());
  program.exit_code = exit_code_of(end);
  if (end.interrupted) {
    fmt::print(stderr,
               "interrupted: what was finished is kept; start the same command again to go on\n");
    return;
  }
  const std::string document = impact_json(end.precisions).dump(2) + "\n";
  if (std::filesystem::is_directory(output)) {
    write_file_atomically(output / "impact.json", document);
  }
  fmt::print("{}", flags.json ? document : render_table(lay_out_impact(end.precisions)));
}

}  // namespace

void add_impact_command(CLI::App& app, Program& program) {
  CLI::App* command =
      app.add_subcommand("impact", "one model at several precisions, beside the first");
  auto flags = std::make_shared<ImpactFlags>();
  add_run_flags(*command, flags->run);
  command->add_option("--precisions", flags->precisions,
                      "fp32,bf16,int8,nf4: each is run into its folder of --output_path");
  command->add_flag("--json", flags->json, "as one JSON document");
  command->footer(
      "example: sightline impact --model native --model_args path=paligemma --precisions bf16,int8 "
      "--tasks vqav2_val --data_root data --output_path impact");
  command->callback([flags, &program] { impact(*flags, program); });
}

}  // namespace sightline
