#include <memory>
#include <unordered_map>

#include "harness/base/error.h"
#include "harness/base/hash.h"
#include "harness/base/json_reader.h"
#include "models/adapters/baseline.h"

// kind=grid and kind=contours: boxes without a detector, all of one category and without scores.

namespace sightline {

namespace {

constexpr std::size_t kMostBoxes = 100;  ///< as many as the metrics look at
constexpr const char* kOpenCvModule = "sightline_opencv";

/// Number of annotated objects by category name.
using CategoryCounts = std::unordered_map<std::string, std::int64_t>;

/// Counts the objects, without crowds, of a COCO or LVIS instances file.
CategoryCounts read_counts(const std::filesystem::path& file) {
  JsonFile json(file);
  std::unordered_map<std::int64_t, std::int64_t> by_id;
  JsonRecord top = json.top();
  top.each_record("annotations", [&](JsonRecord& record) {
    const std::int64_t category = record.integer("category_id");
    if (record.optional_integer("iscrowd").value_or(0) == 0) ++by_id[category];
  });
  CategoryCounts counts;
  top.each_record("categories", [&](JsonRecord& record) {
    const auto found = by_id.find(record.integer("id"));
    if (found != by_id.end()) counts[std::string(record.text("name"))] += found->second;
  });
  require(!counts.empty(), "{} holds no annotation of a category that it names", file.string());
  return counts;
}

/// Chooses the category that all boxes of an image get.
class Labeller {
 public:
  Labeller(ModelArgs& args, ModelInfo& info) : category_(args.get("category")) {
    const std::string train = args.get("train");
    if (train.empty()) return;
    if (!category_.empty()) {
      throw UsageError("--model_args has both category= and train=: give one of them");
    }
    info.hashes["train"] = sha256_of_file(train);
    counts_ =
        with_context([] { return std::string("counting the categories of --model_args train"); },
                     [&] { return read_counts(train); });
  }

  /// The category named by the user (whether or not it is asked for), else of those asked for the
  /// one with most training objects, else the first.
  PredictedBox box_of(const Request& request) const {
    PredictedBox box{.box = {}, .label = category_, .score = {}};
    if (request.categories == nullptr) return box;
    std::int64_t most = -1;
    for (const Category& category : *request.categories) {
      const std::int64_t count = category_.empty() ? count_of(category.name) : -1;
      if (category.name != category_ && count <= most) continue;
      most = count;
      box.label = category.name;
      box.category_id = category.id;
    }
    return box;
  }

 private:
  std::int64_t count_of(const std::string& name) const {
    const auto found = counts_.find(name);
    return found == counts_.end() ? 0 : found->second;
  }

  std::string category_;
  CategoryCounts counts_;
};

/// Grids of 1, 4, 9, 16, 25 and 36 equal cells: 91 boxes, large ones first.
std::vector<Box> grid(double width, double height) {
  constexpr int kFinest = 6;
  std::vector<Box> boxes;
  for (int cells = 1; cells <= kFinest; ++cells) {
    for (int row = 0; row < cells; ++row) {
      for (int column = 0; column < cells; ++column) {
        boxes.push_back(
            {width * column / cells, height * row / cells, width / cells, height / cells});
      }
    }
  }
  return boxes;
}

Response boxes_response(const PredictedBox& pattern, const std::vector<Box>& boxes) {
  Response response;
  std::vector<PredictedBox>& predicted = response.answer.emplace().boxes;
  predicted.reserve(boxes.size());
  for (const Box& box : boxes) {
    predicted.push_back(pattern);
    predicted.back().box = box;
  }
  return response;
}

AnswerOne make_grid(ModelArgs& args, ModelInfo& info) {
  const auto labeller = std::make_shared<const Labeller>(args, info);
  return [labeller](const Request& request) {
    if (request.images.empty() || request.images[0].width <= 0 || request.images[0].height <= 0) {
      return failed_response(Outcome::kBadInput, "the size of the image is not known");
    }
    const ImageInput& image = request.images[0];
    return boxes_response(labeller->box_of(request), grid(image.width, image.height));
  };
}

/// The finder that a module registers; loaded when the first baseline asks for it.
RegionFinder load_region_finder() {
  Registry modules;
  load_module_by_name(kOpenCvModule, modules);
  require(modules.region_finder != nullptr, "module {} was loaded, but it finds no regions",
          kOpenCvModule);
  return modules.region_finder;
}

AnswerOne make_contours(ModelArgs& args, ModelInfo& info) {
  const auto labeller = std::make_shared<const Labeller>(args, info);
  info.wants_pixels = true;
  return [labeller, find = load_region_finder()](const Request& request) {
    require(!request.images.empty() && request.images[0].pixels != nullptr,
            "sample {} comes without pixels", request.id);
    const std::vector<Box> boxes = find(*request.images[0].pixels, kMostBoxes);
    return boxes_response(labeller->box_of(request), boxes);
  };
}

}  // namespace

std::vector<BaselineKind> detection_baselines() {
  return {{"grid", Kind::kDetect,
           "cells of grids of several sizes, all of category=, or of the most frequent one of an "
           "instances file train=, or of the first asked for",
           make_grid},
          {"contours", Kind::kDetect,
           "boxes around contours (needs the module sightline_opencv), labelled as by kind=grid",
           make_contours}};
}

}  // namespace sightline
