#include "harness/cli/arguments.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/base/parallel.h"
#include "harness/cli/caption_flags.h"
#include "harness/engine/reference_cache.h"
#include "models/api/precision.h"

namespace sightline {

std::vector<std::string> with_underscores(int argc, const char* const* argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  for (std::string& argument : arguments) {
    if (!argument.starts_with("--") || argument.size() == 2) continue;
    const std::size_t end = std::min(argument.find('='), argument.size());
    std::replace(argument.begin() + 2, argument.begin() + static_cast<std::ptrdiff_t>(end), '-',
                 '_');
  }
  return arguments;
}

namespace {

using nlohmann::json;

/// Flags that a configuration file may hold.
std::vector<std::string> flag_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::App* app : {&command, command.get_parent()}) {
    for (const CLI::Option* option : app->get_options()) {
      if (option->get_lnames().empty()) continue;
      const std::string& name = option->get_lnames().front();
      const bool asks = name.starts_with("help") || name == "version" || name == "config";
      if (!asks) names.push_back(name);
    }
  }
  return names;
}

/// A value inside "k=v,k=v".
std::string escape_commas(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == ',') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

/// A JSON value as the text of a flag.
std::string flag_text(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_object()) {
    std::map<std::string, std::string> pairs;
    for (const auto& [key, part] : value.items()) pairs[key] = flag_text(part);
    return write_pairs(pairs);
  }
  if (value.is_array()) {
    std::string list;
    for (const json& part : value) list += (list.empty() ? "" : ",") + flag_text(part);
    return list;
  }
  return value.dump();
}

json read_config(const std::string& file) {
  json config;
  try {
    config = json::parse(read_file(file));
  } catch (const json::exception& error) {
    throw UsageError(fmt::format("--config {}: {}", file, error.what()));
  }
  if (!config.is_object()) throw UsageError(fmt::format("--config {}: want a JSON object", file));
  return config;
}

}  // namespace

std::vector<std::string> expand_config(const CLI::App& command, const std::string& file) {
  const std::vector<std::string> names = flag_names(command);
  std::vector<std::string> arguments;
  const json config = read_config(file);
  for (const auto& [key, value] : config.items()) {
    std::string name = key;
    std::replace(name.begin(), name.end(), '-', '_');
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      throw UsageError(fmt::format("--config {}: there is no setting '{}'{}; there are {}", file,
                                   key, did_you_mean(key, names), fmt::join(names, ", ")));
    }
    if (value.is_boolean()) {
      if (value.get<bool>()) arguments.push_back("--" + name);
    } else {
      arguments.push_back("--" + name + "=" + flag_text(value));
    }
  }
  return arguments;
}

CLI::Validator one_of(std::vector<std::string> words) {
  const std::string all = fmt::format("{}", fmt::join(words, ", "));
  return CLI::Validator(
      [words = std::move(words), all](const std::string& given) -> std::string {
        if (std::find(words.begin(), words.end(), given) != words.end()) return "";
        return fmt::format("'{}' is none of {}{}", given, all, did_you_mean(given, words));
      },
      "{" + all + "}");
}

std::map<std::string, std::string> parse_pairs(const std::string& text) {
  return ModelArgs::parse(text).values();
}

std::string write_pairs(const std::map<std::string, std::string>& pairs) {
  std::string text;
  for (const auto& [key, value] : pairs) {
    text += (text.empty() ? "" : ",") + key + "=" + escape_commas(value);
  }
  return text;
}

void add_cache_flag(CLI::App& command, std::filesystem::path& folder) {
  command.add_option("--cache_dir", folder,
                     "folder that keeps what networks made of reference images, or none (default: "
                     "SIGHTLINE_CACHE, or sightline in the user's cache folder)");
}

void add_source_flags(CLI::App& command, TaskSources& sources) {
  command.add_option("--data_root", sources.data_root,
                     "folder with the official files of the tasks");
  command.add_option("--annotations", sources.annotations,
                     "annotation file, instead of the official one");
  command.add_option("--questions", sources.questions,
                     "question file, instead of the official one");
  command.add_option("--refs", sources.refs, "RefCOCO's refs file, instead of the official one");
  command.add_option("--images", sources.images,
                     "folder of the images, instead of the official one");
  command.add_option("--weights", sources.weights,
                     "folder of the weights of metrics' networks (default: SIGHTLINE_WEIGHTS, or "
                     "\"weights\" under the data root)");
  add_cache_flag(command, sources.cache);
}

void add_compute_flags(CLI::App& command, std::string& precision, std::string& device) {
  const CLI::Validator known(
      [](const std::string& name) -> std::string {
        try {
          parse_precision(name);
          return "";
        } catch (const UsageError& error) {
          return error.message();
        }
      },
      "");
  command
      .add_option("--precision", precision,
                  "fp32, bf16, fp16, int8 or nf4 (default: left to the model)")
      ->check(known);
  command.add_option("--device", device, "cpu or cuda[:N]")->capture_default_str();
}

