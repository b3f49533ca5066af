#include "tasks/detection.h"

#include <algorithm>

#include "harness/base/error.h"
#include "metrics/detection/coco_evaluator.h"
#include "metrics/detection/fixed_threshold.h"
#include "tasks/annotation_support.h"

namespace sightline {

namespace {

class DetectionDataset final : public Dataset {
 public:
  explicit DetectionDataset(std::shared_ptr<const DetectionSet> set) : set_(std::move(set)) {
    all_ = std::make_shared<const std::vector<Category>>(set_->categories);
  }

  std::size_t size() const override { return set_->images.size(); }
  std::string id(std::size_t index) const override {
    return std::to_string(set_->images[index].id);
  }
  std::uint32_t cluster(std::size_t index) const override {
    return static_cast<std::uint32_t>(index);
  }
  std::map<std::string, std::string> hashes() const override { return hashes_of(set_->files); }

  Request request(std::size_t index) const override {
    const CocoImage& image = set_->images[index];
    Request request{.ticket = index, .id = id(index), .kind = Kind::kDetect};
    request.purpose = Purpose::kFree;
    request.images = {sample_image(set_->folder, image.file_name, request.id, set_->files[0])};
    request.images[0].width = image.width;
    request.images[0].height = image.height;
    request.categories = set_->present_only ? present(index) : all_;
    request.decoding.max_new_tokens = 2048;
    return request;
  }

 private:
  /// The categories that occur in the image, in ascending id.
  std::shared_ptr<const std::vector<Category>> present(std::size_t index) const {
    std::vector<bool> seen(set_->categories.size());
    for (const GroundTruthBox& truth : set_->truths[index]) seen[truth.category] = true;
    auto categories = std::make_shared<std::vector<Category>>();
    for (std::size_t c = 0; c < seen.size(); ++c) {
      if (seen[c]) categories->push_back(set_->categories[c]);
    }
    return categories;
  }

  std::shared_ptr<const DetectionSet> set_;
  std::shared_ptr<const std::vector<Category>> all_;
};

/// What stands for the score of a box (metrics where the field differs).
enum class ScoreSource { kModel, kOne, kAreaFraction };

struct NamedRules {
  const char* name;
  ScoreSource source;
};
constexpr NamedRules kRules[] = {{"coco/pycocotools", ScoreSource::kModel},
                                 {"coco/scores_all_1", ScoreSource::kOne},
                                 {"coco/score_is_area_fraction", ScoreSource::kAreaFraction}};

ScoreSource score_source(const std::string& rules) {
  for (const NamedRules& known : kRules) {
    if (rules == known.name) return known.source;
  }
  throw UsageError(fmt::format("there are no detection rules named '{}'; there are {}", rules,
                               fmt::join(detection_rules(), ", ")));
}

CocoParameters class_agnostic() {
  CocoParameters parameters;
  parameters.use_categories = false;
  return parameters;
}

class DetectionScorer final : public Scorer {
 public:
  DetectionScorer(std::shared_ptr<const DetectionSet> set, ScoreSource source)
      : set_(std::move(set)),
        source_(source),
        coco_({}, set_->categories.size()),
        agnostic_(class_agnostic(), set_->categories.size()),
        fixed_({.score_threshold = set_->score_threshold}, set_->categories.size()) {}

  SampleScore update(std::size_t index, const Answer& answer) override {
    const std::vector<DetectedBox> boxes = known_boxes(index, answer);
    const std::vector<GroundTruthBox>& truths = set_->truths[index];
    coco_.update(truths, boxes);
    agnostic_.update(truths, boxes);
    const DetectionCounts counts = fixed_.update(truths, boxes);
    const std::optional<double> recall = counts.recall();
    if (!recall) return {};
    return {{"recall_micro@0.5", *recall}};
  }

  void merge(Scorer& other) override {
    auto& next = dynamic_cast<DetectionScorer&>(other);
    coco_.merge(std::move(next.coco_));
    agnostic_.merge(std::move(next.agnostic_));
    fixed_.merge(std::move(next.fixed_));
    images_ += next.images_;
    unscored_ += next.unscored_;
    unknown_ += next.unknown_;
  }

  TaskScores compute() const override {
    TaskScores scores;
    add_fixed_threshold(scores);
    const CocoResult coco = coco_.compute();
    add_coco_numbers(coco, scores);
    add_categories(coco, scores);
    return scores;
  }

