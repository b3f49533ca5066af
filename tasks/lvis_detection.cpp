#include <algorithm>
#include <unordered_map>

#include "harness/base/error.h"
#include "harness/base/json_reader.h"
#include "tasks/annotation_support.h"
#include "tasks/declarations.h"
#include "tasks/detection.h"

// LVIS (Gupta, Dollar and Girshick, CVPR 2019): boxes of about 1,200 categories on images of COCO,
// annotated federatedly. Reads v1 and v0.5.

namespace sightline {

namespace {

constexpr const char* kImages = "coco";

/// What the file says of an image, by category id.
struct ImageLabels {
  std::vector<std::int64_t> negative, not_exhaustive;
};

/// "val2017/000000000139.jpg" from "http://images.cocodataset.org/val2017/000000000139.jpg".
std::string image_name(JsonRecord& record) {
  const std::string_view url = record.text("coco_url");
  const std::size_t name = url.rfind('/');
  const std::size_t folder = name == std::string_view::npos || name == 0 ? std::string_view::npos
                                                                         : url.rfind('/', name - 1);
  if (folder == std::string_view::npos || folder + 1 == name || name + 1 == url.size()) {
    record.fail_field("coco_url", fmt::format("is '{}', want an address that ends in a folder and "
                                              "a file, as /val2017/000000000139.jpg",
                                              url));
  }
  return std::string(url.substr(folder + 1));
}

LvisFrequency read_frequency(JsonRecord& record) {
  const std::string_view letter = record.text("frequency");
  if (letter == "r") return LvisFrequency::kRare;
  if (letter == "c") return LvisFrequency::kCommon;
  if (letter == "f") return LvisFrequency::kFrequent;
  record.fail_field("frequency", fmt::format("is '{}', want 'r', 'c' or 'f'", letter));
}

/// Ids as indices into the categories, ascending.
std::vector<std::uint32_t> indices_of(const std::vector<std::int64_t>& ids, const DetectionSet& set,
                                      const CocoImage& image, std::string_view field) {
  std::vector<std::uint32_t> indices;
  for (const std::int64_t id : ids) {
    const std::size_t index = find_by_id(set.categories, id);
    require(index < set.categories.size(),
            "{}: image {}: '{}' holds {}, which is not among 'categories'", set.files[0].string(),
            image.id, field, id);
    indices.push_back(static_cast<std::uint32_t>(index));
  }
  std::sort(indices.begin(), indices.end());
  return indices;
}

void read_lvis(DetectionSet& set) {
  std::unordered_map<std::int64_t, ImageLabels> labels;         // by image id
  std::unordered_map<std::int64_t, LvisFrequency> frequencies;  // by category id
  CocoExtensions extensions;
  extensions.image = [&](JsonRecord& record, CocoImage& image) {
    image.file_name = image_name(record);
    labels[image.id] = {record.integers("neg_category_ids"),
                        record.integers("not_exhaustive_category_ids")};
  };
  extensions.category = [&](JsonRecord& record, const Category& category) {
    frequencies[category.id] = read_frequency(record);
  };
  set.take(read_coco_instances(set.files[0], extensions));
  // lvis-api knows no crowds.
  for (std::vector<GroundTruthBox>& truths : set.truths) {
    for (GroundTruthBox& truth : truths) truth.crowd = false;
  }
  FederatedLabels& federated = set.federated.emplace();
  for (const CocoImage& image : set.images) {
    const ImageLabels& of = labels.at(image.id);
    federated.negative.push_back(indices_of(of.negative, set, image, "neg_category_ids"));
    federated.not_exhaustive.push_back(
        indices_of(of.not_exhaustive, set, image, "not_exhaustive_category_ids"));
  }
  for (const Category& category : set.categories) {
    federated.frequencies.push_back(frequencies.at(category.id));
  }
}

void add_lvis_task(TaskTable& table, const std::string& split, const std::string& summary) {
  const std::string annotations = "lvis/lvis_v1_" + split + ".json";
  TaskDeclaration task{.name = "lvis_det_" + split,
                       .summary = summary,
                       .files = {annotations, "coco/val2017/", "coco/train2017/"},
                       .metrics = {"AP", "AP50", "AP75", "APs", "APm", "APl", "APr", "APc", "APf",
                                   "AR@300", "ARs@300", "ARm@300", "ARl@300", "recall@0.5",
                                   "precision@0.5", "recall_micro@0.5", "precision_micro@0.5"}};
  task.options = detection_options();
  task.predictions = {.shape = PredictionFormat::Shape::kDetections, .id_field = "image_id"};
  task.open = [annotations, split](const TaskSources& sources,
                                   const TaskDeclaration::Options& options) {
    DetectionSet set;
    set.files = {source_file(sources.annotations, sources, annotations)};
    set.folder = sources.images.empty() ? sources.data_root / kImages : sources.images;
    read_lvis(set);
    return detection_task(std::move(set), options, {{"split", split}, {"max_boxes", "300"}});
  };
  table.add(std::move(task));
}

}  // namespace

void add_lvis_detection_tasks(TaskTable& table) {
  add_lvis_task(table, "val", "LVIS v1 detection, validation: 19,809 images, 1,203 categories");
  add_lvis_task(table, "minival", "LVIS v1 detection, the 4,809 validation images in COCO val2017");
}

}  // namespace sightline
