#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "results/foreign/foreign_run.h"
#include "tests/support/bad_json.h"

namespace sightline::testing {

inline constexpr const char* kDate = "2026-01-02T03-04-05.678901";

/// A run of one task "t" with metric "acc" on four documents.
struct HandMade {
  nlohmann::json results = {{"results", {{"t", {{"acc,none", 0.5}, {"acc_stderr,none", 0.25}}}}},
                            {"configs", {{"t", {{"num_fewshot", 0}}}}},
                            {"versions", {{"t", 1}}},
                            {"higher_is_better", {{"t", {{"acc", true}}}}},
                            {"config", {{"limit", nullptr}}},
                            {"lm_eval_version", "0.4.9"},
                            {"model_name", "m"}};
  std::vector<nlohmann::json> lines;
  std::string after_lines;  ///< text as it is
  TemporaryFolder folder;

  HandMade() {
    for (int i = 0; i < 4; ++i) {
      lines.push_back({{"doc_id", i},
                       {"doc", {{"image_id", i / 2}}},
                       {"filter", "none"},
                       {"doc_hash", "h" + std::to_string(i)},
                       {"filtered_resps", {"a" + std::to_string(i)}},
                       {"acc", i % 2}});
    }
  }

  std::filesystem::path results_file(const std::string& date = kDate) const {
    return folder / ("m/results_" + date + ".json");
  }
  std::filesystem::path samples(const std::string& date = kDate) const {
    return folder / ("m/samples_t_" + date + ".jsonl");
  }
  void write(const std::string& date = kDate) const {
    write_text(results_file(date), results.dump());
    std::string text;
    for (const nlohmann::json& line : lines) text += line.dump() + "\n";
    write_text(samples(date), text + after_lines);
  }
  RunSamples read() const {
    write();
    return read_foreign_run(folder.path());
  }
  std::string error() const {
    return error_of([&] { read(); });
  }
};

}  // namespace sightline::testing
