#include "tasks/detection.h"

#include <charconv>

#include "harness/base/error.h"
#include "tasks/annotation_support.h"

namespace sightline {

namespace {

double parse_threshold(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !(value >= 0 && value <= 1)) {
    throw UsageError(fmt::format("score_threshold={}: want a number from 0 to 1", text));
  }
  return value;
}

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

  void check_prediction(std::size_t index, const Answer& answer) const override {
    for (const PredictedBox& box : answer.boxes) check_category(index, box.category_id);
    for (const PredictedMask& mask : answer.masks) check_category(index, mask.category_id);
  }

 private:
  void check_category(std::size_t index, std::int64_t category) const {
    const std::vector<Category>& known = set_->categories;
    require(find_by_id(known, category) < known.size(),
            "the predictions for image {} hold category_id {}, which {} lacks: its {} categories "
            "have the ids {} to {}; want those ids, not positions in the list, or pass "
            "--allow_extra to leave out what has other ids",
            id(index), category, set_->files[0].string(), known.size(),
            known.empty() ? 0 : known.front().id, known.empty() ? 0 : known.back().id);
  }

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

}  // namespace

void DetectionSet::take(CocoInstances instances) {
  images = std::move(instances.images);
  categories = std::move(instances.categories);
  truths.assign(images.size(), {});
  for (const CocoObject& object : instances.objects) {
    const std::size_t category = find_by_id(categories, object.category_id);
    truths[find_by_id(images, object.image_id)].push_back(
        {object.id, static_cast<std::uint32_t>(category), object.box, object.area, object.crowd});
  }
}

std::shared_ptr<const Dataset> detection_dataset(std::shared_ptr<const DetectionSet> set) {
  return std::make_shared<DetectionDataset>(std::move(set));
}

SampleReference detection_reference(const DetectionSet& set, std::size_t index) {
  SampleReference reference;
  for (const GroundTruthBox& truth : set.truths[index]) {
    const std::string& name = set.categories[truth.category].name;
    reference.boxes.push_back({.box = truth.box, .label = truth.crowd ? name + " (crowd)" : name});
  }
  return reference;
}

std::vector<TaskOption> detection_options() {
  return {{"categories", "all", "which categories the prompt names", {"all", "present"}},
          {"score_threshold", "0", "least score of a box in recall@0.5 and precision@0.5", {}}};
}

Task detection_task(DetectionSet set, const TaskDeclaration::Options& options,
                    std::map<std::string, std::string> protocol) {
  set.present_only = options.at("categories") == "present";
  set.score_threshold = parse_threshold(options.at("score_threshold"));
  const auto shared = std::make_shared<const DetectionSet>(std::move(set));
  Task task;
  task.version = "1";
  task.kind = Kind::kDetect;
  task.rules = detection_rules(*shared);
  task.protocol = std::move(protocol);
  task.dataset = detection_dataset(shared);
  task.reference = [shared](std::size_t index) { return detection_reference(*shared, index); };
  task.new_scorer = [shared](const std::string& rules) { return detection_scorer(shared, rules); };
  return task;
}

}  // namespace sightline
