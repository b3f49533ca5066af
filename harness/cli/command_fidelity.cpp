#include <cmath>
#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "harness/base/parallel.h"
#include "harness/base/text.h"
#include "harness/cli/arguments.h"
#include "harness/cli/program.h"
#include "harness/engine/fidelity.h"

namespace sightline {

namespace {

using nlohmann::ordered_json;

struct FidelityFlags {
  FidelitySettings settings;
  std::string metrics, rules;
  std::filesystem::path cache;
  std::size_t threads = 0;
  bool json = false;
};

ordered_json to_number(const std::optional<double>& value) {
  if (!value || std::isnan(*value)) return nullptr;
  if (std::isinf(*value)) return *value > 0 ? "inf" : "-inf";
  return *value;
}

ordered_json metric_json(const FidelityMetric& metric) {
  ordered_json entry = {{"value", to_number(metric.value.value)}, {"rules", metric.rules}};
  if (metric.value.standard_error) entry["stderr"] = *metric.value.standard_error;
  entry["n"] = metric.value.n;
  if (metric.n_reference > 0) entry["n_reference"] = metric.n_reference;
  if (!metric.features.empty()) entry["features"] = metric.features;
  if (!metric.value.note.empty()) entry["note"] = metric.value.note;
  return entry;
}

ordered_json pairs_json(const PairValues& pairs) {
  ordered_json document = ordered_json::object();
  for (std::size_t i = 0; i < pairs.names.size(); ++i) {
    ordered_json& entry = document[pairs.names[i]] = ordered_json::object();
    for (std::size_t m = 0; m < pairs.metrics.size(); ++m) {
      if (!is_per_pair(*pairs.metrics[m])) continue;
      entry[std::string(pairs.metrics[m]->key)] = to_number(pairs.values[m][i]);
    }
  }
  return document;
}

void print_json(const FidelityResult& result) {
  ordered_json document = {{"metrics", ordered_json::object()}};
  for (const FidelityMetric& metric : result.metrics) {
    document["metrics"][metric.value.key] = metric_json(metric);
  }
  for (const ReferenceUse& use : result.reference) {
    document["reference_statistics"].push_back({{"resizing", name_of(use.input)},
                                                {"cache", use.hit ? "hit" : "miss"},
                                                {"file", use.file.string()}});
  }
  if (result.pairs) document["pairs"] = pairs_json(*result.pairs);
  fmt::print("{}\n", document.dump(2, ' ', false, ordered_json::error_handler_t::replace));
}

std::string shown(const MetricValue& metric) {
  if (!metric.value) return "–";
  const std::string number = fmt::format("{:.6g}", *metric.value);
  return metric.standard_error ? fmt::format("{} ± {:.2g}", number, *metric.standard_error)
                               : number;
}

void print_table(const FidelityResult& result) {
  fmt::print("{:<24}{:<26}{:>10}  {}\n", "metric", "value", "n", "rules");
  for (const FidelityMetric& metric : result.metrics) {
    const MetricValue& value = metric.value;
    const std::string label = value.key + (value.higher_is_better ? "" : " ↓");
    fmt::print("{:<24}{:<26}{:>10}  {}\n", label, shown(value), value.n, metric.rules);
    if (!value.note.empty()) fmt::print("  {}\n", value.note);
  }
  for (const ReferenceUse& use : result.reference) {
    fmt::print(stderr, "statistics of the reference ({}): cache {}, {}\n", name_of(use.input),
               use.hit ? "hit" : "miss", use.file.string());
  }
}

std::vector<std::string> split_list(const std::string& text, const char* flag) {
  std::vector<std::string> items;
  for (const std::string_view item : split(text, ',')) {
    if (item.empty()) throw UsageError(fmt::format("{} {}: a name is empty", flag, text));
    items.emplace_back(item);
  }
  return items;
}

void measure_and_print(FidelityFlags& flags, Program& program) {
  prepare(program);
  set_thread_count(flags.threads);
  flags.settings.metrics = split_list(flags.metrics, "--metrics");
  if (!flags.rules.empty()) flags.settings.rules = split_list(flags.rules, "--rules");
  const ReferenceCache cache(cache_folder(flags.cache), [](const std::string& text) {
    fmt::print(stderr, "warning: {}\n", text);
  });
  flags.settings.cache = &cache;
  const FidelityResult result = measure_fidelity(flags.settings, program.registry);
  if (flags.json) {
    print_json(result);
  } else {
    print_table(result);
  }
}

std::string metrics_help() {
  std::string names;
  for (const FidelityMetricEntry& metric : fidelity_metrics()) {
    names += (names.empty() ? "" : ", ") + metric.name;
  }
  return names;
}

std::string rules_help() {
  std::string names;
  for (const FidelityMetricEntry& metric : fidelity_metrics()) {
    for (std::size_t i = 1; i < metric.rules.size(); ++i) {
      names += (names.empty() ? "" : ", ") + metric.rules[i];
    }
  }
  return names;
}

}  // namespace

void add_fidelity_command(CLI::App& app, Program& program) {
  CLI::App* command = app.add_subcommand("fidelity", "metrics of sets of images: FID, PSNR, ...");
  auto flags = std::make_shared<FidelityFlags>();
  FidelitySettings& settings = flags->settings;
  command
      ->add_option("--input1", settings.input1,
                   "what is judged: a folder of images, .npy of features [N, D] or of images "
                   "[N, H, W, 3], .npz of statistics")
      ->required();
  command->add_option("--input2", settings.input2, "the reference, in the same forms");
  command->add_option("-m,--metrics", flags->metrics, "a list of: " + metrics_help())->required();
  command->add_option("--rules", flags->rules,
                      "variants instead of the defaults, a list of: " + rules_help());
  command
      ->add_option("--protocol", settings.protocol,
                   "whose evaluation, for the defaults of --rules: pytorch-fid, flowmo (the same), "
                   "or adm (fid/tf, sfid/adm, is/adm, prc/adm)")
      ->capture_default_str();
  command->add_option("--weights", settings.weights,
                      "folder of network weights (default: SIGHTLINE_WEIGHTS)");
  add_cache_flag(*command, flags->cache);
  command->add_option("--device", settings.device, "cpu or cuda[:N]")->capture_default_str();
  command->add_option("-b,--batch_size", settings.batch_size,
                      "images a pass (0: a fitting number)");
  command->add_flag("--keep_features", settings.keep_features,
                    "keep all features, for FID extrapolated to infinitely many images");
  command->add_option("--kid_subsets", settings.kid_subsets)->capture_default_str();
  command->add_option("--kid_subset_size", settings.kid_subset_size)->capture_default_str();
  command->add_option("--save_statistics1", settings.save_statistics1,
                      "write means and covariances of input1 to this .npz");
  command->add_option("--save_statistics2", settings.save_statistics2, "the same of input2");
  command->add_option("--num_threads", flags->threads, "threads (0: all processors)");
  command->add_flag("--json", flags->json, "as one JSON document");
  command->footer(
      "example: sightline fidelity --input1 samples --input2 originals --metrics psnr,ssim,fid");
  command->callback([flags, &program] { measure_and_print(*flags, program); });
}

}  // namespace sightline
