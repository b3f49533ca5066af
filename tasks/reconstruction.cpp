#include <charconv>

#include "harness/base/error.h"
#include "harness/base/hash.h"
#include "harness/media/crop.h"
#include "harness/media/decode.h"
#include "harness/media/image_files.h"
#include "metrics/image/reconstruction.h"
#include "tasks/annotation_support.h"
#include "tasks/declarations.h"

// ImageNet reconstruction: how much of the validation images an image tokenizer keeps.

namespace sightline {

namespace {

namespace fs = std::filesystem;

constexpr const char* kImages = "imagenet/val";
constexpr const char* kRules = "reconstruction/per_image";

struct ReconstructionSet {
  std::vector<fs::path> files;  ///< ascending by file name, as the published evaluations order them
  std::string crop;
  int size = 256;
};

int parse_size(const std::string& text) {
  int size = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (error != std::errc() || end != text.data() + text.size() || size < 8 || size > 4096) {
    throw UsageError(fmt::format("size={}: want a whole number of pixels from 8 to 4096", text));
  }
  return size;
}

Image crop_by_protocol(const ReconstructionSet& set, Image image) {
  if (set.crop == "none") return image;
  if (set.crop == "adm") return adm_center_crop(image, set.size);
  return center_crop(resize_shorter_side(image, set.size, ResizeFilter::kBilinear), set.size,
                     set.size);
}

class ReconstructionDataset final : public Dataset {
 public:
  explicit ReconstructionDataset(std::shared_ptr<const ReconstructionSet> set)
      : set_(std::move(set)) {}

  std::size_t size() const override { return set_->files.size(); }
  std::string id(std::size_t index) const override { return set_->files[index].stem().string(); }
  std::uint32_t cluster(std::size_t index) const override {
    return static_cast<std::uint32_t>(index);
  }
  Image prepare(Image stored) const override { return crop_by_protocol(*set_, std::move(stored)); }

  /// Names and sizes stand for 6.7 GB of images; `doctor` reads them all.
  std::map<std::string, std::string> hashes() const override {
    std::string listing;
    for (const fs::path& file : set_->files) {
      listing += fmt::format("{} {}\n", file.filename().string(), fs::file_size(file));
    }
    return {{"names and sizes", sha256_hex(listing)}};
  }

  Request request(std::size_t index) const override {
    Request request{.ticket = index, .id = id(index), .kind = Kind::kReconstruct};
    request.purpose = Purpose::kFree;
    request.images.push_back({.path = set_->files[index]});
    return request;
  }

 private:
  std::shared_ptr<const ReconstructionSet> set_;
};

/// Compares the answer's image with the original, cropped as the model saw it.
void measure(const ReconstructionSet& set, std::size_t index, Answer& answer) {
  Reconstruction& made = answer.reconstruction;
  if (!made.image) return;
  const Image original = crop_by_protocol(set, read_image(set.files[index]));
  require(made.image->width == original.width && made.image->height == original.height,
          "the reconstruction of {} is {} x {} pixels, want {} x {}",
          set.files[index].filename().string(), made.image->width, made.image->height,
          original.width, original.height);
  const ReconstructionScore score =
      score_reconstruction(*made.image, original, {.bits = made.bits});
  made.measured["psnr"] = score.psnr;
  made.measured["ssim"] = score.ssim;
  if (score.bits_per_pixel) made.measured["bpp"] = *score.bits_per_pixel;
  made.image.reset();
}

class ReconstructionScorer final : public Scorer {
 public:
  SampleScore update(std::size_t index, const Answer& answer) override {
    const auto& measured = answer.reconstruction.measured;
    ++images_;
    if (measured.empty()) return {};
    ++reconstructed_;
    ReconstructionScore score{.psnr = measured.at("psnr"), .ssim = measured.at("ssim")};
    SampleScore values{{"psnr", score.psnr}, {"ssim", score.ssim}};
    if (const auto bpp = measured.find("bpp"); bpp != measured.end()) {
      score.bits_per_pixel = bpp->second;
      values.emplace_back("bpp", bpp->second);
    }
    metrics_.update(static_cast<std::uint32_t>(index), score);
    return values;
  }

  void merge(Scorer& other) override {
    auto& next = dynamic_cast<ReconstructionScorer&>(other);
    metrics_.merge(next.metrics_);
    images_ += next.images_;
    reconstructed_ += next.reconstructed_;
  }

  TaskScores compute() const override {
    TaskScores scores;
    scores.metrics = metrics_.compute();
    if (reconstructed_ < images_) {
      for (MetricValue& metric : scores.metrics) {
        metric.note +=
            fmt::format("{}over {} of {} images: one without a reconstruction has no PSNR",
                        metric.note.empty() ? "" : "; ", reconstructed_, images_);
      }
    }
    add_unweighted(scores);
    return scores;
  }

 private:
  /// Metrics that need network weights say which.
  void add_unweighted(TaskScores& scores) const {
    scores.metrics.push_back(
        {.key = "rfid",
         .value = {},
         .standard_error = {},
         .unit = "FID",
         .higher_is_better = false,
         .note =
             "not computed: needs the Inception-v3 weights pt_inception-2015-12-05-6726825d.pth"});
    scores.metrics.push_back(
        {.key = "lpips",
         .value = {},
         .standard_error = {},
         .unit = "LPIPS",
         .higher_is_better = false,
         .note = "not computed: needs the VGG16 or AlexNet weights of torchvision and the linear "
                 "layers of LPIPS v0.1"});
  }

  ReconstructionMetrics metrics_;
  std::int64_t images_ = 0, reconstructed_ = 0;
};

std::unique_ptr<Scorer> new_scorer(const std::string& rules) {
  if (rules == kRules) return std::make_unique<ReconstructionScorer>();
  throw UsageError(
      fmt::format("there are no reconstruction rules named '{}'; there is {}", rules, kRules));
}

Task open(const TaskSources& sources, const TaskDeclaration::Options& options) {
  auto set = std::make_shared<ReconstructionSet>();
  set->crop = options.at("crop");
  set->size = parse_size(options.at("size"));
  const fs::path folder = sources.images.empty() ? sources.data_root / kImages : sources.images;
  set->files =
      with_context([] { return "looking for the images; docs/data.md says where to get them"; },
                   [&] { return list_images(folder); });
  Task task;
  task.version = "1";
  task.kind = Kind::kReconstruct;
  task.rules = {kRules};
  task.protocol = {{"split", "val"}, {"ssim", "skimage-uniform7"}, {"psnr", "mean of images"}};
  task.dataset = std::make_shared<ReconstructionDataset>(set);
  task.measure = [set](std::size_t index, Answer& answer) { measure(*set, index, answer); };
  task.new_scorer = new_scorer;
  return task;
}

}  // namespace

void add_reconstruction_tasks(TaskTable& table) {
  TaskDeclaration task{.name = "imagenet_recon_val",
                       .summary = "ImageNet reconstruction: 50,000 validation images",
                       .files = {std::string(kImages) + "/ (flat or by synset)"},
                       .metrics = {"psnr", "ssim", "bpp", "rfid", "lpips"}};
  task.options = {{"crop",
                   "resize_center",
                   "how images are made square: shorter side bilinear and centre crop, "
                   "guided-diffusion's crop, or not at all",
                   {"resize_center", "adm", "none"}},
                  {"size", "256", "side of the square in pixels", {}}};
  task.predictions = {.shape = PredictionFormat::Shape::kReconstructions, .id_field = "name"};
  task.open = open;
  table.add(std::move(task));
}

}  // namespace sightline
