#pragma once

#include <memory>
#include <string>
#include <vector>

#include "metrics/detection/box.h"
#include "tasks/coco_annotations.h"
#include "tasks/task.h"

namespace sightline {

/// Everything a COCO-style detection task has read.
struct DetectionSet {
  std::vector<CocoImage> images;                    ///< ascending id
  std::vector<Category> categories;                 ///< ascending id
  std::vector<std::vector<GroundTruthBox>> truths;  ///< [image]; categories by index
  std::filesystem::path folder;                     ///< of the images
  std::vector<std::filesystem::path> files;         ///< what was read, for hashes
  bool present_only = false;   ///< ask only for the categories that occur in the image
  double score_threshold = 0;  ///< of recall@0.5 and precision@0.5
};

/// Rule sets of `detection_scorer`, the default first: what stands for the score of a box.
std::vector<std::string> detection_rules();

std::shared_ptr<const Dataset> detection_dataset(std::shared_ptr<const DetectionSet> set);
std::unique_ptr<Scorer> detection_scorer(std::shared_ptr<const DetectionSet> set,
                                         const std::string& rules);

}  // namespace sightline
