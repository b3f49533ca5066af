#include "harness/engine/fidelity.h"

#include <algorithm>
#include <map>
#include <set>

#include "harness/base/error.h"
#include "harness/engine/set_features.h"
#include "metrics/fidelity/fid_infinity.h"
#include "metrics/fidelity/frechet.h"
#include "metrics/fidelity/kid.h"
#include "metrics/fidelity/precision_recall.h"
#include "models/api/weight_files.h"

namespace sightline {

namespace fs = std::filesystem;

namespace {

/// A metric of whole sets under one set of rules: the input of the network, and what it needs.
struct SetRules {
  std::string_view metric;
  std::string_view rules;
  InceptionInput input;
  FeatureNeeds needs1, needs2;
};

constexpr FeatureNeeds kMoments{.moments = true};
constexpr FeatureNeeds kSpatial{.spatial_moments = true};
constexpr FeatureNeeds kRows{.rows = true};

FeatureNeeds score_by(InceptionScoreRules rules) {
  return {.score = rules};
}

/// The rules of a metric stand together, the default first.
const std::vector<SetRules>& set_rules() {
  static const std::vector<SetRules> all = {
      {"fid", "fid/pytorch-fid", InceptionInput::kPytorchFid, kMoments, kMoments},
      {"fid", "fid/tf", InceptionInput::kTf, kMoments, kMoments},
      {"fid", "fid/clean-fid", InceptionInput::kClean, kMoments, kMoments},
      {"sfid", "sfid/adm", InceptionInput::kTf, kSpatial, kSpatial},
      {"is",
       "is/torch-fidelity",
       InceptionInput::kTf,
       score_by(InceptionScoreRules::kTorchFidelity),
       {}},
      {"is", "is/adm", InceptionInput::kTf, score_by(InceptionScoreRules::kAdm), {}},
      {"prc", "prc/torch-fidelity", InceptionInput::kTf, kRows, kRows},
      {"prc", "prc/adm", InceptionInput::kTf, kRows, kRows},
      {"kid", kKidRules, InceptionInput::kTf, kRows, kRows},
  };
  return all;
}

/// The rules of the protocols that `imagenet_recon_val` has, where they are not the defaults.
const std::map<std::string, std::set<std::string_view>>& protocols() {
  static const std::map<std::string, std::set<std::string_view>> all = {
      {"pytorch-fid", {}}, {"flowmo", {}}, {"adm", {"fid/tf", "sfid/adm", "is/adm", "prc/adm"}}};
  return all;
}

std::vector<const SetRules*> rules_of(std::string_view metric) {
  std::vector<const SetRules*> found;
  for (const SetRules& rules : set_rules()) {
    if (rules.metric == metric) found.push_back(&rules);
  }
  return found;
}

FrechetRules frechet_rules(const SetRules& rules) {
  return rules.input == InceptionInput::kPytorchFid ? FrechetRules::kPytorchFid : FrechetRules::kTf;
}

class Fidelity {
 public:
  Fidelity(const FidelitySettings& settings, Registry& registry)
      : settings_(settings), registry_(registry), input1_(settings.input1) {
    if (!settings.input2.empty()) input2_.emplace(settings.input2);
    choose_metrics();
    plan();
  }

  FidelityResult measure() {
    if (!pair_metrics_.empty()) measure_all_pairs();
    for (const auto& [input, needs] : plan_) collect(input, needs.first, needs.second);
    save(settings_.save_statistics1, &Features::set1);
    save(settings_.save_statistics2, &Features::set2);
    for (const std::string& name : settings_.metrics) add_metric(name);
    return std::move(result_);
  }

 private:
  struct Features {
    SetFeatures set1, set2;
  };

