#include "tasks/reconstruction_scorer.h"

#include <algorithm>
#include <optional>

#include "harness/base/error.h"
#include "metrics/fidelity/feature_moments.h"
#include "metrics/fidelity/frechet.h"
#include "metrics/image/flowmo.h"
#include "metrics/image/reconstruction.h"
#include "tasks/reconstruction_networks.h"

namespace sightline {

namespace {

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
  explicit ReconstructionScorer(const ReconstructionProtocol& protocol)
      : rules_(protocol.input == InceptionInput::kPytorchFid ? FrechetRules::kPytorchFid
                                                             : FrechetRules::kTf) {
    if (protocol.is_flowmo()) pooled_.emplace();
  }

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
    if (pooled_) {
      pooled_->update(measured.at("squared_error"),
                      static_cast<std::size_t>(measured.at("samples")));
    }
    if (!answer.reconstruction.features.empty() && !features_) features_.emplace(rules_);
    if (features_) features_->update(answer.reconstruction);
    return values;
  }

  void merge(Scorer& other) override {
    auto& next = dynamic_cast<ReconstructionScorer&>(other);
    metrics_.merge(next.metrics_);
    if (pooled_) pooled_->merge(next.pooled_.value());
    images_ += next.images_;
    reconstructed_ += next.reconstructed_;
    if (next.features_ && !features_) features_.emplace(rules_);
    if (next.features_) features_->merge(*next.features_);
  }

  TaskScores compute() const override {
    TaskScores scores;
    scores.metrics = metrics_.compute();
    if (pooled_) scores.metrics.insert(scores.metrics.begin() + 1, pooled_psnr());
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
  /// A batch that lacks an image is not the published one, so that there is no value then.
  MetricValue pooled_psnr() const {
    MetricValue metric{
        .key = "psnr_flowmo", .value = {}, .standard_error = {}, .n = reconstructed_, .unit = "dB"};
    metric.rules = "psnr/flowmo-batch5";
    if (reconstructed_ < images_) {
      metric.note = fmt::format(
          "not defined: {} of {} images have no reconstruction, and FlowMo "
          "pools whole batches of 5",
          images_ - reconstructed_, images_);
      return metric;
    }
    metric.value = pooled_->compute();
    if (!metric.value) {
      metric.note =
          fmt::format("not defined: FlowMo pools batches of 5, and there are {} images", images_);
    }
    return metric;
  }

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
  std::optional<FlowmoPsnr> pooled_;  // under FlowMo's protocol
  std::optional<FeatureSums> features_;
  std::int64_t images_ = 0, reconstructed_ = 0;
};

}  // namespace

std::unique_ptr<Scorer> new_reconstruction_scorer(const ReconstructionProtocol& protocol) {
  return std::make_unique<ReconstructionScorer>(protocol);
}

}  // namespace sightline
