#include <cmath>
#include <limits>

#include "harness/base/error.h"
#include "metrics/detection/coco_resampler.h"
#include "tasks/detection.h"

namespace sightline {

namespace {

/// What stands for the score of a box (metrics where the field differs).
enum class ScoreSource { kModel, kOne, kAreaFraction };

struct NamedRules {
  const char* name;
  ScoreSource source;
  bool federated;
};
constexpr NamedRules kRules[] = {{"coco/pycocotools", ScoreSource::kModel, false},
                                 {"coco/scores_all_1", ScoreSource::kOne, false},
                                 {"coco/score_is_area_fraction", ScoreSource::kAreaFraction, false},
                                 {"lvis/lvis-api", ScoreSource::kModel, true}};

ScoreSource score_source(const DetectionSet& set, const std::string& rules) {
  for (const NamedRules& known : kRules) {
    if (rules == known.name && known.federated == set.federated.has_value()) return known.source;
  }
  throw UsageError(fmt::format("there are no detection rules named '{}'; there are {}", rules,
                               fmt::join(detection_rules(set), ", ")));
}

CocoParameters parameters_of(const DetectionSet& set) {
  CocoParameters parameters = set.federated ? lvis_parameters() : CocoParameters{};
  parameters.score_threshold = set.score_threshold;
  return parameters;
}

/// Parameters of `recall_ca@0.5`, and the number itself.
CocoParameters class_agnostic() {
  return {.iou_thresholds = {0.5},
          .areas = {AreaRange{}},
          .max_detections = {100},
          .use_categories = false};
}
constexpr const char* kClassAgnostic = "recall_ca@0.5";
const DetectionNumber kClassAgnosticRecall{.kind = DetectionNumber::Kind::kAverageRecall};

/// The numbers of a task in the order in which they are shown.
std::vector<DetectionNumber> numbers_of(const DetectionSet& set) {
  const CocoParameters parameters = parameters_of(set);
  std::vector<DetectionNumber> first = fixed_threshold_numbers(parameters);
  std::vector<DetectionNumber> second =
      set.federated ? lvis_numbers(set.federated->frequencies) : coco_numbers(parameters);
  if (set.federated) std::swap(first, second);
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

std::optional<double> defined(double value) {
  return std::isnan(value) ? std::nullopt : std::optional(value);
}

class DetectionScorer final : public Scorer {
 public:
  DetectionScorer(std::shared_ptr<const DetectionSet> set, ScoreSource source)
      : set_(std::move(set)),
        source_(source),
        coco_(parameters_of(*set_), set_->categories.size()) {
    if (!set_->federated) agnostic_.emplace(class_agnostic(), set_->categories.size());
  }

  SampleScore update(std::size_t index, const Answer& answer) override;
  void merge(Scorer& other) override;
  TaskScores compute() const override;
  std::map<std::string, ResampledNumber> resampled(const Bootstrap& bootstrap) const override;

 private:
  /// Categories whose numbers are shown together.
  struct Group {
    std::string breakdown, name;
    CategoryChoice categories;
  };

  std::vector<DetectedBox> known_boxes(std::size_t index, const Answer& answer);
  double score_of(const PredictedBox& box, const CocoImage& image);
  bool is_shown(const DetectionNumber& number) const {
    return unscored_ == 0 || !number.is_average_precision();
  }
  std::string note_on(const DetectionNumber& number) const;
  MetricValue metric(std::string key, std::optional<double> value, std::string note) const;
  std::int64_t truths_of(const Group& group) const;
  std::vector<Group> groups() const;
  std::vector<DetectionNumber> numbers_of_group() const;
  void add_breakdowns(std::span<const Group> groups, std::span<const double> values,
                      Breakdowns& breakdowns) const;

  std::shared_ptr<const DetectionSet> set_;
  ScoreSource source_;
  CocoEvaluator coco_;
  std::optional<CocoEvaluator> agnostic_;
  std::int64_t unscored_ = 0;  // boxes without a score where one is needed
  std::int64_t unknown_ = 0;   // boxes whose label is no category
};

SampleScore DetectionScorer::update(std::size_t index, const Answer& answer) {
  std::vector<DetectedBox> boxes = known_boxes(index, answer);
  const std::vector<GroundTruthBox>& truths = set_->truths[index];
  std::span<const std::uint32_t> not_exhaustive;
  if (set_->federated) {
    boxes = lvis_detections(truths, boxes, set_->federated->negative[index]);
    not_exhaustive = set_->federated->not_exhaustive[index];
  }
  const DetectionCounts counts = coco_.update(truths, boxes, not_exhaustive);
  if (agnostic_) agnostic_->update(truths, boxes);
  const std::optional<double> recall = counts.recall();
  if (!recall) return {};
  return {{"recall_micro@0.5", *recall}};
}

std::vector<DetectedBox> DetectionScorer::known_boxes(std::size_t index, const Answer& answer) {
  std::vector<DetectedBox> boxes;
  boxes.reserve(answer.boxes.size());
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

double DetectionScorer::score_of(const PredictedBox& box, const CocoImage& image) {
  if (source_ == ScoreSource::kOne) return 1.0;
  if (source_ == ScoreSource::kAreaFraction) {
    return box.box.w * box.box.h / (static_cast<double>(image.width) * image.height);
  }
  if (!box.score) ++unscored_;
  return box.score.value_or(1.0);
}

void DetectionScorer::merge(Scorer& other) {
  auto& next = dynamic_cast<DetectionScorer&>(other);
  coco_.merge(std::move(next.coco_));
  if (agnostic_) agnostic_->merge(std::move(*next.agnostic_));
  unscored_ += next.unscored_;
  unknown_ += next.unknown_;
}

std::string DetectionScorer::note_on(const DetectionNumber& number) const {
  if (!is_shown(number)) {
    return fmt::format("{} boxes have no score, so there is no average precision", unscored_);
  }
  if (!number.is_fixed() || unknown_ == 0) return "";
  return fmt::format("{} boxes with a label that is no category left out", unknown_);
}

MetricValue DetectionScorer::metric(std::string key, std::optional<double> value,
                                    std::string note) const {
  return {.key = std::move(key),
          .value = value,
          .standard_error = {},
          .n = static_cast<std::int64_t>(coco_.images()),
          .note = std::move(note)};
}

std::int64_t DetectionScorer::truths_of(const Group& group) const {
  std::int64_t truths = 0;
  for (const std::size_t k : *group.categories) {
    for (const MatchedTruth& truth : coco_.matches()[k].truths) truths += (truth.ignored & 1) == 0;
  }
  return truths;
}

std::vector<DetectionScorer::Group> DetectionScorer::groups() const {
  std::vector<Group> groups;
  for (std::size_t k = 0; k < set_->categories.size(); ++k) {
    groups.push_back({"category", set_->categories[k].name, choose_categories({k})});
  }
  if (set_->federated) {
    const auto add = [&](const char* name, LvisFrequency frequency) {
      groups.push_back({"frequency", name,
                        choose_categories(categories_of(frequency, set_->federated->frequencies))});
    };
    add("rare", LvisFrequency::kRare);
    add("common", LvisFrequency::kCommon);
    add("frequent", LvisFrequency::kFrequent);
  }
  std::erase_if(groups, [&](const Group& group) { return truths_of(group) == 0; });
  return groups;
}

std::vector<DetectionNumber> DetectionScorer::numbers_of_group() const {
  std::vector<DetectionNumber> numbers;
  for (const DetectionNumber& number : numbers_of(*set_)) {
    const bool chosen = number.name == "recall@0.5" || number.name == "precision@0.5" ||
                        number.name == "AP" || number.name == "AP50";
    if (chosen && is_shown(number)) numbers.push_back(number);
  }
  return numbers;
}

TaskScores DetectionScorer::compute() const {
  // The numbers of the whole, then those of each group, from one resampler: it sorts once.
  std::vector<DetectionNumber> numbers = numbers_of(*set_);
  const std::size_t whole = numbers.size();
  const std::vector<DetectionNumber> of_group = numbers_of_group();
  const std::vector<Group> all_groups = groups();
  for (const Group& group : all_groups) {
    for (DetectionNumber number : of_group) {
      number.part.categories = group.categories;
      numbers.push_back(std::move(number));
    }
  }
  const std::vector<double> values = CocoResampler(coco_, numbers).compute();
  TaskScores scores;
  for (std::size_t i = 0; i < whole; ++i) {
    const std::optional<double> value = is_shown(numbers[i]) ? defined(values[i]) : std::nullopt;
    scores.metrics.push_back(metric(std::string(numbers[i].name), value, note_on(numbers[i])));
    if (agnostic_ && numbers[i].name == "precision_micro@0.5") {
      const double recall = CocoResampler(*agnostic_, {kClassAgnosticRecall}).compute().at(0);
      scores.metrics.push_back(metric(kClassAgnostic, defined(recall), ""));
    }
  }
  add_breakdowns(all_groups, std::span(values).subspan(whole), scores.breakdowns);
  return scores;
}

void DetectionScorer::add_breakdowns(std::span<const Group> groups, std::span<const double> values,
                                     Breakdowns& breakdowns) const {
  const std::vector<DetectionNumber> numbers = numbers_of_group();
  for (std::size_t g = 0; g < groups.size(); ++g) {
    BreakdownGroup& group = breakdowns[groups[g].breakdown][groups[g].name];
    group.n = truths_of(groups[g]);
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      const double value = values[g * numbers.size() + i];
      if (!std::isnan(value)) group.values[std::string(numbers[i].name)] = value;
    }
  }
}

std::map<std::string, ResampledNumber> DetectionScorer::resampled(
    const Bootstrap& bootstrap) const {
  std::vector<DetectionNumber> numbers = numbers_of(*set_);
  std::erase_if(numbers, [&](const DetectionNumber& number) {
    return !is_shown(number) || !bootstrap.wants(number.name);
  });
  std::vector<std::string> names;
  for (const DetectionNumber& number : numbers) names.emplace_back(number.name);
  const CocoResampler resampler(coco_, numbers);
  std::optional<CocoResampler> agnostic;
  if (agnostic_ && bootstrap.wants(kClassAgnostic)) {
    agnostic.emplace(*agnostic_, std::vector{kClassAgnosticRecall});
    names.emplace_back(kClassAgnostic);
  }
  if (names.empty() || coco_.images() == 0) return {};
  auto found = resample(
      coco_.images(), bootstrap,
      [&](auto weights) {
        std::vector<double> values = resampler.compute(weights);
        if (agnostic) values.push_back(agnostic->compute(weights).at(0));
        return values;
      },
      kFractions);
  std::map<std::string, ResampledNumber> by_name;
  for (std::size_t i = 0; i < found.size(); ++i) by_name[names[i]] = std::move(found[i]);
  return by_name;
}

}  // namespace

std::vector<std::string> detection_rules(const DetectionSet& set) {
  std::vector<std::string> names;
  for (const NamedRules& rules : kRules) {
    if (rules.federated == set.federated.has_value()) names.emplace_back(rules.name);
  }
  return names;
}

std::unique_ptr<Scorer> detection_scorer(std::shared_ptr<const DetectionSet> set,
                                         const std::string& rules) {
  const ScoreSource source = score_source(*set, rules);
  return std::make_unique<DetectionScorer>(std::move(set), source);
}

}  // namespace sightline
