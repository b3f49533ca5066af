#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "harness/base/error.h"
#include "harness/base/parallel.h"
#include "harness/base/text.h"
#include "models/api/text_arguments.h"
#include "models/families/checkpoint.h"
#include "models/families/script_models.h"
#include "models/generation/decoding_plan.h"
#include "models/generation/image_arguments.h"
#include "models/generation/native_model.h"
#include "models/generation/sampler.h"
#include "models/prompts/style.h"
#include "models/torch/tensors.h"

namespace sightline {

namespace {

constexpr std::size_t kMostThreads = 4;  // with more, oneDNN was seen to add in another order

/// What the user says of the module.
struct TextSettings {
  ProcessorConfig processor;
  ImageProtocol protocol;
  TokenId placeholder = 0;
  std::vector<TokenId> eos;
  int max_positions = 0;
};

class Pixels final : public VisionFeatures {
 public:
  Pixels(at::Tensor pixels, std::size_t rows) : tensor(std::move(pixels)), rows_(rows) {}
  std::size_t rows() const override { return rows_; }
  std::size_t bytes() const override { return tensor.nbytes(); }

  const at::Tensor tensor;  ///< [images, 3, side, side]

 private:
  std::size_t rows_;
};

/// All that the module is given again with every token.
struct Context final : SequenceCache {
  std::vector<std::int64_t> ids;
  at::Tensor pixels;  ///< not defined: no image yet
  std::size_t first_image = 0;

  std::size_t length() const override { return ids.size(); }
  std::size_t bytes() const override { return ids.size() * sizeof ids[0]; }
  std::unique_ptr<SequenceCache> fork(std::size_t length) const override {
    require(length <= ids.size(), "a fork of {} of {} tokens", length, ids.size());
    auto copy = std::make_unique<Context>(*this);
    copy->ids.resize(length);
    if (length <= first_image) copy->pixels = at::Tensor();
    return copy;
  }
};

/// A module without keys and values: each token costs a pass over all before it.
class ScriptNetwork final : public Network {
 public:
  ScriptNetwork(ScriptModule module, NetworkInfo info, TextSettings settings, Tokenizer tokenizer)
      : module_(std::move(module)),
        info_(std::move(info)),
        settings_(std::move(settings)),
        tokenizer_(std::move(tokenizer)) {
    probe();
  }

  const NetworkInfo& info() const override { return info_; }
  const Tokenizer& tokenizer() const override { return tokenizer_; }

  ProcessedImages process(std::span<const Image* const> images, bool) const override {
    return process_images(images, settings_.processor, settings_.protocol);
  }

  Prompt prompt(std::string_view text, std::span<const ImageLayout> images) const override {
    return expand_placeholders(tokenizer_.encode(text), {&settings_.placeholder, 1}, images);
  }

  std::vector<std::shared_ptr<const VisionFeatures>> encode(
      std::span<const ProcessedImages* const> requests) override {
    std::vector<std::shared_ptr<const VisionFeatures>> features;
    for (const ProcessedImages* request : requests) {
      std::size_t rows = 0;
      for (const ImageLayout& image : request->images) {
        rows += static_cast<std::size_t>(image.num_tokens);
      }
      features.push_back(std::make_shared<Pixels>(pixels_of(*request).clone(), rows));
    }
    return features;
  }

  std::unique_ptr<SequenceCache> new_cache(std::size_t) override {
    return std::make_unique<Context>();
  }

  std::vector<StepResult> forward(std::span<const Step> steps) override {
    std::vector<StepResult> results;
    for (const Step& step : steps) results.push_back(advance(step));
    return results;
  }

 private:
  /// Runs one image and one token through the module, so that a wrong one shows at once.
  void probe() {
    Context context;
    const auto tokens = static_cast<std::size_t>(settings_.processor.tokens_per_tile);
    context.ids.assign(tokens, settings_.placeholder);
    context.ids.push_back(settings_.eos.front());
    context.pixels = no_pixels(1);
    const at::Tensor logits = run(context);
    info_.vocabulary = static_cast<std::size_t>(logits.size(1));
  }

  at::Tensor no_pixels(std::int64_t images) const {
    const int side = settings_.processor.size.width;
    return at::zeros({images, 3, side, side});
  }

  /// Logits behind all tokens, [tokens, vocabulary].
  at::Tensor run(const Context& context) const {
    const InferenceScope inference(std::min(thread_count(), kMostThreads));
    const auto count = static_cast<std::int64_t>(context.ids.size());
    const at::Tensor ids = at::tensor(context.ids, at::kLong).view({1, count});
    const at::Tensor pixels = context.pixels.defined() ? context.pixels : no_pixels(0);
    const std::vector<at::Tensor> results = module_({ids, pixels});
    const bool is_right = !results.empty() && results[0].dim() == 3 && results[0].size(0) == 1 &&
                          results[0].size(1) == count && results[0].scalar_type() == at::kFloat &&
                          (info_.vocabulary == 0 ||
                           results[0].size(2) == static_cast<std::int64_t>(info_.vocabulary));
    require(is_right, "the module makes {} of {} tokens, want logits [1, {}, vocabulary]",
            results.empty() ? "nothing" : shape_text(results[0].sizes().vec()), count, count);
    return results[0].select(0, 0).contiguous();
  }

