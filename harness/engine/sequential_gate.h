#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "metrics/decision/sequential.h"
#include "models/api/model.h"
#include "results/comparison/gate.h"
#include "results/comparison/run_samples.h"
#include "results/journal.h"
#include "tasks/task.h"

namespace sightline {

/// `run --against BASE --gate RULES`.
struct AgainstSettings {
  std::filesystem::path base;  ///< run folder
  std::vector<GateRule> rules;
};

/// Throws `UsageError` for rules that cannot be decided while a run goes, which need a largest drop
/// and no floor, and unless `tasks` are just those that have rules.
void check_sequential_rules(const std::vector<GateRule>& rules, std::span<const std::string> tasks);

/// Judges one task of a run while it goes. Images are asked about in a seeded random order, and
/// judged in that order whatever the order of the answers, so that neither slow answers nor threads
/// bias the verdict, and a run that was interrupted comes to the same one.
class SequentialTaskGate {
 public:
  /// `indices`: the samples of the run. `all_rules`: how many rules the gate has in all tasks; a
  /// false alarm of any of them has at most the rules' alpha. Throws `MismatchError` (exit 4) where
  /// the base is not comparable with what is about to run, naming the fields; `UsageError` for a
  /// metric whose samples have no score, or none within [0, 1].
  SequentialTaskGate(const TaskSamples& base, const Task& task, const ModelInfo& model,
                     const std::string& geometry, std::span<const std::size_t> indices,
                     const std::vector<GateRule>& rules, std::size_t all_rules, std::uint64_t seed);

  /// The samples in the order in which they are to be asked.
  const std::vector<std::size_t>& order() const { return order_; }
  /// Adds answered samples, in any order. Returns `is_decided()`. Not from several threads at once.
  bool add(std::span<const JournalRow> rows);
  /// No further sample can change the verdict: every rule passed, or one found a regression.
  bool is_decided() const;
  std::vector<GateFinding> findings() const;

 private:
  /// One rule: its gate, and the differences that it was shown.
  struct Judged {
    GateRule rule;
    double sign = 1;           // of base - new, so that a drop is positive
    std::vector<double> base;  // by place in `order_`
    SequentialGate gate;
    std::vector<double> differences;      // new - base of the samples shown
    std::vector<std::uint32_t> clusters;  // of each of them
    SequentialVerdict verdict() const;
  };

  void judge_image(std::size_t begin, std::size_t end);
  GateFinding finding(const Judged& judged) const;

  std::vector<std::size_t> order_;
  std::vector<std::size_t> image_ends_;                  // in `order_`, one an image
  std::unordered_map<std::size_t, std::size_t> places_;  // index -> place in `order_`
  std::vector<std::map<std::string, double>> scores_;    // of answered samples, by place
  std::vector<bool> answered_;
  std::size_t next_image_ = 0;
  std::vector<Judged> judged_;
};

}  // namespace sightline
