#include "harness/base/error.h"
#include "harness/base/json_reader.h"
#include "harness/base/parallel.h"
#include "metrics/detection/coco_evaluator.h"
#include "metrics/detection/coco_resampler.h"
#include "metrics/masks/mask_overlap.h"
#include "metrics/masks/polygon_mask.h"
#include "tasks/annotation_support.h"
#include "tasks/declarations.h"
#include "tasks/detection.h"

// COCO instance segmentation (Lin et al., ECCV 2014) on val2017.

namespace sightline {

namespace {

constexpr const char* kAnnotations = "coco/annotations/instances_val2017.json";
constexpr const char* kImages = "coco/val2017";
constexpr const char* kRules = "coco/pycocotools-segm";

/// Ground truths of an image, in the file's order.
struct ImageTruths {
  std::vector<TruthTraits> traits;
  std::vector<Mask> masks;
};

struct CocoMaskSet {
  std::shared_ptr<const DetectionSet> objects;
  std::vector<ImageTruths> truths;  ///< [image]
};

class CocoMaskScorer final : public Scorer {
 public:
  explicit CocoMaskScorer(std::shared_ptr<const CocoMaskSet> set)
      : set_(std::move(set)),
        coco_({}, set_->objects->categories.size()),
        counted_(set_->objects->categories.size()) {}

  SampleScore update(std::size_t index, const Answer& answer) override;
  void merge(Scorer& other) override;
  TaskScores compute() const override;
  std::map<std::string, ResampledNumber> resampled(const Bootstrap& bootstrap) const override;

 private:
  struct Detections {
    std::vector<DetectionTraits> traits;
    std::vector<Mask> masks;
  };

  Detections known_detections(const CocoImage& image, const Answer& answer);
  bool is_shown(std::string_view statistic) const {
    return unscored_ == 0 || !statistic.starts_with("AP");
  }
  std::string note_on(std::string_view statistic) const;