void add_bootstrap_flag(CLI::App& command, std::size_t& replicates) {
  command.add_option("--bootstrap", replicates,
                     "replicates for intervals of metrics that are no means (AP, CIDEr); 1000 is "
                     "usual");
}

void add_published_flag(CLI::App& command, std::vector<std::string>& files) {
  command
      .add_option("--published", files, "file with published numbers of your own; may be repeated")
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void add_run_flags(CLI::App& command, RunFlags& flags) {
  RunSettings& settings = flags.settings;
  command.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  command.add_option("-M,--model", settings.model, "model adapter (`sightline list models`)");
  command.add_option("-a,--model_args", settings.model_args, "its arguments: k=v,k=v");
  command.add_option("-t,--tasks", flags.tasks, "tasks with options: a,b[ocr=on]");
  add_source_flags(command, settings.sources);
  command.add_option("-o,--output_path", settings.output_path, "folder of the run");
  command.add_option("-L,--limit", settings.selection.limit,
                     "this many samples (or this fraction, below 1), a seeded random subset");
  command.add_option("-E,--samples", flags.samples, "ids, separated by commas, or a file of ids");
  command.add_option("-b,--batch_size", flags.batch_size, "requests at a time, or auto")
      ->capture_default_str();
  command.add_flag("-s,--log_samples", settings.log_samples, "write samples_<task>.jsonl");
  command.add_option("-c,--use_cache", flags.cache,
                     "answer cache shared between runs (the journal itself always resumes)");
  command.add_flag("--no_cache", flags.no_cache, "do not read answers from a cache");
  command.add_option("--gen_kwargs", flags.gen_kwargs, "decoding settings: k=v,k=v");
  command.add_option("--seed", settings.selection.seed, "of subsets and sampling")
      ->capture_default_str();
  command.add_option("-C,--config", flags.config, "JSON file with any of these flags");
  command.add_flag("-x,--predict_only", settings.predict_only,
                   "write the answers in the official format, compute no scores");
  command.add_option("--shard", flags.shard, "i/n: only this part of the samples; see merge");
  command.add_option("--num_threads", flags.threads, "threads (0: all processors)")
      ->capture_default_str();
  add_compute_flags(command, settings.precision, settings.device);
  command
      .add_option("--max_errors", settings.max_errors,
                  "failed samples, N or P%, above which the exit code is 3")
      ->capture_default_str();
  command.add_option("--progress", flags.progress, "auto, none or plain")->capture_default_str();
  command.add_flag("--batch_invariant", flags.batch_invariant,
                   "model native: answers do not depend on what is computed beside them, on a GPU "
                   "too; slower there");
  command.add_flag("--fresh", settings.fresh, "discard what an earlier run left in the folder");
  command.add_flag("--retry_failed", settings.retry_failed, "ask again where a sample failed");
  add_judge_flags(command, settings.judge);
  add_bootstrap_flag(command, settings.bootstrap_replicates);
}

namespace {

std::size_t parse_batch_size(const std::string& text) {
  if (text == "auto") return 0;
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value == 0) {
    throw UsageError(fmt::format("--batch_size {}: want a whole number from 1, or auto", text));
  }
  return value;
}

/// On a CPU every product is so, and the model takes no such argument there.
void add_batch_invariance(RunSettings& settings) {
  if (settings.model != "native") {
    throw UsageError(fmt::format(
        "--batch_invariant: only the model native can promise that, and this is {}; leave it out",
        settings.model));
  }
  if (settings.device == "cpu") return;
  settings.model_args += settings.model_args.empty() ? "" : ",";
  settings.model_args += "batch_invariant=on";
}

}  // namespace

void read_run_flags(RunFlags& flags) {
  RunSettings& settings = flags.settings;
  if (settings.model.empty())
    throw UsageError("--model is missing; `sightline list models` shows all");
  if (flags.tasks.empty()) throw UsageError("--tasks is missing; `sightline list tasks` shows all");
  if (!flags.cache.empty()) {
    throw UsageError(
        "--use_cache: answer caches are not part of this version; a run resumes from "
        "its own journal without one");
  }
  settings.sources.cache = cache_folder(settings.sources.cache);
  if (flags.batch_invariant) add_batch_invariance(settings);
  settings.tasks = parse_task_choices(flags.tasks);
  settings.batch_size = parse_batch_size(flags.batch_size);
  settings.progress = parse_progress_mode(flags.progress);
  settings.gen_kwargs = parse_pairs(flags.gen_kwargs);
  if (!flags.samples.empty()) settings.selection.samples = parse_sample_ids(flags.samples);
  if (!flags.shard.empty()) settings.selection.shard = parse_shard(flags.shard);
  settings.judge.device = settings.device;
  set_thread_count(flags.threads);
}

}  // namespace sightline
