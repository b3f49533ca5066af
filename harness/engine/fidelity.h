#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "harness/engine/pair_metrics.h"
#include "harness/engine/reference_cache.h"
#include "metrics/metric_value.h"
#include "models/api/registry.h"

namespace sightline {

/// Everything `sightline fidelity` was told.
struct FidelitySettings {
  std::filesystem::path input1;          ///< what is judged: generated, reconstructed
  std::filesystem::path input2;          ///< the reference; empty where no metric needs one
  std::vector<std::string> metrics;      ///< "fid", "psnr", ...; each once
  std::vector<std::string> rules;        ///< instead of defaults: "fid/tf", "is/adm"
  std::string protocol = "pytorch-fid";  ///< sets the defaults: also "flowmo", "adm"
  std::filesystem::path weights;         ///< folder of weight files; empty: the usual place
  std::string device = "cpu";
  std::size_t batch_size = 0;  ///< images a pass of a network; 0: a fitting number
  bool keep_features = false;  ///< for FID-infinity
  std::size_t kid_subsets = 100, kid_subset_size = 1000;
  /// Keeps what is known of the images of `input2`; null: computed each time.
  const ReferenceCache* cache = nullptr;
  std::filesystem::path save_statistics1, save_statistics2;  ///< .npz; empty: not asked for
};

/// A number of an image set, with what it takes to compare it.
struct FidelityMetric {
  MetricValue value;            ///< `n`: images (pairs) of the first input
  std::string rules;            ///< "fid/pytorch-fid"
  std::size_t n_reference = 0;  ///< images behind the second input; 0: unknown, or no matter
  std::string features;         ///< SHA-256 of the network's weights, or "given"; "": no network
};

/// Whether statistics of the reference were in the cache.
struct ReferenceUse {
  InceptionInput input = InceptionInput::kPytorchFid;
  bool hit = false;
  std::filesystem::path file;
};

struct FidelityResult {
  std::vector<FidelityMetric> metrics;
  std::vector<ReferenceUse> reference;  ///< one for each way of resizing; none without a cache
  std::optional<PairValues> pairs;
};

/// What `fidelity` can measure.
struct FidelityMetricEntry {
  std::string name;                ///< for `--metrics`
  std::vector<std::string> rules;  ///< the default first
  std::string summary;
};
std::vector<FidelityMetricEntry> fidelity_metrics();

/// Computes the metrics of one or two sets of images. Throws `UsageError` for unknown names, and
/// `Error` for inputs that do not fit a metric and for weights that are missing, before it computes
/// anything.
FidelityResult measure_fidelity(const FidelitySettings& settings, Registry& registry);

}  // namespace sightline
