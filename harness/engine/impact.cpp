#include "harness/engine/impact.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "harness/base/text.h"
#include "harness/engine/child_run.h"
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
void take_results(const std::filesystem::path& folder, PrecisionResult& precision) {
  RunResults results = read_results(folder / "results.json");
  const json manifest = json::parse(results.manifest);
  const std::string other = other_precision(manifest, precision.precision);
  if (!other.empty()) {
    precision.exit_code = kUsage;
    precision.error = fmt::format("the model {} computed in {} instead", results.model, other);
    return;
  }
  precision.peak_memory_bytes = manifest.value("peak_memory_bytes", precision.peak_memory_bytes);
  precision.results = std::move(results);
}

PrecisionResult run_precision(const ImpactSettings& settings, const std::string& name,
                              const std::atomic<bool>& stop) {
  const std::filesystem::path folder = settings.output_path / name;
  std::vector<std::string> words = settings.words;
  words.insert(words.end(), {"--precision", name, "--output_path", folder.string()});
  if (const auto more = settings.more_words.find(name); more != settings.more_words.end()) {
    words.insert(words.end(), more->second.begin(), more->second.end());
  }
  const ChildEnd end = run_child(
      words, [&](const std::string& line) { fmt::print(stderr, "{}: {}\n", name, line); }, stop);
  PrecisionResult precision{.precision = name,
                            .folder = folder.string(),
                            .results = {},
                            .exit_code = end.exit_code,
                            .error = {},
                            .peak_memory_bytes = end.peak_memory_bytes};
  if (ended_well(end.exit_code)) {
    take_results(folder, precision);
  } else {
    precision.error = end.error;
  }
  return precision;
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
  for (const std::string& name : settings.precisions) {
    end.precisions.push_back(run_precision(settings, name, stop));
    if (stop) break;
  }
  end.interrupted = stop;
  return end;
}

int exit_code_of(const ImpactEnd& end) {
  if (end.interrupted) return 130;
  int code = 0;
  for (const PrecisionResult& precision : end.precisions) {
    if (precision.exit_code == kUsage) return kUsage;
    if (precision.exit_code != 0) code = kTooManyErrors;
  }
  return code;
}

}  // namespace sightline
