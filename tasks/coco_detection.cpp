#include <charconv>

#include "harness/base/error.h"
#include "tasks/annotation_support.h"
#include "tasks/declarations.h"
#include "tasks/detection.h"

// COCO detection (Lin et al., ECCV 2014) on val2017.

namespace sightline {

namespace {

constexpr const char* kAnnotations = "coco/annotations/instances_val2017.json";
constexpr const char* kImages = "coco/val2017";

double parse_threshold(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !(value >= 0 && value <= 1)) {
    throw UsageError(fmt::format("score_threshold={}: want a number from 0 to 1", text));
  }
  return value;
}

/// Objects of each image, with categories as positions in the ascending list.
std::vector<std::vector<GroundTruthBox>> by_image(const CocoInstances& instances) {
  std::vector<std::vector<GroundTruthBox>> truths(instances.images.size());
  for (const CocoObject& object : instances.objects) {
    const std::size_t category = find_by_id(instances.categories, object.category_id);
    truths[find_by_id(instances.images, object.image_id)].push_back(
        {object.id, static_cast<std::uint32_t>(category), object.box, object.area, object.crowd});
  }
  return truths;
}

Task open(const TaskSources& sources, const TaskDeclaration::Options& options) {
  auto set = std::make_shared<DetectionSet>();
  set->files = {source_file(sources.annotations, sources, kAnnotations)};
  set->folder = sources.images.empty() ? sources.data_root / kImages : sources.images;
  CocoInstances instances = read_coco_instances(set->files[0]);
  set->truths = by_image(instances);
  set->images = std::move(instances.images);
  set->categories = std::move(instances.categories);
  set->present_only = options.at("categories") == "present";
  set->score_threshold = parse_threshold(options.at("score_threshold"));
  Task task;
  task.version = "1";
  task.kind = Kind::kDetect;
  task.rules = detection_rules();
  task.protocol = {{"split", "val2017"}, {"max_boxes", "100"}};
  task.dataset = detection_dataset(set);
  task.new_scorer = [set](const std::string& rules) { return detection_scorer(set, rules); };
  return task;
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
  task.options = {
      {"categories", "all", "which categories the prompt names", {"all", "present"}},
      {"score_threshold", "0", "least score of a box in recall@0.5 and precision@0.5", {}}};
  task.predictions = {.shape = PredictionFormat::Shape::kDetections, .id_field = "image_id"};
  task.open = open;
  table.add(std::move(task));
}

}  // namespace sightline
