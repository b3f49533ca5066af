#include "tasks/annotation_support.h"
#include "tasks/declarations.h"
#include "tasks/detection.h"

// COCO detection (Lin et al., ECCV 2014) on val2017.

namespace sightline {

namespace {

constexpr const char* kAnnotations = "coco/annotations/instances_val2017.json";
constexpr const char* kImages = "coco/val2017";

Task open(const TaskSources& sources, const TaskDeclaration::Options& options) {
  DetectionSet set;
  set.files = {source_file(sources.annotations, sources, kAnnotations)};
  set.folder = sources.images.empty() ? sources.data_root / kImages : sources.images;
  set.take(read_coco_instances(set.files[0]));
  return detection_task(std::move(set), options, {{"split", "val2017"}, {"max_boxes", "100"}});
}

}  // namespace

void add_coco_detection_tasks(TaskTable& table) {
  TaskDeclaration task{
      .name = "coco_det_val2017",
      .summary = "COCO detection on val2017: 5,000 images, 80 categories",
      .files = {kAnnotations, std::string(kImages) + "/"},
      .metrics = {"recall@0.5", "precision@0.5", "recall_micro@0.5", "precision_micro@0.5",
                  "recall_ca@0.5", "AP", "AP50", "AP75", "APs", "APm", "APl", "AR@1", "AR@10",
                  "AR@100", "ARs", "ARm", "ARl"}};
  task.options = detection_options();
  task.predictions = {.shape = PredictionFormat::Shape::kDetections, .id_field = "image_id"};
  task.open = open;
  table.add(std::move(task));
}

}  // namespace sightline
