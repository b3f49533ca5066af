#include "models/nn/composed_network.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <new>

#include "harness/base/error.h"
#include "harness/base/parallel.h"
#include "models/torch/tensors.h"

namespace sightline {

namespace {

constexpr const char* kNoNumber =
    "the network gave a logit that is no number: the weights hold NaN or infinity, or the "
    "precision overflows";

class Features final : public VisionFeatures {
 public:
  explicit Features(at::Tensor tensor) : tensor_(std::move(tensor)) {}
  std::size_t rows() const override { return static_cast<std::size_t>(tensor_.size(0)); }
  std::size_t bytes() const override { return tensor_.nbytes(); }
  const at::Tensor& tensor() const { return tensor_; }

 private:
  at::Tensor tensor_;
};

/// What libtorch does itself on a CPU here is small, and its threads would stand in the way of
/// those of models/kernels.
std::size_t torch_threads(const Compute& compute) {
  return compute.kernels ? 1 : thread_count();
}

/// As `with_torch_errors`, but a lack of memory leaves it as std::bad_alloc: generation can do
/// with less.
template <typename Work>
auto translated(const Work& work) {
  return with_torch_errors([&] {
    try {
      return work();
    } catch (const c10::Error& error) {
      const std::string text = error.what_without_backtrace();
      const bool memory = text.find("out of memory") != std::string::npos ||
                          text.find("can't allocate memory") != std::string::npos;
      if (memory) throw std::bad_alloc();
      throw;
    }
  });
}

std::span<const float> row_of(const at::Tensor& logits, std::int64_t row) {
  const std::int64_t width = logits.size(1);
  return {logits.data_ptr<float>() + row * width, static_cast<std::size_t>(width)};
}

float log_sum_exp(std::span<const float> logits, float largest) {
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - largest);
  return static_cast<float>(largest + std::log(sum));
}

void choose_best(std::span<const float> logits, bool logprob, StepResult& result) {
  const auto best = std::ranges::max_element(logits);
  const auto is_nan = [](float logit) { return std::isnan(logit); };
  require(std::isfinite(*best) && std::ranges::none_of(logits, is_nan), "{}", kNoNumber);
  result.best = static_cast<TokenId>(best - logits.begin());
  if (logprob) result.best_logprob = *best - log_sum_exp(logits, *best);
}

/// The likeliest tokens of all rows, found where the logits are: a GPU need not send them.
std::vector<StepResult> best_of_rows(const at::Tensor& logits) {
  const at::Tensor largest = std::get<0>(logits.max(1, true));
  const at::Tensor places = at::arange(logits.size(1), logits.options().dtype(at::kLong));
  const at::Tensor best =
      at::where(logits == largest, places, at::full_like(places, logits.size(1))).amin(1);
  const at::Tensor ids = best.to(at::kCPU).contiguous();
  std::vector<StepResult> results(static_cast<std::size_t>(ids.numel()));
  for (std::size_t i = 0; i < results.size(); ++i) {
    const std::int64_t id = ids.data_ptr<std::int64_t>()[i];
    require(id < logits.size(1), "{}", kNoNumber);
    results[i].best = static_cast<TokenId>(id);
  }
  return results;
}

bool want_best_alone(std::span<const Step> steps) {
  return std::ranges::all_of(
      steps, [](const Step& step) { return step.want == Step::Want::kBest && !step.logprob; });
}

std::vector<StepResult> read_results(std::span<const Step> steps, const at::Tensor& logits) {
  std::vector<StepResult> results(steps.size());
  std::int64_t row = 0;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const bool all = steps[i].want == Step::Want::kAllLogits;
    const std::int64_t count = all ? static_cast<std::int64_t>(steps[i].ids.size()) : 1;
    const std::span<const float> first = row_of(logits, row);
    row += count;
    choose_best(row_of(logits, row - 1), steps[i].logprob, results[i]);
    if (steps[i].want == Step::Want::kBest) continue;
    results[i].logits.assign(first.data(),
                             first.data() + static_cast<std::size_t>(count) * first.size());
  }
  return results;
}

}  // namespace