  StepResult advance(const Step& step) const {
    auto& context = dynamic_cast<Context&>(*step.cache);
    Context longer = context;
    longer.ids.insert(longer.ids.end(), step.ids.begin(), step.ids.end());
    if (step.vision != nullptr && !step.vision_rows.empty()) {
      longer.pixels = dynamic_cast<const Pixels&>(*step.vision).tensor;
      longer.first_image = step.vision_rows.front().position;
    }
    const at::Tensor logits = run(longer);
    context = std::move(longer);
    return result_of(step, logits);
  }

  static StepResult result_of(const Step& step, const at::Tensor& logits) {
    const auto width = static_cast<std::size_t>(logits.size(1));
    const std::span<const float> all(logits.data_ptr<float>(),
                                     static_cast<std::size_t>(logits.numel()));
    const std::span<const float> last = all.last(width);
    require(std::ranges::all_of(last, [](float logit) { return !std::isnan(logit); }),
            "the module gave a logit that is no number");
    StepResult result;
    result.best = static_cast<TokenId>(std::ranges::max_element(last) - last.begin());
    if (step.logprob) result.best_logprob = static_cast<float>(log_probability(last, result.best));
    const auto asked =
        step.want == Step::Want::kAllLogits ? all.last(step.ids.size() * width) : last;
    if (step.want != Step::Want::kBest) result.logits.assign(asked.begin(), asked.end());
    return result;
  }

  ScriptModule module_;
  NetworkInfo info_;
  TextSettings settings_;
  Tokenizer tokenizer_;
};

/// "a+b+c" as numbers.
template <typename Number>
std::vector<Number> take_list(ModelArgs& args, const std::string& name, const std::string& text) {
  std::vector<Number> numbers;
  for (const std::string_view part : split(text, '+')) {
    Number number{};
    const auto end = std::from_chars(part.data(), part.data() + part.size(), number);
    if (end.ec != std::errc() || end.ptr != part.data() + part.size()) {
      throw UsageError(fmt::format("--model_args {}={}: want numbers with '+' between them", name,
                                   args.get(name)));
    }
    numbers.push_back(number);
  }
  return numbers;
}

/// One number for each channel, or one for all.
std::array<double, 3> take_channels(ModelArgs& args, const std::string& name) {
  const auto numbers = take_list<double>(args, name, args.get(name, "0.5"));
  if (numbers.size() == 1) return {numbers[0], numbers[0], numbers[0]};
  if (numbers.size() != 3) {
    throw UsageError(
        fmt::format("--model_args {}={}: want one number or three", name, args.get(name)));
  }
  return {numbers[0], numbers[1], numbers[2]};
}

ResizeFilter take_filter(ModelArgs& args) {
  const std::string name = args.get("resample", "bicubic");
  if (name == "bicubic") return ResizeFilter::kBicubic;
  if (name == "bilinear") return ResizeFilter::kBilinear;
  if (name == "lanczos") return ResizeFilter::kLanczos;
  throw UsageError(
      fmt::format("--model_args resample={}: want bicubic, bilinear or lanczos", name));
}

TextSettings take_settings(ModelArgs& args) {
  constexpr int kMostTokens = 1 << 24;
  for (const char* name : {"image_size", "image_tokens", "image_token_id", "eos_id"}) {
    args.need(name, "see docs/torchscript.md");
  }
  TextSettings settings;
  const int side = take_whole(args, "image_size", 0, 1, 1 << 14);
  settings.processor = default_processor_config(ProcessorKind::kSiglip);
  settings.processor.size = {side, side};
  settings.processor.resample = take_filter(args);
  settings.processor.scaling.mean = take_channels(args, "image_mean");
  settings.processor.scaling.std = take_channels(args, "image_std");
  if (std::ranges::min(settings.processor.scaling.std) <= 0) {
    throw UsageError("--model_args image_std: want positive numbers");
  }
  settings.processor.tokens_per_tile = take_whole(args, "image_tokens", 0, 1, kMostTokens);
  settings.placeholder = take_whole(args, "image_token_id", 0, 0, kMostTokens);
  settings.eos = take_list<TokenId>(args, "eos_id", args.get("eos_id"));
  settings.max_positions = take_whole(args, "max_positions", 0, 0, kMostTokens);
  settings.protocol = take_image_protocol(args);
  return settings;
}

}  // namespace

std::unique_ptr<Model> make_script_text(ScriptModule module, ModelInfo info,
                                        ModelSettings& settings) {
  ModelArgs& args = settings.args;
  const std::string tokenizer = args.need("tokenizer", "a tokenizer.json, or the folder of one");
  TextSettings text = take_settings(args);
  take_text_arguments(args, info);
  prompt_style(info.prompt_style);
  args.check_all_used("torchscript with kind=text");
  check_gen_kwargs(settings.gen_kwargs);

  NetworkInfo network;
  network.family = "torchscript";
  network.prompt_style = info.prompt_style;
  network.eos = text.eos;
  network.max_positions = static_cast<std::size_t>(text.max_positions);
  network.hashes = info.hashes;
  network.protocol = describe(text.protocol);
  network.precision = module.precision();
  GeneratorSettings generator;
  generator.max_batch = 8;
  generator.threads = std::max<std::size_t>(1, thread_count() / 2);
  generator.seed = settings.seed;
  generator.skip_special_tokens = settings.kind == Kind::kText;
  return make_native(std::make_unique<ScriptNetwork>(std::move(module), std::move(network),
                                                     std::move(text), Tokenizer::open(tokenizer)),
                     std::move(info), generator);
}

}  // namespace sightline
