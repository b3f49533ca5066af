#include "models/families/flowmo.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "harness/base/counter_rng.h"
#include "harness/base/error.h"
#include "harness/base/parallel.h"
#include "models/api/packed_code.h"
#include "models/families/checkpoint.h"
#include "models/torch/tensors.h"

namespace sightline {

namespace {

namespace fs = std::filesystem;

constexpr const char* kFamily = "flowmo";
constexpr const char* kEmaWeights = "model_ema_state_dict";
/// With how many images at a time a machine's arithmetic is busy: few, each has thousands of rows.
constexpr std::size_t kCpuBatch = 4, kGpuBatch = 32;

/// The configuration's file; empty where there is none.
fs::path config_of(const ImageTokenizerSettings& settings) {
  if (!settings.config.empty()) return settings.config;
  require(fs::exists(settings.path), "there is no {}", settings.path.string());
  const bool folder = fs::is_directory(settings.path);
  const fs::path file = (folder ? settings.path : settings.path.parent_path()) / "config.json";
  if (fs::is_regular_file(file)) return file;
  require(!folder, "{} has no config.json: give the file of weights itself, or config=FILE",
          settings.path.string());
  return {};
}

/// The tensors under `model_ema_state_dict` where there is such a dictionary, else all.
TensorFile open_weights(const fs::path& path) {
  const TensorFile all = open_tensor_file(path);
  const auto in_dictionary = [](const std::string& name) {
    return name.starts_with("model_state_dict.") ||
           name.starts_with(std::string(kEmaWeights) + ".");
  };
  if (std::ranges::none_of(all.names(), in_dictionary)) return all;
  return open_tensor_file(path, {.prefix = kEmaWeights});
}

FlowMoConfig choose_config(const fs::path& file, const TensorView* code) {
  if (!file.empty()) {
    const nlohmann::json config = read_json(file);
    return read_flowmo_config(ConfigFields(config, file.string()));
  }
  require(code != nullptr && code->shape.size() == 2,
          "there is no tensor encoder.txt_in.weight: the weights are not FlowMo's");
  return published_flowmo(code->shape[1]);
}

Compute choose_compute(const ImageTokenizerSettings& settings, DType stored) {
  NetworkSettings network;
  network.device = settings.device;
  network.precision = settings.precision;
  network.double_quantise = settings.double_quantise;
  network.kernels = settings.kernels;
  network.batch_invariant = settings.batch_invariant;
  // FlowMo's own evaluation runs in bfloat16 on a GPU.
  if (!network.precision && settings.device != "cpu") network.precision = Precision::kBf16;
  return choose_compute(network, stored);
}

void check_tensors(Weights& weights, const FlowMoConfig& config) {
  for (const TensorSpec& tensor : flowmo_tensors(config)) weights.take(tensor.name, tensor.shape);
  weights.require_all_taken();
}

at::Tensor to_tensor(std::span<const Image* const> images) {
  std::array<float, 256> values{};
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>(static_cast<double>(i) / 127.5 - 1.0);
  }
  const Image& first = *images[0];
  at::Tensor planes =
      at::empty({static_cast<std::int64_t>(images.size()), 3, first.height, first.width});
  float* to = planes.data_ptr<float>();
  for (const Image* image : images) {
    for (std::size_t channel = 0; channel < 3; ++channel) {
      for (std::size_t i = channel; i < image->pixels.size(); i += 3) {
        *to++ = values[image->pixels[i]];
      }
    }
  }
  return planes;
}

/// [3, height, width] of each.
at::Tensor noise_for(std::span<const NoiseSource> sources, int height, int width) {
  at::Tensor noise =
      at::empty({static_cast<std::int64_t>(sources.size()), 3, height, width}, at::kFloat);
  const std::size_t numbers =
      3 * static_cast<std::size_t>(height) * static_cast<std::size_t>(width);
  float* to = noise.data_ptr<float>();
  parallel_for(sources.size(), 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      CounterStream(sources[i].seed, sources[i].id).normals(0, {to + i * numbers, numbers});
    }
  });
  return noise;
}

CodeLayout layout_of(const FlowMoConfig& config) {
  require(
      config.code != CodeKind::kContinuous,
      "the model's code is continuous ('quantization_type' is noop): it has no rate, and cannot "
      "be evaluated as a tokenizer");
  CodeLayout layout{.tokens = static_cast<std::size_t>(config.code_length)};
  layout.levels = config.code == CodeKind::kFsq
                      ? config.fsq_levels
                      : std::vector<std::uint32_t>(static_cast<std::size_t>(config.context_dim), 2);
  return layout;
}

class FlowMoTokenizer final : public ImageTokenizer {
 public:
  FlowMoTokenizer(OpenedFlowMo opened, FlowSampling sampling)
      : network_(std::move(opened.network)), sampling_(sampling) {
    const FlowMoConfig& config = network_.config();
    info_.family = kFamily;
    info_.precision = network_.compute().precision;
    info_.layout = layout_of(config);
    info_.width = config.image_width;
    info_.height = config.image_height;
    info_.max_batch = network_.compute().device.is_cpu() ? kCpuBatch : kGpuBatch;
    info_.protocol = departures(sampling);
    info_.hashes = std::move(opened.hashes);
    info_.weight_bytes = opened.weight_bytes;
    info_.quantised = std::move(opened.quantised);
  }

