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
  std::vector<std::string> variants, runs;
  CompareSettings compare;
  bool json = false;
};

/// Whether `word` gives the flag `name`: 1 alone, with its value in the next word; 2 as one word.
int gives(const std::string& word, const std::string& name) {
  if (word == name) return 1;
  const bool is_short = name.size() == 2;
  return word.starts_with(is_short ? name : name + "=") ? 2 : 0;
}

/// Takes the flag `name` with its value from the words, wherever it stands.
void remove_flag(const std::string& name, std::vector<std::string>& words) {
  for (std::size_t i = 0; i < words.size();) {
    const auto place = words.begin() + static_cast<std::ptrdiff_t>(i);
    const int given = gives(words[i], name);
    if (given == 0) ++i;
    if (given == 1) words.erase(place, place + 2);
    if (given == 2) words.erase(place);
  }
}

/// The command line as one of `run`, without the flags that are impact's own. What `--config` held
/// stands in it already.
std::vector<std::string> words_of_run(const std::vector<std::string>& arguments) {
  std::vector<std::string> words = arguments;
  *std::find(words.begin(), words.end(), "impact") = "run";
  std::erase(words, "--json");
  for (const char* name : {"--precisions", "--variant", "--allow", "--config", "-C"}) {
    remove_flag(name, words);
  }
  return words;
}

/// Checks what costs nothing, so that it is said once and not by every run.
void check(ImpactFlags& flags, Program& program) {
  RunFlags& run = flags.run;
  if (flags.precisions.empty() == flags.variants.empty()) {
    throw UsageError(
        "impact wants one of --precisions (two or more of fp32, bf16, fp16, int8, nf4), --variant "
        "(several) or the folders of runs");
  }
  if (!run.settings.precision.empty() && !flags.precisions.empty()) {
    throw UsageError("--precision: impact runs several; name them with --precisions");
  }
  read_run_flags(run);
  if (run.settings.output_path.empty()) throw UsageError("--output_path is missing");
  if (run.settings.predict_only) {
    throw UsageError("--predict_only: impact compares scores; leave it out");
  }
  program.registry.require_model(run.settings.model);
  for (const TaskChoice& choice : run.settings.tasks) program.tasks.find(choice.name);
}

/// What the flags of `run` give the model. Its `batch_invariant` the flag adds in each run.
std::map<std::string, std::string> model_args_of(const ImpactFlags& flags) {
  std::map<std::string, std::string> given = parse_pairs(flags.run.settings.model_args);
  if (flags.run.batch_invariant) given.erase("batch_invariant");
  return given;
}

/// The model `native` refuses arguments without an effect: those of a quantisation go only to the
/// precisions that have it, where there is one.
std::vector<Variant> variants_of_precisions(const ImpactFlags& flags) {
  const std::vector<std::string> precisions = parse_precisions(flags.precisions);
  const auto has = [&](const char* name) { return std::ranges::count(precisions, name) > 0; };
  const std::map<std::string, std::string> given = model_args_of(flags);
  std::vector<Variant> variants;
  for (const std::string& precision : precisions) {
    Variant& variant = variants.emplace_back(Variant{precision, precision});
    variant.words = {"--precision", precision};
    if (flags.run.settings.model != "native") continue;
    const bool nf4 = precision == "nf4", quantised = nf4 || precision == "int8";
    std::map<std::string, std::string> kept = given;
    if (has("nf4") && !nf4) kept.erase("double_quant");
    if ((has("nf4") || has("int8")) && !quantised) kept.erase("quantise_vision");
    if (kept.size() == given.size()) continue;
    variant.words.insert(variant.words.end(), {"--model_args", write_pairs(kept)});
  }
  return variants;
}

/// `--variant NAME:k=v,k=v`: the model's arguments with these in place of their own.
std::vector<Variant> variants_of_arguments(const ImpactFlags& flags) {
  std::vector<Variant> variants;
  for (const std::string& text : flags.variants) {
    const std::size_t colon = text.find(':');
    const std::string name = text.substr(0, colon);
    const bool plain =
        !name.empty() && name.find_first_of("/\\") == std::string::npos && name.front() != '.';
    if (!plain || colon == std::string::npos) {
      throw UsageError(fmt::format(
          "--variant {}: want NAME:k=v,k=v with a name that a folder can have, and model arguments "
          "(none behind the colon: as they are)",
          text));
    }
    if (std::ranges::find(variants, name, &Variant::name) != variants.end()) {
      throw UsageError(fmt::format("--variant {}: {} is there twice", text, name));
    }
    std::map<std::string, std::string> arguments = model_args_of(flags);
    for (const auto& [key, value] : parse_pairs(text.substr(colon + 1))) arguments[key] = value;
    variants.push_back({name, "", {"--model_args", write_pairs(arguments)}});
  }
  if (variants.size() < 2) {
    throw UsageError("--variant: want at least two; the others are compared with the first");
  }
  return variants;
}

ImpactEnd run_variants(ImpactFlags& flags, Program& program) {
  check(flags, program);
  return run_impact({.variants = flags.variants.empty() ? variants_of_precisions(flags)
                                                        : variants_of_arguments(flags),
                     .output_path = flags.run.settings.output_path,
                     .words = words_of_run(program.arguments)},
                    stop_on_signals());
}

void impact(ImpactFlags& flags, Program& program) {
  prepare(program);
  const std::filesystem::path data_root = flags.run.settings.sources.data_root;
  ImpactEnd end = flags.runs.empty()
                      ? run_variants(flags, program)
                      : take_runs({flags.runs.begin(), flags.runs.end()}, program.tasks, data_root);
  program.exit_code = exit_code_of(end);
  if (end.interrupted) {
    fmt::print(stderr,
               "interrupted: what was finished is kept; start the same command again to go on\n");
    return;
  }
  compare_with_first(end.variants, program.tasks, data_root, flags.compare);
  const std::string document = impact_json(end.variants).dump(2) + "\n";
  const std::filesystem::path output = flags.run.settings.output_path;
  if (std::filesystem::is_directory(output)) {
    write_file_atomically(output / "impact.json", document);
  }
  fmt::print("{}", flags.json ? document : render_table(lay_out_impact(end.variants)));
}

}  // namespace

void add_impact_command(CLI::App& app, Program& program) {
  CLI::App* command =
      app.add_subcommand("impact", "one model at several precisions, beside the first");
  auto flags = std::make_shared<ImpactFlags>();
  add_run_flags(*command, flags->run);
  command->add_option("runs", flags->runs, "folders of runs that exist, instead of running");
  command->add_option("--precisions", flags->precisions,
                      "fp32,bf16,int8,nf4: each is run into its folder of --output_path");
  command
      ->add_option("--variant", flags->variants,
                   "NAME:k=v,k=v: run with these model arguments; several, instead of precisions")
      ->allow_extra_args(false);
  command
      ->add_option("--allow", flags->compare.allow,
                   "field that may differ from the first variant, as compare has it")
      ->allow_extra_args(false);
  command->add_flag("--json", flags->json, "as one JSON document");
  command->footer(
      "example: sightline impact --model native --model_args path=paligemma --precisions bf16,int8 "
      "--tasks vqav2_val --data_root data --output_path impact");
  command->callback([flags, &program] { impact(*flags, program); });
}

}  // namespace sightline