  std::shared_ptr<const CocoMaskSet> set_;
  CocoEvaluator coco_;
  std::vector<std::int64_t> counted_;  // ground truths that are no crowd, by category
  std::int64_t unscored_ = 0;          // masks without a score
  std::int64_t unknown_ = 0;           // masks whose category is none
};

SampleScore CocoMaskScorer::update(std::size_t index, const Answer& answer) {
  const CocoImage& image = set_->objects->images[index];
  const ImageTruths& truths = set_->truths[index];
  const Detections found =
      with_context([&] { return fmt::format("scoring the masks of image {}", image.id); },
                   [&] { return known_detections(image, answer); });
  std::vector<GroundTruthMask> shapes;
  for (std::size_t i = 0; i < truths.masks.size(); ++i) {
    const TruthTraits& traits = truths.traits[i];
    shapes.push_back({&truths.masks[i], traits.crowd});
    if (!traits.crowd) ++counted_[traits.category];
  }
  coco_.update(truths.traits, found.traits,
               find_mask_overlaps(shapes, found.masks, coco_.parameters().iou_thresholds.front()));
  return {};
}

CocoMaskScorer::Detections CocoMaskScorer::known_detections(const CocoImage& image,
                                                            const Answer& answer) {
  Detections found;
  for (const PredictedMask& mask : answer.masks) {
    const std::size_t category = find_by_id(set_->objects->categories, mask.category_id);
    if (category == set_->objects->categories.size()) {
      ++unknown_;
      continue;
    }
    if (!mask.score) ++unscored_;
    found.masks.push_back(segmentation_mask(mask.segmentation, image.height, image.width));
    found.traits.push_back({static_cast<std::uint32_t>(category), mask.score.value_or(1),
                            static_cast<double>(found.masks.back().area())});
  }
  return found;
}

void CocoMaskScorer::merge(Scorer& other) {
  auto& next = dynamic_cast<CocoMaskScorer&>(other);
  coco_.merge(std::move(next.coco_));
  for (std::size_t c = 0; c < counted_.size(); ++c) counted_[c] += next.counted_[c];
  unscored_ += next.unscored_;
  unknown_ += next.unknown_;
}

std::string CocoMaskScorer::note_on(std::string_view statistic) const {
  if (!is_shown(statistic)) {
    return fmt::format("{} masks have no score, so there is no average precision", unscored_);
  }
  if (unknown_ == 0) return "";
  return fmt::format("{} masks with a category that the data set lacks left out", unknown_);
}

TaskScores CocoMaskScorer::compute() const {
  TaskScores scores;
  const CocoResult result = coco_.compute();
  for (const CocoStatistic& statistic : coco_statistics(result)) {
    MetricValue metric{.key = std::string(statistic.name), .value = {}, .standard_error = {}};
    if (is_shown(statistic.name)) metric.value = statistic.value;
    metric.n = static_cast<std::int64_t>(coco_.images());
    metric.note = note_on(statistic.name);
    scores.metrics.push_back(std::move(metric));
  }
  for (std::size_t c = 0; c < counted_.size(); ++c) {
    if (counted_[c] == 0) continue;
    BreakdownGroup& group = scores.breakdowns["category"][set_->objects->categories[c].name];
    group.n = counted_[c];
    if (!is_shown("AP")) continue;
    const CocoCategoryPrecision precision = coco_category_precision(result, c);
    if (precision.ap) group.values["AP"] = *precision.ap;
    if (precision.ap50) group.values["AP50"] = *precision.ap50;
  }
  return scores;
}

/// The twelve numbers in the order of `coco_statistics`.
std::vector<DetectionNumber> twelve_numbers(const CocoParameters& parameters) {
  constexpr auto kPrecision = DetectionNumber::Kind::kAveragePrecision;
  constexpr auto kRecall = DetectionNumber::Kind::kAverageRecall;
  const std::size_t most = parameters.max_detections.size() - 1;
  std::vector<DetectionNumber> numbers = {
      {kPrecision, {.max_detections = most}},
      {kPrecision, {.iou_threshold = 0, .max_detections = most}},
      {kPrecision, {.iou_threshold = 5, .max_detections = most}}};
  for (std::size_t area = 1; area < parameters.areas.size(); ++area) {
    numbers.push_back({kPrecision, {.area = area, .max_detections = most}});
  }
  for (std::size_t limit = 0; limit <= most; ++limit) {
    numbers.push_back({kRecall, {.max_detections = limit}});
  }
  for (std::size_t area = 1; area < parameters.areas.size(); ++area) {
    numbers.push_back({kRecall, {.area = area, .max_detections = most}});
  }
  return numbers;
}

std::map<std::string, ResampledNumber> CocoMaskScorer::resampled(const Bootstrap& bootstrap) const {
  if (coco_.images() == 0) return {};
  const CocoResampler resampler(coco_, twelve_numbers(coco_.parameters()));
  auto found = resample(
      coco_.images(), bootstrap,
      [&](std::span<const std::uint32_t> weights) { return resampler.compute(weights); },
      kFractions);
  const auto names = coco_statistics(CocoResult({}, 1));
  std::map<std::string, ResampledNumber> by_name;
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (is_shown(names[i].name)) by_name[std::string(names[i].name)] = std::move(found[i]);
  }
  return by_name;
}

/// An annotation's place in its image.
struct Place {
  std::size_t image = 0, object = 0;
};

/// Adds the annotations to the truths of their images, without their masks.
std::vector<Place> place_objects(const CocoInstances& instances, DetectionSet& objects,
                                 std::vector<ImageTruths>& truths) {
  objects.truths.resize(instances.images.size());
  truths.resize(instances.images.size());
  std::vector<Place> places;
  for (const CocoObject& object : instances.objects) {
    const std::size_t image = find_by_id(instances.images, object.image_id);
    const auto category =
        static_cast<std::uint32_t>(find_by_id(instances.categories, object.category_id));
    places.push_back({image, truths[image].traits.size()});
    objects.truths[image].push_back({object.id, category, object.box, object.area, object.crowd});
    // As in pycocotools, a ground truth with id 0 is never found.
    truths[image].traits.push_back({category, object.area, object.crowd, object.id == 0});
  }
  return places;
}

/// Makes the masks of all annotations, images in parallel.
void make_masks(const std::vector<CocoImage>& images, const std::vector<Place>& places,
                const std::vector<Segmentation>& shapes, const DetectionSet& objects,
                std::vector<ImageTruths>& truths) {
  std::vector<std::vector<const Segmentation*>> by_image(images.size());
  for (std::size_t i = 0; i < places.size(); ++i) by_image[places[i].image].push_back(&shapes[i]);
  constexpr std::size_t kGrain = 16;
  parallel_for(images.size(), kGrain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t image = begin; image < end; ++image) {
      for (std::size_t i = 0; i < by_image[image].size(); ++i) {
        const auto where = [&] {
          return fmt::format("making the mask of annotation {} of image {} in {}",
                             objects.truths[image][i].id, images[image].id,
                             objects.files[0].string());
        };
        truths[image].masks.push_back(with_context(where, [&] {
          return segmentation_mask(*by_image[image][i], images[image].height, images[image].width);
        }));
      }
    }
  });
}

