#pragma once

#include <span>
#include <string>
#include <vector>

#include "results/comparison/comparison.h"

namespace sightline {

/// Every field in which two runs of a task differ that must agree for their numbers to be
/// comparable: the protocol ("protocol.max_new_tokens"), "rules", "task version", what
/// `conditions` holds ("data.file.json"), "samples", the rules of single metrics, and for one and
/// the same model "model.prompt_style" and "model.geometry". `allow` names fields that may differ:
/// by their path, its last part, or a part at its beginning ("protocol", "data").
std::vector<ConditionDifference> condition_differences(const TaskSamples& base,
                                                       const TaskSamples& next,
                                                       std::span<const std::string> allow);

}  // namespace sightline
