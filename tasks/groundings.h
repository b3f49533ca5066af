#pragma once

#include <memory>
#include <string>
#include <vector>

#include "harness/base/box.h"
#include "tasks/annotation_support.h"
#include "tasks/task.h"

namespace sightline {

/// An expression that refers to one object of an image.
struct Expression {
  std::string id;      ///< the sentence's
  std::string ref_id;  ///< of the object referred to; "" where there is none
  std::string image;   ///< file name below `GroundingSet::images`
  std::string text;
  std::uint32_t cluster = 0;
  Box box;
  int width = 0, height = 0;  ///< of the image; 0: unknown
  std::int64_t object = 0;    ///< id of the object's annotation
};

/// Everything a grounding task has read.
struct GroundingSet {
  std::vector<Expression> expressions;
  std::string split;
  std::filesystem::path images;
  std::vector<std::filesystem::path> files;  ///< what was read, for hashes
  int max_new_tokens = 64;
};

/// Rule sets of `grounding_scorer`, the default first.
std::vector<std::string> grounding_rules();

std::shared_ptr<const Dataset> grounding_dataset(std::shared_ptr<const GroundingSet> set);
/// The box of the object that an expression means.
SampleReference grounding_reference(const GroundingSet& set, std::size_t index);
/// acc@0.5 and mean_iou of the first box of each answer.
std::unique_ptr<Scorer> grounding_scorer(std::shared_ptr<const GroundingSet> set,
                                         const std::string& rules);

}  // namespace sightline
