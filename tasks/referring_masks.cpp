#include "tasks/referring_masks.h"

#include "harness/base/error.h"
#include "harness/base/parallel.h"
#include "metrics/masks/mask_cover.h"
#include "metrics/masks/polygon_mask.h"
#include "metrics/masks/referring_masks.h"

namespace sightline {

namespace {

// A ground truth of several polygons: their union, as the field means it; or what is left of it
// when the loader of the data set (refer, `getMask`) adds the polygons up and a reader takes the
// pixels equal to 1, which loses those where polygons overlap.
constexpr const char* kUnionRules = "refcoco_seg/union";
constexpr const char* kReferRules = "refcoco_seg/refer_eq1";

class ReferringMaskScorer final : public Scorer {
 public:
  ReferringMaskScorer(std::shared_ptr<const ReferredMaskSet> set, bool once)
      : set_(std::move(set)), once_(once) {}

  SampleScore update(std::size_t index, const Answer& answer) override {
    const MaskAgreement agreement = agreement_of(index, answer);
    const GroundingSet& groundings = *set_->groundings;
    scores_.update(groundings.expressions[index].cluster, agreement, groundings.split);
    const double iou = agreement.iou();
    return {{"giou", iou}, {"prec@0.5", iou > 0.5 ? 1.0 : 0.0}};
  }

  void merge(Scorer& next) override {
    scores_.merge(dynamic_cast<ReferringMaskScorer&>(next).scores_);
  }

  TaskScores compute() const override {
    return {.metrics = scores_.metrics(), .breakdowns = scores_.breakdowns()};
  }

  std::map<std::string, ResampledNumber> resampled(const Bootstrap& bootstrap) const override {
    std::optional<ResampledNumber> ciou = scores_.resampled_ciou(bootstrap);
    if (!ciou) return {};
    return {{"ciou", *std::move(ciou)}};
  }

 private:
  /// A missing prediction is an empty mask.
  MaskAgreement agreement_of(std::size_t index, const Answer& answer) const {
    const Mask& truth = once_ ? set_->truths[index]->once : set_->truths[index]->all;
    if (answer.masks.empty()) return {0, truth.area()};
    const auto where = [&] {
      return fmt::format("scoring sentence {}", set_->groundings->expressions[index].id);
    };
    return with_context(where, [&] {
      return mask_agreement(
          segmentation_mask(answer.masks.front().segmentation, truth.height(), truth.width()),
          truth);
    });
  }

  std::shared_ptr<const ReferredMaskSet> set_;
  bool once_;
  ReferringMasks scores_;
};

std::unique_ptr<Scorer> referring_mask_scorer(std::shared_ptr<const ReferredMaskSet> set,
                                              const std::string& rules) {
  if (rules != kUnionRules && rules != kReferRules) {
    throw UsageError(
        fmt::format("there are no referring segmentation rules named '{}'; there are "
                    "{}, {}",
                    rules, kUnionRules, kReferRules));
  }
  return std::make_unique<ReferringMaskScorer>(std::move(set), rules == kReferRules);
}

std::shared_ptr<const ReferredMask> make_mask(const Expression& expression,
                                              const Segmentation& shape) {
  require(expression.width > 0 && expression.height > 0,
          "its image {} has no 'width' and 'height', which a mask needs", expression.image);
  const std::vector<Mask> parts = part_masks(shape, expression.height, expression.width);
  return std::make_shared<const ReferredMask>(ReferredMask{unite(parts), covered_once(parts)});
}

}  // namespace

std::shared_ptr<const ReferredMaskSet> make_referred_masks(
    std::shared_ptr<const GroundingSet> groundings,
    const std::unordered_map<std::int64_t, Segmentation>& shapes) {
  const std::vector<Expression>& expressions = groundings->expressions;
  auto set = std::make_shared<ReferredMaskSet>();
  set->truths.resize(expressions.size());
  // The first expression about each object makes its mask.
  std::unordered_map<std::int64_t, std::size_t> first;
  std::vector<std::size_t> makers;
  for (std::size_t i = 0; i < expressions.size(); ++i) {
    if (first.emplace(expressions[i].object, i).second) makers.push_back(i);
  }
  constexpr std::size_t kGrain = 64;
  parallel_for(makers.size(), kGrain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      const Expression& expression = expressions[makers[i]];
      with_context(
          [&] { return fmt::format("making the mask of annotation {}", expression.object); },
          [&] { set->truths[makers[i]] = make_mask(expression, shapes.at(expression.object)); });
    }
  });
  for (std::size_t i = 0; i < expressions.size(); ++i) {
    set->truths[i] = set->truths[first.at(expressions[i].object)];
  }
  set->groundings = std::move(groundings);
  return set;
}

Task referring_mask_task(std::shared_ptr<const ReferredMaskSet> set) {
  Task task;
  task.version = "1";
  task.kind = Kind::kGround;
  task.rules = {kUnionRules, kReferRules};
  task.dataset = grounding_dataset(set->groundings);
  task.reference = [set](std::size_t index) {
    return grounding_reference(*set->groundings, index);
  };
  task.new_scorer = [set](const std::string& rules) { return referring_mask_scorer(set, rules); };
  task.check = [set](std::size_t index, const Answer& answer) {
    const Expression& expression = set->groundings->expressions[index];
    for (const PredictedMask& mask : answer.masks) {
      check_size(mask.segmentation, expression.height, expression.width);
    }
  };
  return task;
}

std::vector<std::string> referring_mask_metrics() {
  return {"giou", "ciou", "prec@0.5", "prec@0.6", "prec@0.7", "prec@0.8", "prec@0.9"};
}

}  // namespace sightline
