#include "models/nn/experts.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <numeric>

#include "harness/base/error.h"

namespace sightline {

namespace {

/// The ends of sequences, counted in `rows` (ascending) instead of in all rows.
std::vector<std::size_t> ends_among(const std::vector<std::int64_t>& rows, SequenceEnds ends) {
  std::vector<std::size_t> counted;
  for (const std::size_t end : ends) {
    const auto place = std::ranges::lower_bound(rows, static_cast<std::int64_t>(end));
    const auto count = static_cast<std::size_t>(place - rows.begin());
    if (count > 0 && (counted.empty() || counted.back() < count)) counted.push_back(count);
  }
  return counted;
}

}  // namespace

Experts::Experts(Weights& weights, const Compute& compute, const std::string& prefix,
                 std::int64_t width, const ExpertsConfig& config, Activation activation)
    : config_(config),
      gate_(weights, compute, {prefix + "gate", config.experts}, width,
            {.bias = false, .quantise = false}) {
  const auto load = [&](const std::string& name) {
    return GatedMlp(weights, compute, prefix + name, width, config.hidden, activation);
  };
  for (std::int64_t i = 0; i < config.experts; ++i) {
    experts_.push_back(load(fmt::format("experts.{}.", i)));
  }
  for (std::int64_t i = 0; i < config.shared; ++i) {
    shared_.push_back(load(fmt::format("shared_experts.{}.", i)));
  }
}

std::vector<Experts::Choice> Experts::choose(const at::Tensor& x) const {
  const at::Tensor scores = at::softmax(gate_(x).to(at::kCPU, at::kFloat), -1).contiguous();
  const auto count = static_cast<std::size_t>(config_.experts);
  const auto chosen = static_cast<std::ptrdiff_t>(config_.per_token);
  std::vector<Choice> choices(count);
  for (std::int64_t row = 0; row < scores.size(0); ++row) {
    const float* p = scores.data_ptr<float>() + row * config_.experts;
    std::vector<std::size_t> order(count);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, std::greater<>(), [&](std::size_t e) { return p[e]; });
    float sum = 0;
    for (std::ptrdiff_t k = 0; k < chosen; ++k) sum += p[order[static_cast<std::size_t>(k)]];
    const float divisor = config_.normalise ? sum + 1e-20F : 1.0F;
    for (std::ptrdiff_t k = 0; k < chosen; ++k) {
      const std::size_t expert = order[static_cast<std::size_t>(k)];
      choices[expert].rows.push_back(row);
      choices[expert].weights.push_back(p[expert] / divisor);
    }
  }
  return choices;
}

at::Tensor Experts::operator()(const at::Tensor& x, SequenceEnds ends) const {
  at::Tensor y = at::zeros_like(x);
  const std::vector<Choice> choices = choose(x);
  for (std::size_t e = 0; e < experts_.size(); ++e) {
    const Choice& choice = choices[e];
    if (choice.rows.empty()) continue;
    const auto count = static_cast<std::int64_t>(choice.rows.size());
    const at::Tensor rows = at::tensor(choice.rows, at::kLong).to(x.device());
    const at::Tensor weights = at::tensor(choice.weights).view({count, 1}).to(x.options());
    const std::vector<std::size_t> own_ends = ends_among(choice.rows, ends);
    y.index_add_(0, rows, experts_[e](x.index_select(0, rows), own_ends) * weights);
  }
  for (const GatedMlp& expert : shared_) y = y + expert(x, ends);
  return y;
}

}  // namespace sightline