 private:
  std::vector<DetectedBox> known_boxes(std::size_t index, const Answer& answer);
  double score_of(const PredictedBox& box, const CocoImage& image);
  void add(TaskScores& scores, std::string key, std::optional<double> value,
           std::string note = {}) const;
  void add_fixed_threshold(TaskScores& scores) const;
  void add_coco_numbers(const CocoResult& coco, TaskScores& scores) const;
  void add_categories(const CocoResult& coco, TaskScores& scores) const;

  std::shared_ptr<const DetectionSet> set_;
  ScoreSource source_;
  CocoEvaluator coco_, agnostic_;
  FixedThresholdEvaluator fixed_;
  std::int64_t images_ = 0;
  std::int64_t unscored_ = 0;  // boxes without a score where one is needed
  std::int64_t unknown_ = 0;   // boxes whose label is no category
};

double DetectionScorer::score_of(const PredictedBox& box, const CocoImage& image) {
  if (source_ == ScoreSource::kOne) return 1.0;
  if (source_ == ScoreSource::kAreaFraction) {
    return box.box.w * box.box.h / (static_cast<double>(image.width) * image.height);
  }
  if (!box.score) ++unscored_;
  return box.score.value_or(1.0);
}

std::vector<DetectedBox> DetectionScorer::known_boxes(std::size_t index, const Answer& answer) {
  std::vector<DetectedBox> boxes;
  ++images_;
  for (const PredictedBox& box : answer.boxes) {
    const std::size_t category = find_by_id(set_->categories, box.category_id);
    if (category == set_->categories.size()) {
      ++unknown_;
      continue;
    }
    boxes.push_back(
        {static_cast<std::uint32_t>(category), box.box, score_of(box, set_->images[index])});
  }
  return boxes;
}

void DetectionScorer::add(TaskScores& scores, std::string key, std::optional<double> value,
                          std::string note) const {
  scores.metrics.push_back({.key = std::move(key),
                            .value = value,
                            .standard_error = {},
                            .n = images_,
                            .note = std::move(note)});
}

void DetectionScorer::add_fixed_threshold(TaskScores& scores) const {
  const FixedThresholdResult fixed = fixed_.compute();
  const std::string note =
      unknown_ == 0 ? ""
                    : fmt::format("{} boxes with a label that is no category left out", unknown_);
  add(scores, "recall@0.5", fixed.recall_macro, note);
  add(scores, "precision@0.5", fixed.precision_macro, note);
  add(scores, "recall_micro@0.5", fixed.recall_micro, note);
  add(scores, "precision_micro@0.5", fixed.precision_micro, note);
}

void DetectionScorer::add_coco_numbers(const CocoResult& coco, TaskScores& scores) const {
  const CocoResult agnostic = agnostic_.compute();
  add(scores, "recall_ca@0.5", agnostic.average_recall({.iou_threshold = 0, .max_detections = 2}));
  const bool ranked = unscored_ == 0;
  for (const CocoStatistic& statistic : coco_statistics(coco)) {
    const bool precision = statistic.name.substr(0, 2) == "AP";
    if (precision && !ranked) {
      add(scores, std::string(statistic.name), std::nullopt,
          fmt::format("{} boxes have no score, so there is no average precision", unscored_));
    } else {
      add(scores, std::string(statistic.name), statistic.value);
    }
  }
}

void DetectionScorer::add_categories(const CocoResult& coco, TaskScores& scores) const {
  const FixedThresholdResult fixed = fixed_.compute();
  for (std::size_t c = 0; c < set_->categories.size(); ++c) {
    const DetectionCounts& counts = fixed.categories[c];
    if (counts.truths == 0) continue;
    BreakdownGroup& group = scores.breakdowns["category"][set_->categories[c].name];
    group.n = static_cast<std::int64_t>(counts.truths);
    group.values["recall@0.5"] = *counts.recall();
    group.values["precision@0.5"] = counts.precision().value_or(0.0);
    if (unscored_ > 0) continue;
    const CocoCategoryPrecision precision = coco_category_precision(coco, c);
    if (precision.ap) group.values["AP"] = *precision.ap;
    if (precision.ap50) group.values["AP50"] = *precision.ap50;
  }
}

}  // namespace

std::vector<std::string> detection_rules() {
  std::vector<std::string> names;
  for (const NamedRules& rules : kRules) names.emplace_back(rules.name);
  return names;
}

std::shared_ptr<const Dataset> detection_dataset(std::shared_ptr<const DetectionSet> set) {
  return std::make_shared<DetectionDataset>(std::move(set));
}

std::unique_ptr<Scorer> detection_scorer(std::shared_ptr<const DetectionSet> set,
                                         const std::string& rules) {
  return std::make_unique<DetectionScorer>(std::move(set), score_source(rules));
}

}  // namespace sightline