  const ImageTokenizerInfo& info() const override { return info_; }

  void check_size(int width, int height) const override {
    require(width == info_.width && height == info_.height,
            "an image of {} x {} pixels; this model takes {} x {}", width, height, info_.width,
            info_.height);
  }

  std::vector<ImageCode> encode(std::span<const Image* const> images) override {
    for (const Image* image : images) check_size(image->width, image->height);
    if (images.empty()) return {};
    const InferenceScope scope(torch_threads());
    return with_torch_errors([&] {
      const at::Tensor code = network_.encode(to_tensor(images).to(network_.compute().device))
                                  .to(at::kCPU)
                                  .contiguous();
      const auto all = quantise({code.data_ptr<float>(), static_cast<std::size_t>(code.numel())});
      std::vector<ImageCode> codes;
      for (std::size_t i = 0; i < images.size(); ++i) {
        const auto own = std::span(all).subspan(i * info_.layout.symbols(), info_.layout.symbols());
        codes.push_back({images[i]->width, images[i]->height, {own.begin(), own.end()}});
      }
      return codes;
    });
  }

  std::vector<PlanarImage> decode(std::span<const ImageCode* const> codes,
                                 std::span<const NoiseSource> noise) override {
    require(codes.size() == noise.size(), "{} sources of noise for {} codes", noise.size(),
            codes.size());
    for (const ImageCode* code : codes) {
      check_size(code->width, code->height);
      check_symbols(info_.layout, code->symbols);
    }
    if (codes.empty()) return {};
    const InferenceScope scope(torch_threads());
    return with_torch_errors([&] {
      const at::Device device = network_.compute().device;
      const at::Tensor z = noise_for(noise, info_.height, info_.width).to(device);
      return to_images(network_.sample(z, values_of(codes).to(device), sampling_));
    });
  }

 private:
  /// What libtorch does itself beside the kernels is small, and its threads would be in their way.
  std::size_t torch_threads() const { return network_.compute().kernels ? 1 : thread_count(); }

  std::vector<std::uint8_t> quantise(std::span<const float> code) const {
    const FlowMoConfig& config = network_.config();
    if (config.code == CodeKind::kLfq) return lfq_symbols(code);
    return fsq_symbols(code, config.fsq_levels, config.fsq_form);
  }

  at::Tensor values_of(std::span<const ImageCode* const> codes) const {
    const FlowMoConfig& config = network_.config();
    std::vector<at::Tensor> parts;
    for (const ImageCode* code : codes) {
      const std::vector<float> values = config.code == CodeKind::kLfq
                                            ? lfq_values(code->symbols)
                                            : fsq_values(code->symbols, config.fsq_levels);
      parts.push_back(at::tensor(values).view({config.code_length, config.context_dim}));
    }
    return at::stack(parts);
  }

  std::vector<PlanarImage> to_images(const at::Tensor& planes) const {
    const at::Tensor rows = planes.to(at::kCPU).contiguous();
    const std::size_t numbers = static_cast<std::size_t>(rows.numel() / rows.size(0));
    const float* from = rows.data_ptr<float>();
    std::vector<PlanarImage> images;
    for (std::int64_t i = 0; i < rows.size(0); ++i, from += numbers) {
      images.push_back({info_.width, info_.height, {from, from + numbers}});
    }
    return images;
  }

  FlowMoNetwork network_;
  FlowSampling sampling_;
  ImageTokenizerInfo info_;
};

}  // namespace

OpenedFlowMo open_flowmo(const ImageTokenizerSettings& settings) {
  const fs::path config_file = config_of(settings);
  const TensorFile file = open_weights(settings.path);
  Weights weights;
  weights.add(file, {});
  const FlowMoConfig config = choose_config(config_file, file.find("encoder.txt_in.weight"));
  check_tensors(weights, config);
  const Compute compute = choose_compute(settings, weights.usual_dtype());
  const InferenceScope scope;
  return with_torch_errors([&] {
    OpenedFlowMo opened{.network = FlowMoNetwork(weights, compute, config)};
    opened.weight_bytes = weights.bytes();
    opened.quantised = weights.quantised();
    if (settings.hash_weights) opened.hashes = weights.hashes();
    return opened;
  });
}

std::unique_ptr<ImageTokenizer> make_flowmo(const ImageTokenizerSettings& settings) {
  // Options first: a mistake in them is said before gigabytes are read.
  with_options({}, settings.sampling, "--model_args ");
  OpenedFlowMo opened = open_flowmo(settings);
  const FlowSampling sampling =
      with_options(opened.network.config().sampling, settings.sampling, "--model_args ");
  return std::make_unique<FlowMoTokenizer>(std::move(opened), sampling);
}

std::unique_ptr<ImageTokenizer> make_image_tokenizer(const ImageTokenizerSettings& settings) {
  std::string family = settings.family;
  if (family.empty()) {
    const fs::path file = config_of(settings);
    const nlohmann::json config = file.empty() ? nlohmann::json() : read_json(file);
    family = file.empty() ? kFamily : ConfigFields(config, file.string()).text("model_type", "");
    require(!family.empty(), "{}: 'model_type' is missing; say family=NAME, one of {}",
            file.string(), kFamily);
  }
  require(family == kFamily, "the family '{}' does not reconstruct images; there is {}", family,
          kFamily);
  return make_flowmo(settings);
}

}  // namespace sightline