  void choose_metrics() {
    if (!protocols().contains(settings_.protocol)) {
      throw UsageError(
          fmt::format("--protocol {}: want pytorch-fid, flowmo or adm", settings_.protocol));
    }
    std::set<std::string> rules_left(settings_.rules.begin(), settings_.rules.end());
    for (const std::string& name : settings_.metrics) {
      if (const PairMetric* pair = find_pair_metric(name)) {
        pair_metrics_.push_back(pair);
        continue;
      }
      const std::vector<const SetRules*> rules = rules_of(name);
      if (rules.empty()) refuse_metric(name);
      set_metrics_[name] = rules_under_protocol(rules);
      for (const SetRules* choice : rules) {
        if (rules_left.erase(std::string(choice->rules)) > 0) set_metrics_[name] = choice;
      }
    }
    if (!rules_left.empty()) refuse_rules(*rules_left.begin());
    if (settings_.keep_features && !set_metrics_.contains("fid")) {
      throw UsageError("--keep_features extrapolates FID: add fid to --metrics");
    }
  }

  /// What the protocol asked for has of these, else the default.
  const SetRules* rules_under_protocol(const std::vector<const SetRules*>& rules) const {
    const auto wanted = protocols().at(settings_.protocol);
    const auto found = std::ranges::find_if(
        rules, [&](const SetRules* one) { return wanted.contains(one->rules); });
    return found == rules.end() ? rules.front() : *found;
  }

  [[noreturn]] static void refuse_metric(const std::string& name) {
    std::vector<std::string> known;
    for (const FidelityMetricEntry& metric : fidelity_metrics()) known.push_back(metric.name);
    throw UsageError(fmt::format("--metrics: there is no metric named '{}'{}; there are {}", name,
                                 did_you_mean(name, known), fmt::join(known, ", ")));
  }

  [[noreturn]] void refuse_rules(const std::string& name) const {
    std::vector<std::string> known;
    for (const auto& [metric, chosen] : set_metrics_) {
      for (const SetRules* rules : rules_of(metric)) known.emplace_back(rules->rules);
    }
    throw UsageError(fmt::format("--rules {}: no metric asked for has these rules{}; there are {}",
                                 name, did_you_mean(name, known), fmt::join(known, ", ")));
  }

  /// What each input is asked for, by the network's input; and that both can give it.
  void plan() {
    const bool needs_second = std::ranges::any_of(
        settings_.metrics, [](const std::string& name) { return name != "is"; });
    if (needs_second && !input2_) throw UsageError("--input2 is missing: only `is` needs none");
    for (const auto& [name, rules] : set_metrics_) {
      auto& [needs1, needs2] = plan_[rules->input];
      needs1 |= rules->needs1;
      needs2 |= rules->needs2;
      if (settings_.keep_features && name == "fid") needs1.rows = true;
    }
    for (const auto& [input, needs] : plan_) {
      input1_.check(needs.first);
      if (input2_) input2_->check(needs.second);
    }
    if (!pair_metrics_.empty()) open_pairs();
    if (uses_network()) inception_weights_ = need_weights("inception");
    refuse_idle_saves();
  }

  void refuse_idle_saves() const {
    const bool moments =
        std::ranges::any_of(plan_, [](const auto& entry) { return entry.second.first.moments; });
    if (moments || (settings_.save_statistics1.empty() && settings_.save_statistics2.empty())) {
      return;
    }
    throw UsageError("--save_statistics1 and 2 write what FID needs: add fid to --metrics");
  }

  bool uses_network() const {
    return !plan_.empty() && (input1_.kind() == ImageDataKind::kImages ||
                              (input2_ && input2_->kind() == ImageDataKind::kImages));
  }

  fs::path need_weights(const char* role) const {
    const fs::path file = find_weights(weights_folder(settings_.weights), role);
    require(!file.empty(), "these metrics cannot be computed of images: {}",
            describe_missing(known_weights(role)));
    return file;
  }

  void open_pairs() {
    set1_ = open_image_set(settings_.input1);
    set2_ = open_image_set(settings_.input2);
    for (const PairMetric* metric : pair_metrics_) {
      if (metric->measure != nullptr) continue;
      const bool vgg = metric->trunk == "vgg";
      networks_[std::string(metric->trunk)] =
          open_perceptual(registry_, {.trunk = std::string(metric->trunk),
                                      .weights = need_weights(vgg ? "vgg16" : "alexnet"),
                                      .linear = need_weights(vgg ? "lpips_vgg" : "lpips_alex"),
                                      .device = settings_.device});
    }
  }