std::shared_ptr<const CocoMaskSet> read_set(const TaskSources& sources) {
  auto objects = std::make_shared<DetectionSet>();
  objects->files = {source_file(sources.annotations, sources, kAnnotations)};
  objects->folder = sources.images.empty() ? sources.data_root / kImages : sources.images;
  std::vector<Segmentation> shapes;
  const auto read_shape = [&](JsonRecord& record, const CocoObject&) {
    shapes.push_back(record.segmentation("segmentation"));
  };
  CocoInstances instances =
      read_coco_instances(objects->files[0], {.image = {}, .category = {}, .object = read_shape});
  auto set = std::make_shared<CocoMaskSet>();
  const std::vector<Place> places = place_objects(instances, *objects, set->truths);
  make_masks(instances.images, places, shapes, *objects, set->truths);
  objects->images = std::move(instances.images);
  objects->categories = std::move(instances.categories);
  set->objects = std::move(objects);
  return set;
}

Task open(const TaskSources& sources, const TaskDeclaration::Options& /*options*/) {
  const std::shared_ptr<const CocoMaskSet> set = read_set(sources);
  Task task;
  task.version = "1";
  task.kind = Kind::kDetect;
  task.rules = {kRules};
  task.protocol = {{"split", "val2017"}, {"max_masks", "100"}};
  task.dataset = detection_dataset(set->objects);
  task.reference = [set](std::size_t index) {
    return detection_reference(*set->objects, index);
  };
  task.new_scorer = [set](const std::string& rules) -> std::unique_ptr<Scorer> {
    if (rules != kRules) {
      throw UsageError(
          fmt::format("there are no segmentation rules named '{}'; there is {}", rules, kRules));
    }
    return std::make_unique<CocoMaskScorer>(set);
  };
  task.check = [set](std::size_t index, const Answer& answer) {
    const CocoImage& image = set->objects->images[index];
    for (const PredictedMask& mask : answer.masks) {
      check_size(mask.segmentation, image.height, image.width);
    }
  };
  return task;
}

}  // namespace

void add_coco_segmentation_tasks(TaskTable& table) {
  TaskDeclaration task{
      .name = "coco_seg_val2017",
      .summary = "COCO instance segmentation on val2017: 5,000 images, 80 categories",
      .files = {kAnnotations, std::string(kImages) + "/"},
      .metrics = {"AP", "AP50", "AP75", "APs", "APm", "APl", "AR@1", "AR@10", "AR@100", "ARs",
                  "ARm", "ARl"}};
  task.predictions = {.shape = PredictionFormat::Shape::kMasks, .id_field = "image_id"};
  task.open = open;
  table.add(std::move(task));
}

}  // namespace sightline