at::Tensor pixels_of(const ProcessedImages& images) {
  const PixelTensor& pixels = images.pixel_values;
  const std::vector<std::int64_t> shape(pixels.shape.begin(), pixels.shape.end());
  // from_blob wants a mutable pointer; the result is only read.
  return at::from_blob(const_cast<float*>(pixels.values.data()), shape, at::kFloat);
}

const Tokenizer& ComposedNetwork::tokenizer() const {
  require(parts_.tokenizer.has_value(),
          "{} has no tokenizer.json: put the one of the checkpoint's authors there, or say "
          "tokenizer=PATH",
          parts_.folder);
  return *parts_.tokenizer;
}

ProcessedImages ComposedNetwork::process(std::span<const Image* const> images, bool video) const {
  require(parts_.process != nullptr, "the model {} takes no images", parts_.info.family);
  require(!video || parts_.info.takes_video, "the model {} takes no video", parts_.info.family);
  return parts_.process(images, video);
}

Prompt ComposedNetwork::prompt(std::string_view text, std::span<const ImageLayout> images) const {
  return parts_.prompt(tokenizer(), text, images);
}

std::vector<std::shared_ptr<const VisionFeatures>> ComposedNetwork::encode(
    std::span<const ProcessedImages* const> requests) {
  const InferenceScope scope(torch_threads(parts_.decoder.compute()));
  std::vector<std::shared_ptr<const VisionFeatures>> features;
  for (at::Tensor& tensor : translated([&] { return parts_.see(requests); })) {
    features.push_back(std::make_shared<Features>(std::move(tensor)));
  }
  return features;
}

std::unique_ptr<SequenceCache> ComposedNetwork::new_cache(std::size_t capacity) {
  const InferenceScope scope(torch_threads(parts_.decoder.compute()));
  return translated([&] { return parts_.decoder.new_cache(capacity); });
}

at::Tensor ComposedNetwork::inputs(const Step& step) const {
  const std::size_t past = step.cache->length();
  std::vector<TokenId> ids(step.ids.begin(), step.ids.end());
  std::vector<std::int64_t> positions, rows;
  for (const Prompt::VisionRow& image : step.vision_rows) {
    if (image.position < past || image.position >= past + ids.size()) continue;
    positions.push_back(static_cast<std::int64_t>(image.position - past));
    rows.push_back(static_cast<std::int64_t>(image.row));
    ids[image.position - past] = 0;  // replaced below; a placeholder may have no embedding
  }
  at::Tensor x = parts_.decoder.embed(ids);
  if (positions.empty()) return x;
  require(step.vision != nullptr, "a prompt with images came without their features");
  const at::Tensor& features = dynamic_cast<const Features&>(*step.vision).tensor();
  const auto index = [&](const std::vector<std::int64_t>& values) {
    return at::tensor(values, at::kLong).to(x.device());
  };
  x.index_copy_(0, index(positions), features.index_select(0, index(rows)));
  return x;
}

std::vector<StepResult> ComposedNetwork::forward(std::span<const Step> steps) {
  const InferenceScope scope(torch_threads(parts_.decoder.compute()));
  return translated([&] {
    std::vector<at::Tensor> parts;
    std::vector<Decoder::Rows> sequences;
    for (const Step& step : steps) {
      parts.push_back(inputs(step));
      sequences.push_back({.cache = &dynamic_cast<KvCache&>(*step.cache),
                           .count = step.ids.size(),
                           .bidirectional = step.bidirectional,
                           .all_outputs = step.want == Step::Want::kAllLogits});
    }
    const at::Tensor x = parts.size() == 1 ? parts[0] : at::cat(parts);
    const at::Tensor hidden = parts_.decoder.forward(x, sequences);
    const at::Tensor logits = parts_.decoder.logits(hidden);
    if (!parts_.decoder.compute().kernels && want_best_alone(steps)) return best_of_rows(logits);
    return read_results(steps, logits.to(at::kCPU).contiguous());
  });
}

}  // namespace sightline