  void measure_all_pairs() {
    result_.pairs = measure_pairs(*set1_, *set2_, pair_metrics_, networks_);
  }

  void collect(InceptionInput input, const FeatureNeeds& needs1, const FeatureNeeds& needs2) {
    std::unique_ptr<InceptionNetwork> network;
    if (!inception_weights_.empty()) {
      network =
          open_inception(registry_, {.weights = inception_weights_,
                                     .input = input,
                                     .spatial = needs1.spatial_moments || needs2.spatial_moments,
                                     .logits = needs1.score.has_value(),
                                     .device = settings_.device});
    }
    Features& features = features_[input];
    features.set1 = input1_.collect(needs1, network.get(), settings_.batch_size);
    if (input2_ && needs2.any()) {
      features.set2 = reference(input, needs2, network.get());
    }
  }

  /// Features of the second input; those of images from the cache where they are there.
  SetFeatures reference(InceptionInput input, const FeatureNeeds& needs,
                        InceptionNetwork* network) {
    const auto collect = [&] { return input2_->collect(needs, network, settings_.batch_size); };
    const ReferenceCache* cache = settings_.cache;
    if (cache == nullptr || !cache->is_used() || input2_->kind() != ImageDataKind::kImages ||
        needs.score) {
      return collect();
    }
    const std::string looked_at_by =
        fmt::format("{} {} {}", network->weights_sha256(), name_of(input), settings_.device);
    const std::string key = ReferenceCache::key_of_statistics(input2_->path(), looked_at_by, needs);
    std::optional<SetFeatures> found = cache->find_statistics(key, needs);
    result_.reference.push_back({input, found.has_value(), cache->file_of_statistics(key)});
    if (!found) {
      found = collect();
      cache->keep_statistics(key, *found);
    }
    found->network = network->weights_sha256();
    return std::move(*found);
  }

  void save(const fs::path& file, SetFeatures Features::*set) const {
    if (!file.empty()) write_statistics(file, features_.at(set_metrics_.at("fid")->input).*set);
  }

  void add_metric(const std::string& name) {
    const auto chosen = set_metrics_.find(name);
    if (chosen == set_metrics_.end()) return add_pair_metric(name);
    const SetRules& rules = *chosen->second;
    const Features& features = features_.at(rules.input);
    if (name == "fid") add_fid(rules, features);
    if (name == "sfid") {
      add(rules, features, "sfid", "FID", false) =
          frechet_distance(*features.set1.spatial, *features.set2.spatial, frechet_rules(rules))
              .value();
    }
    if (name == "is") {
      add(rules, features, "is_mean", "IS", true) = features.set1.score->mean;
      add(rules, features, "is_std", "IS", false) = features.set1.score->standard_deviation;
    }
    if (name == "prc") add_precision_recall(rules, features);
    if (name == "kid") add_kid(rules, features);
  }

  /// A new number in the result; its value is to be filled in.
  std::optional<double>& add(const SetRules& rules, const Features& features, const char* key,
                             const char* unit, bool higher_is_better) {
    FidelityMetric& metric = result_.metrics.emplace_back();
    metric.value = {.key = key,
                    .value = {},
                    .standard_error = {},
                    .n = static_cast<std::int64_t>(features.set1.count),
                    .unit = unit,
                    .higher_is_better = higher_is_better};
    metric.rules = rules.rules;
    metric.n_reference = features.set2.count;
    metric.features = features.set1.network;
    return metric.value.value;
  }

  void add_pair_metric(const std::string& name) {
    const auto place = std::ranges::find(pair_metrics_, name, &PairMetric::key);
    const PairMetric& pair = **place;
    FidelityMetric& metric = result_.metrics.emplace_back();
    metric.value =
        summarise_pairs(*result_.pairs, static_cast<std::size_t>(place - pair_metrics_.begin()));
    metric.rules = pair.rules;
    if (pair.measure == nullptr) {
      metric.features = networks_.at(std::string(pair.trunk))->weights_sha256();
    }
  }

