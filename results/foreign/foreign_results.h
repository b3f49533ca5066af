#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "metrics/metric_value.h"
#include "results/foreign/foreign_samples.h"

namespace sightline {

/// The results file of lm-evaluation-harness or lmms-eval, as Python wrote it.
class ForeignResults {
 public:
  /// Throws `Error` when the file is no JSON object with an object `results`.
  explicit ForeignResults(std::filesystem::path file);

  const std::string& origin() const { return origin_; }  ///< "lm-evaluation-harness", "lmms-eval"
  std::string model() const;                             ///< the model's name
  std::string rules() const;                             ///< origin with its version, where known

  /// Tasks with documents of their own, in order of names, and groups of such tasks.
  std::vector<std::string> tasks() const;
  std::vector<std::string> groups() const;

  /// What `results` says of a task: the metrics, those of its `metric_list` first, without values
  /// that are no numbers. Throws `Error` naming the field.
  struct Metric {
    ForeignMetric name;
    MetricValue value;
    bool has_direction = false;  ///< `higher_is_better` says it
    bool is_number = true;       ///< number, null or "N/A"
    std::string aggregation;     ///< of `metric_list`; "" where unknown
  };
  std::vector<Metric> metrics(const std::string& task) const;

  std::string version(const std::string& task) const;
  /// All settings of the task and the run that change what a score means; those that are null are
  /// left out. Addresses in Python's words for functions are taken away.
  nlohmann::json protocol(const std::string& task) const;
  /// Documents of the data set, and of them those asked; 0 where not said.
  std::int64_t documents(const std::string& task) const;
  std::int64_t documents_asked(const std::string& task) const;
  /// The fields that say which model it was.
  nlohmann::json identity() const;

 private:
  const nlohmann::json* find(const std::string& field, const std::string& name) const;
  std::int64_t count(const std::string& task, const char* name) const;
  std::string find_origin() const;
  bool is_group(const std::string& task) const;

  std::filesystem::path file_;
  std::shared_ptr<const nlohmann::json> document_;
  std::string origin_;
};

}  // namespace sightline
