#pragma once

#include <string>
#include <vector>

#include "metrics/metric_value.h"

namespace sightline {

/// A number that others published, to stand beside measured ones. It is never a result of a run.
struct PublishedNumber {
  std::string id;      ///< "paligemma2-3b-224-bf16/textvqa_val/textvqa_accuracy"
  std::string label;   ///< model and variant, for tables
  std::string task;    ///< without options: "textvqa_val"
  MetricValue metric;  ///< in the unit of files; `n` is 0 where it is unknown
  std::string
      protocol;      ///< JSON object text: what is known of it, in the words of a task's protocol
  int decimals = 2;  ///< that it was published with, in the unit of tables
  std::string source;
  bool from_memory = false;  ///< nobody read it in the source
};

}  // namespace sightline