  void add_fid(const SetRules& rules, const Features& features) {
    const FrechetRules frechet = frechet_rules(rules);
    add(rules, features, "fid", "FID", false) =
        frechet_distance(*features.set1.pool, *features.set2.pool, frechet).value();
    if (!settings_.keep_features) return;
    const FidInfinity limit =
        fid_infinity(features.set1.feature_rows(), *features.set2.pool, {.rules = frechet});
    add(rules, features, "fid_infinity", "FID", false) = limit.value;
    MetricValue& value = result_.metrics.back().value;
    value.standard_error = limit.standard_error;
    value.note = fmt::format(
        "extrapolated from {} subsets; the FID of {} images is expected to lie {:.4g} above it",
        limit.points.size(), features.set1.count, limit.bias(features.set1.count));
  }

  void add_precision_recall(const SetRules& rules, const Features& features) {
    const ManifoldRules manifold = rules.rules == name_of(ManifoldRules::kAdm)
                                       ? ManifoldRules::kAdm
                                       : ManifoldRules::kTorchFidelity;
    const PrecisionRecall found =
        precision_recall(features.set1.feature_rows(), features.set2.feature_rows(), manifold);
    add(rules, features, "precision", "fraction", true) = found.precision();
    add(rules, features, "recall", "fraction", true) = found.recall();
  }

  void add_kid(const SetRules& rules, const Features& features) {
    const KernelDistance distance = kernel_distance(
        features.set1.feature_rows(), features.set2.feature_rows(),
        {.subsets = settings_.kid_subsets, .subset_size = settings_.kid_subset_size});
    const KernelDistanceOptions usual;
    const bool is_usual =
        settings_.kid_subsets == usual.subsets && settings_.kid_subset_size == usual.subset_size;
    for (const auto& [key, number] :
         {std::pair("kid", distance.mean), std::pair("kid_std", distance.standard_deviation)}) {
      add(rules, features, key, "KID", false) = number;
      if (is_usual) continue;
      result_.metrics.back().rules += fmt::format("[subsets={},subset_size={}]",
                                                  settings_.kid_subsets, settings_.kid_subset_size);
    }
  }

  const FidelitySettings& settings_;
  Registry& registry_;
  FeatureInput input1_;
  std::optional<FeatureInput> input2_;
  std::vector<const PairMetric*> pair_metrics_;
  std::map<std::string, const SetRules*> set_metrics_;
  std::map<InceptionInput, std::pair<FeatureNeeds, FeatureNeeds>> plan_;
  std::map<InceptionInput, Features> features_;
  fs::path inception_weights_;
  std::unique_ptr<ImageSet> set1_, set2_;
  PerceptualNetworks networks_;
  FidelityResult result_;
};

std::string summary_of(std::string_view metric) {
  if (metric == "fid") return "Fréchet distance of Inception's pooled features";
  if (metric == "sfid") return "the same of spatial features";
  if (metric == "is") return "Inception Score of the first input";
  if (metric == "prc") return "improved precision and recall";
  return "kernel distance of Inception's pooled features";
}

}  // namespace

std::vector<FidelityMetricEntry> fidelity_metrics() {
  std::vector<FidelityMetricEntry> entries;
  for (const SetRules& rules : set_rules()) {
    if (entries.empty() || entries.back().name != rules.metric) {
      entries.push_back({std::string(rules.metric), {}, summary_of(rules.metric)});
    }
    entries.back().rules.emplace_back(rules.rules);
  }
  for (const PairMetric& metric : pair_metrics()) {
    entries.push_back({std::string(metric.key),
                       {std::string(metric.rules)},
                       fmt::format("of pairs of images, in {}", metric.unit)});
  }
  return entries;
}

FidelityResult measure_fidelity(const FidelitySettings& settings, Registry& registry) {
  return Fidelity(settings, registry).measure();
}

}  // namespace sightline
