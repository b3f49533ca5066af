#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "models/nn/layers.h"

namespace sightline {

/// A mixture of experts (MiniMind): for every token the `per_token` likeliest of softmax(gate(x)).
struct ExpertsConfig {
  std::int64_t experts = 4, per_token = 1, shared = 0;
  std::int64_t hidden = 0;  ///< of each expert
  bool normalise = true;    ///< weights of a token's experts sum to 1
};

/// y = sum of weight * expert(x) over the chosen experts, plus all shared experts. Weights
/// `prefix`gate.weight, `prefix`experts.E., `prefix`shared_experts.S.
class Experts {
 public:
  Experts() = default;
  Experts(Weights& weights, const Compute& compute, const std::string& prefix, std::int64_t width,
          const ExpertsConfig& config, Activation activation);
  at::Tensor operator()(const at::Tensor& x, SequenceEnds ends = {}) const;

 private:
  struct Choice {
    std::vector<std::int64_t> rows;  ///< that chose an expert
    std::vector<float> weights;
  };
  std::vector<Choice> choose(const at::Tensor& x) const;

  ExpertsConfig config_;
  Linear gate_;
  std::vector<GatedMlp> experts_, shared_;
};

}  // namespace sightline
