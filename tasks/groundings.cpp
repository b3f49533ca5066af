#include "tasks/groundings.h"

#include "harness/base/error.h"
#include "harness/media/decode.h"
#include "metrics/detection/box.h"
#include "metrics/sample_means.h"

namespace sightline {

namespace {

class GroundingDataset final : public Dataset {
 public:
  explicit GroundingDataset(std::shared_ptr<const GroundingSet> set) : set_(std::move(set)) {}

  std::size_t size() const override { return set_->expressions.size(); }
  std::string id(std::size_t index) const override { return set_->expressions[index].id; }
  std::string group_id(std::size_t index) const override {
    const std::string& ref = set_->expressions[index].ref_id;
    return ref.empty() ? "" : "ref:" + ref;
  }
  std::uint32_t cluster(std::size_t index) const override {
    return set_->expressions[index].cluster;
  }
  std::map<std::string, std::string> hashes() const override { return hashes_of(set_->files); }

  Request request(std::size_t index) const override {
    const Expression& expression = set_->expressions[index];
    Request request{.ticket = index, .id = expression.id, .kind = Kind::kGround};
    request.group_id = group_id(index);
    request.purpose = Purpose::kFree;
    request.text = expression.text;
    request.images = {sample_image(set_->images, expression.image, expression.id, set_->files[0])};
    request.images[0].width = expression.width;
    request.images[0].height = expression.height;
    add_size(request.images[0]);
    request.decoding.max_new_tokens = set_->max_new_tokens;
    return request;
  }

 private:
  /// The size from the image itself, where the annotations do not say it.
  static void add_size(ImageInput& image) {
    if (image.width > 0 || !std::filesystem::exists(image.path)) return;
    const ImageInfo info = probe_image_file(image.path);
    image.width = info.width;
    image.height = info.height;
  }

  std::shared_ptr<const GroundingSet> set_;
};

class GroundingScorer final : public Scorer {
 public:
  GroundingScorer(std::shared_ptr<const GroundingSet> set, bool strict)
      : set_(std::move(set)), strict_(strict), means_({"acc@0.5", "mean_iou"}, {"split"}) {}

  SampleScore update(std::size_t index, const Answer& answer) override {
    const Expression& expression = set_->expressions[index];
    const double iou = answer.boxes.empty() ? 0.0 : box_iou(answer.boxes[0].box, expression.box);
    const bool correct = strict_ ? iou > 0.5 : iou >= 0.5;
    const double values[] = {correct ? 1.0 : 0.0, iou};
    const std::string_view split = set_->split;
    means_.update(expression.cluster, values, std::span(&split, 1));
    return {{"acc@0.5", values[0]}, {"mean_iou", iou}};
  }

  void merge(Scorer& next) override { means_.merge(dynamic_cast<GroundingScorer&>(next).means_); }

  TaskScores compute() const override {
    return {.metrics = {means_.metric(0), means_.metric(1)}, .breakdowns = means_.breakdowns()};
  }

 private:
  std::shared_ptr<const GroundingSet> set_;
  bool strict_;
  SampleMeans means_;
};

}  // namespace

std::vector<std::string> grounding_rules() {
  return {"refcoco/iou_at_least", "refcoco/iou_above"};
}

std::shared_ptr<const Dataset> grounding_dataset(std::shared_ptr<const GroundingSet> set) {
  return std::make_shared<GroundingDataset>(std::move(set));
}

SampleReference grounding_reference(const GroundingSet& set, std::size_t index) {
  return {.texts = {}, .boxes = {{.box = set.expressions[index].box, .label = ""}}};
}

std::unique_ptr<Scorer> grounding_scorer(std::shared_ptr<const GroundingSet> set,
                                         const std::string& rules) {
  const std::vector<std::string> known = grounding_rules();
  if (rules != known[0] && rules != known[1]) {
    throw UsageError(fmt::format("there are no grounding rules named '{}'; there are {}", rules,
                                 fmt::join(known, ", ")));
  }
  return std::make_unique<GroundingScorer>(std::move(set), rules == known[1]);
}

}  // namespace sightline
