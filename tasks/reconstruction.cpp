#include "metrics/image/reconstruction.h"
#include "harness/base/error.h"
#include "harness/base/hash.h"
#include "harness/media/decode.h"
#include "harness/media/image_files.h"
#include "tasks/annotation_support.h"
#include "tasks/declarations.h"
#include "tasks/reconstruction_networks.h"
#include "tasks/reconstruction_protocol.h"
#include "tasks/reconstruction_scorer.h"

// ImageNet reconstruction: how much of the validation images an image tokenizer keeps.

namespace sightline {

namespace {

namespace fs = std::filesystem;

constexpr const char* kImages = "imagenet/val";
constexpr const char* kRules = "reconstruction/per_image";

struct ReconstructionSet {
  std::vector<fs::path> files;  ///< ascending by file name, as the published evaluations order them
  ReconstructionProtocol protocol;
};

class ReconstructionDataset final : public Dataset {
 public:
  explicit ReconstructionDataset(std::shared_ptr<const ReconstructionSet> set)
      : set_(std::move(set)) {}

  std::size_t size() const override { return set_->files.size(); }
  std::string id(std::size_t index) const override { return set_->files[index].stem().string(); }
  std::uint32_t cluster(std::size_t index) const override {
    return static_cast<std::uint32_t>(index);
  }
  Image prepare(Image stored) const override { return crop_by(set_->protocol, std::move(stored)); }

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
  // The other protocols compare files of 8-bit images.
  if (!set.protocol.is_flowmo()) made.samples.reset();
  const Image original = crop_by(set.protocol, read_image(set.files[index]));
  require(made.image->width == original.width && made.image->height == original.height,
          "the reconstruction of {} is {} x {} pixels, want {} x {}",
          set.files[index].filename().string(), made.image->width, made.image->height,
          original.width, original.height);
  const ComparedPair pair = round_by(set.protocol, made, original);
  const ReconstructionScore score = score_reconstruction(
      pair.reconstruction, pair.original, {.flowmo = set.protocol.is_flowmo(), .bits = made.bits});
  made.measured["psnr"] = score.psnr;
  made.measured["ssim"] = score.ssim;
  if (score.bits_per_pixel) made.measured["bpp"] = *score.bits_per_pixel;
  if (score.squared_error) {
    made.measured["squared_error"] = *score.squared_error;
    made.measured["samples"] = static_cast<double>(original.pixels.size());
  }
  networks.measure(original, made);
  made.image.reset();
  made.samples.reset();
}

std::unique_ptr<Scorer> new_scorer(const std::string& rules,
                                   const ReconstructionProtocol& protocol) {
  if (rules == kRules) return new_reconstruction_scorer(protocol);
  throw UsageError(
      fmt::format("there are no reconstruction rules named '{}'; there is {}", rules, kRules));
}

Task open(const TaskSources& sources, const TaskDeclaration::Options& options) {
  auto set = std::make_shared<ReconstructionSet>();
  set->protocol = reconstruction_protocol(options);
  const fs::path folder = sources.images.empty() ? sources.data_root / kImages : sources.images;
  set->files =
      with_context([] { return "looking for the images; docs/data.md says where to get them"; },
                   [&] { return list_images(folder); });
  Task task;
  task.version = "1";
  task.kind = Kind::kReconstruct;
  task.rules = {kRules};
  auto networks = std::make_shared<ReconstructionNetworks>(sources, set->protocol.input);
  task.protocol = networks->protocol();
  const bool flowmo = set->protocol.is_flowmo();
  task.protocol.insert(
      {{"split", "val"},
       {"ssim", flowmo ? "flowmo-float32" : "skimage-uniform7"},
       {"psnr", flowmo ? "mean of images, float32; psnr_flowmo: of batches of 5 in order of names"
                       : "mean of images"}});
  task.scored_in_order = true;
  task.dataset = std::make_shared<ReconstructionDataset>(set);
  task.measure = [set, networks](std::size_t index, Answer& answer) {
    measure(*set, *networks, index, answer);
  };
  task.new_scorer = [protocol = set->protocol](const std::string& rules) {
    return new_scorer(rules, protocol);
  };
  return task;
}

}  // namespace

void add_reconstruction_tasks(TaskTable& table) {
  TaskDeclaration task{
      .name = "imagenet_recon_val",
      .summary = "ImageNet reconstruction: 50,000 validation images",
      .files = {std::string(kImages) + "/ (flat or by synset)"},
      .metrics = {"rfid", "psnr", "psnr_flowmo", "ssim", "lpips", "lpips_vgg", "bpp"}};
  task.options = reconstruction_options();
  task.protocols = reconstruction_protocols();
  task.predictions = {.shape = PredictionFormat::Shape::kReconstructions, .id_field = "name"};
  task.open = open;
  table.add(std::move(task));
}

}  // namespace sightline
