#include "metrics/fidelity/inception_score.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "harness/base/error.h"
#include "metrics/fidelity/features.h"
#include "metrics/fidelity/numpy_random.h"
#include "metrics/statistics.h"

namespace sightline {

namespace {

constexpr std::uint32_t kSeed = 2020;            // torch-fidelity's default
constexpr std::size_t kSplits = 10;              // torch-fidelity's default
constexpr std::size_t kAdmImagesOfSplit = 5000;  // ADM's split_size

}  // namespace

std::string_view name_of(InceptionScoreRules rules) {
  return rules == InceptionScoreRules::kAdm ? "is/adm" : "is/torch-fidelity";
}

std::vector<std::size_t> inception_score_splits(std::size_t images, InceptionScoreRules rules) {
  std::vector<std::size_t> splits(images);
  if (rules == InceptionScoreRules::kAdm) {
    for (std::size_t i = 0; i < images; ++i) splits[i] = i / kAdmImagesOfSplit;
    return splits;
  }
  require(images >= kSplits, "{} images: rules \"{}\" make {} splits of them and need one in each",
          images, name_of(rules), kSplits);
  const std::vector<std::size_t> order = NumpyRandomState(kSeed).permutation(images);
  for (std::size_t split = 0; split < kSplits; ++split) {
    for (std::size_t i = split * images / kSplits; i < (split + 1) * images / kSplits; ++i) {
      splits[order[i]] = split;
    }
  }
  return splits;
}

InceptionScore::InceptionScore(std::vector<std::size_t> split_of_image, std::size_t classes)
    : split_of_image_(std::move(split_of_image)), classes_(classes) {
  require(!split_of_image_.empty() && classes > 0,
          "InceptionScore: {} images and {} classes, want at least 1", split_of_image_.size(),
          classes);
  splits_.resize(std::ranges::max(split_of_image_) + 1);
  for (const std::size_t split : split_of_image_) ++splits_[split].images;
  for (std::size_t i = 0; i < splits_.size(); ++i) {
    require(splits_[i].images > 0, "InceptionScore: no image is in split {}", i);
    splits_[i].probability.resize(classes);
  }
}

void InceptionScore::update(std::span<const float> logits) {
  const FeatureRows rows{logits, classes_};
  require_features(rows, "logits", seen_);
  require(rows.count() <= split_of_image_.size() - seen_,
          "InceptionScore: more than the {} images that were announced", split_of_image_.size());
  std::vector<double> p(classes_);
  for (std::size_t image = 0; image < rows.count(); ++image, ++seen_) {
    const auto row = rows.row(image);
    const auto largest = static_cast<double>(std::ranges::max(row));
    double total = 0;
    for (std::size_t i = 0; i < classes_; ++i) {
      p[i] = std::exp(static_cast<double>(row[i]) - largest);
      total += p[i];
    }
    const double log_total = std::log(total);
    Split& split = splits_[split_of_image_[seen_]];
    for (std::size_t i = 0; i < classes_; ++i) {
      p[i] /= total;
      split.probability[i] += p[i];
      split.negative_entropy += p[i] * (static_cast<double>(row[i]) - largest - log_total);
    }
  }
}

std::vector<double> InceptionScore::split_scores() const {
  require(seen_ == split_of_image_.size(), "InceptionScore: {} of {} images were added", seen_,
          split_of_image_.size());
  std::vector<double> scores;
  for (const Split& split : splits_) {
    const auto n = static_cast<double>(split.images);
    // mean of sum p (log p - log q), the second part of which is sum q log q
    double divergence = split.negative_entropy / n;
    for (const double sum : split.probability) {
      if (sum > 0) divergence -= sum / n * std::log(sum / n);
    }
    scores.push_back(std::exp(divergence));
  }
  return scores;
}

InceptionScoreValue InceptionScore::compute() const {
  const std::vector<double> scores = split_scores();
  InceptionScoreValue value{.mean = mean(scores).value()};
  double squares = 0;
  for (const double score : scores) squares += (score - value.mean) * (score - value.mean);
  value.standard_deviation = std::sqrt(squares / static_cast<double>(scores.size()));
  return value;
}

InceptionScoreValue inception_score(std::span<const float> logits, std::size_t classes,
                                    InceptionScoreRules rules) {
  require_features({logits, classes}, "logits");
  const std::size_t images = logits.size() / classes;
  InceptionScore score(inception_score_splits(images, rules), classes);
  score.update(logits);
  InceptionScoreValue value = score.compute();
  if (rules == InceptionScoreRules::kAdm) value.standard_deviation.reset();
  return value;
}

}  // namespace sightline
