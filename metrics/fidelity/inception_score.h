#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace sightline {

/// How images are shared out among the splits of an Inception Score.
enum class InceptionScoreRules {
  kTorchFidelity,  ///< shuffled (numpy RandomState(2020).permutation), 10 splits of equal size
  kAdm             ///< in their order, splits of 5,000 (the last may be smaller)
};
inline constexpr std::array kAllInceptionScoreRules = {InceptionScoreRules::kTorchFidelity,
                                                       InceptionScoreRules::kAdm};

/// "is/torch-fidelity", "is/adm".
std::string_view name_of(InceptionScoreRules rules);

/// The split of each of `images` images, from 0. Split i of 10 of torch-fidelity begins at place
/// i * images / 10 of the permutation.
std::vector<std::size_t> inception_score_splits(std::size_t images, InceptionScoreRules rules);

struct InceptionScoreValue {
  double mean = 0;                           ///< over splits; in [1, number of classes]
  std::optional<double> standard_deviation;  ///< over splits, of the population; not for "is/adm"
};

/// exp(mean over images of KL(p || mean p)), p the softmax of an image's logits (Salimans et al.
/// 2016), of each split; then the mean over splits. Higher is better. In float64 throughout.
///
/// The logits are those without the bias of the last layer (1,008 of them), as both evaluators
/// have it. ADM takes the logarithm of p, which is infinite where p is below 1e-38; here as in
/// torch-fidelity it is the logits' own.
///
/// Memory: 8 bytes an image and 8 bytes for every split and class.
class InceptionScore {
 public:
  /// One split for each image, as `inception_score_splits` has it. Throws `Error` without images or
  /// classes, and for a split without an image.
  InceptionScore(std::vector<std::size_t> split_of_image, std::size_t classes);

  /// Adds the logits of the next images, [n, classes]. Throws `Error` when they are no whole rows,
  /// too many, or not finite.
  void update(std::span<const float> logits);

  /// Throws `Error` until all images were added.
  InceptionScoreValue compute() const;

  /// exp(KL) of each split. Throws as `compute`.
  std::vector<double> split_scores() const;

 private:
  struct Split {
    std::size_t images = 0;
    std::vector<double> probability;  ///< [classes], sum over the split's images
    double negative_entropy = 0;      ///< sum over images and classes of p log p
  };

  std::vector<std::size_t> split_of_image_;
  std::size_t classes_;
  std::size_t seen_ = 0;
  std::vector<Split> splits_;
};

/// The score of all `logits`, [images, classes], by `rules`.
InceptionScoreValue inception_score(std::span<const float> logits, std::size_t classes,
                                    InceptionScoreRules rules);

}  // namespace sightline
