#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tasks/annotation_support.h"
#include "tasks/task.h"

namespace sightline {

/// An image to be described, with its reference captions.
struct CaptionItem {
  std::string id;
  std::string image;  ///< file name below `CaptionSet::images`
  std::vector<std::string> references;
};

/// Everything a captioning task has read. One sample an image.
struct CaptionSet {
  std::vector<CaptionItem> items;
  std::filesystem::path images;
  std::vector<std::filesystem::path> files;  ///< what was read, for hashes
  int max_new_tokens = 512;
  bool detailed = false;  ///< paragraphs: characters and sentences are counted, NES is asked for
};

/// Rule sets of `caption_scorer`, the default first.
std::vector<std::string> caption_rules();

std::shared_ptr<const Dataset> caption_dataset(std::shared_ptr<const CaptionSet> set);
std::unique_ptr<Scorer> caption_scorer(std::shared_ptr<const CaptionSet> set,
                                       const std::string& rules);

/// The task over a set: what `coco_captions_val`, `docci_*` and a user's own share.
Task caption_task(std::shared_ptr<const CaptionSet> set, std::string split);

}  // namespace sightline
