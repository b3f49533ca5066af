#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "metrics/detection/box.h"
#include "metrics/detection/lvis.h"
#include "tasks/coco_annotations.h"
#include "tasks/task.h"

namespace sightline {

/// What LVIS says beside its objects; categories by index, ascending.
struct FederatedLabels {
  std::vector<std::vector<std::uint32_t>> negative;        ///< [image] known to be absent
  std::vector<std::vector<std::uint32_t>> not_exhaustive;  ///< [image] not all objects annotated
  std::vector<LvisFrequency> frequencies;                  ///< [category]
};

/// Everything a COCO-style detection task has read.
struct DetectionSet {
  std::vector<CocoImage> images;                    ///< ascending id
  std::vector<Category> categories;                 ///< ascending id
  std::vector<std::vector<GroundTruthBox>> truths;  ///< [image]; categories by index
  std::filesystem::path folder;                     ///< of the images
  std::vector<std::filesystem::path> files;         ///< what was read, for hashes
  std::optional<FederatedLabels> federated = {};    ///< LVIS: evaluated by its rules
  bool present_only = false;   ///< ask only for the categories that occur in the image
  double score_threshold = 0;  ///< of recall@0.5 and precision@0.5

  /// Takes images, categories and objects from a file's content.
  void take(CocoInstances instances);
};

/// Rule sets of `detection_scorer`, the default first.
std::vector<std::string> detection_rules(const DetectionSet& set);

std::shared_ptr<const Dataset> detection_dataset(std::shared_ptr<const DetectionSet> set);
/// The objects of an image; those that stand for a crowd say so in their labels.
SampleReference detection_reference(const DetectionSet& set, std::size_t index);
std::unique_ptr<Scorer> detection_scorer(std::shared_ptr<const DetectionSet> set,
                                         const std::string& rules);

/// The options of every box detection task, and a task with them on what was read.
std::vector<TaskOption> detection_options();
Task detection_task(DetectionSet set, const TaskDeclaration::Options& options,
                    std::map<std::string, std::string> protocol);

}  // namespace sightline
