#include "harness/engine/impact.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "harness/base/text.h"
#include "harness/engine/child_run.h"
#include "harness/engine/run_samples.h"
#include "harness/engine/stored_run.h"
#include "models/api/precision.h"

namespace sightline {

namespace {

using nlohmann::json;

constexpr int kUsage = 2, kTooManyErrors = 3;

bool ended_well(int exit_code) {
  return exit_code == 0 || exit_code == kTooManyErrors;
}

/// What the model says it computed in, where that is another precision; "" otherwise. Throws
/// `UsageError` where it says nothing: then each further run would be in vain.
std::string other_precision(const json& manifest, const std::string& wanted) {
  const json tasks = manifest.value("tasks", json::object());
  for (const auto& [task, note] : tasks.items()) {
    const std::string said = note.at("model").value("precision", "");
    if (said.empty()) {
      throw UsageError(fmt::format(
          "the model {} does not say that it computes in {}: it takes no --precision, so its runs "
          "would all be the same; impact is for models that do",
          note.at("model").value("name", ""), wanted));
    }
    if (said != wanted) return said;
  }
  return "";
}

/// Takes the results of a run that ended well.
void take_results(const Variant& variant, VariantResult& result) {
  RunResults results = read_results(std::filesystem::path(result.folder) / "results.json");
  const json manifest = json::parse(results.manifest);
  const std::string other =
      variant.precision.empty() ? "" : other_precision(manifest, variant.precision);
  if (!other.empty()) {
    result.exit_code = kUsage;
    result.error = fmt::format("the model {} computed in {} instead", results.model, other);
    return;
  }
  result.peak_memory_bytes = manifest.value("peak_memory_bytes", result.peak_memory_bytes);
  result.results = std::move(results);
}

VariantResult run_variant(const ImpactSettings& settings, const Variant& variant,
                          const std::atomic<bool>& stop) {
  const std::filesystem::path folder = settings.output_path / variant.name;
  std::vector<std::string> words = settings.words;
  words.insert(words.end(), variant.words.begin(), variant.words.end());
  words.insert(words.end(), {"--output_path", folder.string()});
  const ChildEnd end = run_child(
      words, [&](const std::string& line) { fmt::print(stderr, "{}: {}\n", variant.name, line); },
      stop);
  VariantResult result{.name = variant.name,
                       .folder = folder.string(),
                       .results = {},
                       .exit_code = end.exit_code,
                       .error = {},
                       .peak_memory_bytes = end.peak_memory_bytes};
  if (ended_well(end.exit_code)) {
    take_results(variant, result);
  } else {
    result.error = end.error;
  }
  return result;
}

}  // namespace

std::vector<std::string> parse_precisions(const std::string& text) {
  std::vector<std::string> names;
  for (const std::string_view name : split(text, ',')) {
    names.emplace_back(name_of(parse_precision(name)));
    if (std::count(names.begin(), names.end(), names.back()) > 1) {
      throw UsageError(fmt::format("--precisions {}: {} is there twice", text, name));
    }
  }
  if (names.size() < 2) {
    throw UsageError(fmt::format(
        "--precisions {}: want at least two with a comma between them; the others are compared "
        "with the first",
        text));
  }
  return names;
}

ImpactEnd run_impact(const ImpactSettings& settings, const std::atomic<bool>& stop) {
  ImpactEnd end;
  for (const Variant& variant : settings.variants) {
    end.variants.push_back(run_variant(settings, variant, stop));
    if (stop) break;
  }
  end.interrupted = stop;
  return end;
}

ImpactEnd take_runs(const std::vector<std::filesystem::path>& folders, const TaskTable& tasks,
                    const std::filesystem::path& data_root) {
  if (folders.size() < 2) {
    throw UsageError("impact of runs wants at least two; the others are compared with the first");
  }
  ImpactEnd end;
  for (const std::filesystem::path& folder : folders) {
    const std::filesystem::path plain = folder.lexically_normal();
    std::string name = (plain.has_filename() ? plain : plain.parent_path()).filename().string();
    if (std::ranges::find(end.variants, name, &VariantResult::name) != end.variants.end()) {
      name = folder.string();
    }
    VariantResult& result = end.variants.emplace_back();
    result.name = std::move(name);
    result.folder = folder.string();
    result.results = load_run(folder, tasks, data_root);
    const json manifest = json::parse(result.results->manifest);
    result.peak_memory_bytes = manifest.value("peak_memory_bytes", std::int64_t{0});
  }
  return end;
}

void compare_with_first(std::vector<VariantResult>& variants, const TaskTable& tasks,
                        const std::filesystem::path& data_root, const CompareSettings& settings) {
  if (variants.empty() || !variants.front().results) return;
  const RunSamples first = load_run_samples(variants.front().folder, tasks, data_root);
  for (std::size_t i = 1; i < variants.size(); ++i) {
    if (!variants[i].results) continue;
    const RunSamples other = load_run_samples(variants[i].folder, tasks, data_root);
    variants[i].comparison = compare_runs(first, other, settings);
  }
}

int exit_code_of(const ImpactEnd& end) {
  if (end.interrupted) return 130;
  int code = 0;
  for (const VariantResult& variant : end.variants) {
    if (variant.exit_code == kUsage) return kUsage;
    if (variant.exit_code != 0) code = kTooManyErrors;
  }
  return code;
}

}  // namespace sightline
