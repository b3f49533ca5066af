#include <algorithm>
#include <charconv>

#include "harness/base/error.h"
#include "harness/base/hash.h"
#include "harness/media/crop.h"
#include "harness/media/decode.h"
#include "harness/media/image_files.h"
#include "metrics/fidelity/frechet.h"
#include "metrics/image/reconstruction.h"
#include "tasks/annotation_support.h"
#include "tasks/declarations.h"
#include "tasks/reconstruction_networks.h"

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
void measure(const ReconstructionSet& set, ReconstructionNetworks& networks, std::size_t index,
             Answer& answer) {
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
  networks.measure(*made.image, original, made);
  made.image.reset();
}

/// Inception's features of all originals and all reconstructions, as sums.
class FeatureSums {
 public:
  explicit FeatureSums(FrechetRules rules) : rules_(rules) {}

  void update(const Reconstruction& made) {
    if (made.features.empty()) return;
    originals_.update(made.original_features);
    reconstructions_.update(made.features);
  }

  void merge(const FeatureSums& next) {
    originals_.merge(next.originals_);
    reconstructions_.merge(next.reconstructions_);
  }

  std::int64_t count() const { return originals_.count(); }
  double distance() const {
    return frechet_distance(reconstructions_.statistics(), originals_.statistics(), rules_).value();
  }

 private:
  FrechetRules rules_;
  FeatureMoments originals_{InceptionFeatures::kPool}, reconstructions_{InceptionFeatures::kPool};
};

class ReconstructionScorer final : public Scorer {
 public:
  explicit ReconstructionScorer(FrechetRules rules) : rules_(rules) {}

  SampleScore update(std::size_t index, const Answer& answer) override {
    const auto& measured = answer.reconstruction.measured;
    ++images_;
    if (measured.empty()) return {};
    ++reconstructed_;
    ReconstructionScore score{.psnr = measured.at("psnr"), .ssim = measured.at("ssim")};
    SampleScore values{{"psnr", score.psnr}, {"ssim", score.ssim}};
    const auto add = [&](std::string_view key, std::optional<double>& field) {
      const auto found = measured.find(std::string(key));
      if (found == measured.end()) return;
      field = found->second;
      values.emplace_back(key, found->second);
    };
    add("bpp", score.bits_per_pixel);
    add("lpips", score.lpips);
    add("lpips_vgg", score.lpips_vgg);
    metrics_.update(static_cast<std::uint32_t>(index), score);
    if (!answer.reconstruction.features.empty() && !features_) features_.emplace(rules_);
    if (features_) features_->update(answer.reconstruction);
    return values;
  }

  void merge(Scorer& other) override {
    auto& next = dynamic_cast<ReconstructionScorer&>(other);
    metrics_.merge(next.metrics_);
    images_ += next.images_;
    reconstructed_ += next.reconstructed_;
    if (next.features_ && !features_) features_.emplace(rules_);
    if (next.features_) features_->merge(*next.features_);
  }

  TaskScores compute() const override {
    TaskScores scores;
    scores.metrics = metrics_.compute();
    for (const char* key : {"lpips", "lpips_vgg"}) {
      const auto is_key = [&](const MetricValue& metric) { return metric.key == key; };
      if (std::ranges::any_of(scores.metrics, is_key)) continue;
      scores.metrics.push_back({.key = key,
                                .value = {},
                                .standard_error = {},
                                .unit = "LPIPS",
                                .higher_is_better = false,
                                .note = why_not_computed(key)});
    }
    scores.metrics.push_back(rfid());
    if (reconstructed_ < images_) {
      for (MetricValue& metric : scores.metrics) {
        if (!metric.value) continue;
        metric.note += fmt::format("{}over {} of {} images: one without a reconstruction has none",
                                   metric.note.empty() ? "" : "; ", reconstructed_, images_);
      }
    }
    return scores;
  }

 private:
  MetricValue rfid() const {
    MetricValue metric{
        .key = "rfid", .value = {}, .standard_error = {}, .unit = "FID", .higher_is_better = false};
    if (!features_) {
      metric.note = why_not_computed("rfid");
    } else if (features_->count() < 2) {
      metric.note = "not defined for a single image";
    } else if (features_->count() < reconstructed_) {
      metric.note = fmt::format("not computed: {} of {} reconstructions have features",
                                features_->count(), reconstructed_);
    } else {
      metric.value = features_->distance();
      metric.n = features_->count();
      if (metric.n < kUsualImages) {
        metric.note = fmt::format(
            "of {} images: FID falls as their number grows, so compare it at equal numbers only",
            metric.n);
      }
    }
    return metric;
  }

  static constexpr std::int64_t kUsualImages = 50'000;

  FrechetRules rules_;
  ReconstructionMetrics metrics_;
  std::optional<FeatureSums> features_;
  std::int64_t images_ = 0, reconstructed_ = 0;
};

std::unique_ptr<Scorer> new_scorer(const std::string& rules, InceptionInput input) {
  if (rules == kRules) {
    return std::make_unique<ReconstructionScorer>(
        input == InceptionInput::kPytorchFid ? FrechetRules::kPytorchFid : FrechetRules::kTf);
  }
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
  const InceptionInput input = parse_inception_input(options.at("rfid"));
  auto networks = std::make_shared<ReconstructionNetworks>(sources, input);
  task.protocol = networks->protocol();
  task.protocol.insert(
      {{"split", "val"}, {"ssim", "skimage-uniform7"}, {"psnr", "mean of images"}});
  task.scored_in_order = true;
  task.dataset = std::make_shared<ReconstructionDataset>(set);
  task.measure = [set, networks](std::size_t index, Answer& answer) {
    measure(*set, *networks, index, answer);
  };
  task.new_scorer = [input](const std::string& rules) { return new_scorer(rules, input); };
  return task;
}

}  // namespace

void add_reconstruction_tasks(TaskTable& table) {
  TaskDeclaration task{.name = "imagenet_recon_val",
                       .summary = "ImageNet reconstruction: 50,000 validation images",
                       .files = {std::string(kImages) + "/ (flat or by synset)"},
                       .metrics = {"rfid", "psnr", "ssim", "lpips", "lpips_vgg", "bpp"}};
  task.options = {{"crop",
                   "resize_center",
                   "how images are made square: shorter side bilinear and centre crop, "
                   "guided-diffusion's crop, or not at all",
                   {"resize_center", "adm", "none"}},
                  {"size", "256", "side of the square in pixels", {}},
                  {"rfid",
                   "pytorch-fid",
                   "how images are resized for Inception, as the evaluator of that name does",
                   {"pytorch-fid", "tf", "clean-fid"}}};
  task.predictions = {.shape = PredictionFormat::Shape::kReconstructions, .id_field = "name"};
  task.open = open;
  table.add(std::move(task));
}

}  // namespace sightline
