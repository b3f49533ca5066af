#include "models/generation/native_model.h"

#include <algorithm>
#include <utility>

#include "harness/base/error.h"
#include "harness/base/parallel.h"
#include "models/api/text_arguments.h"
#include "models/generation/decoding_plan.h"
#include "models/generation/image_arguments.h"
#include "models/generation/native_reconstruction.h"
#include "models/prompts/style.h"

namespace sightline {

namespace {

/// With how many sequences at a time a machine's arithmetic is busy.
constexpr std::size_t kCpuBatch = 32, kGpuBatch = 256;

/// The protocol without what all published results share.
std::map<std::string, std::string> departures(std::map<std::string, std::string> protocol) {
  std::map<std::string, std::string> usual = describe(ImageProtocol{});
  usual.emplace("logits_softcap", "on");
  std::erase_if(protocol, [&](const auto& entry) {
    const auto found = usual.find(entry.first);
    return found != usual.end() && found->second == entry.second;
  });
  return protocol;
}

ModelInfo describe(const NetworkInfo& network, ModelInfo info, bool video) {
  if (info.name.empty()) info.name = "native";
  info.revision = network.family;
  info.precision = name_of(network.precision);
  info.hashes = network.hashes;
  info.protocol = departures(network.protocol);
  if (video) info.protocol["frames"] = "video";
  info.kinds = {Kind::kText};
  if (info.prompt_style.empty()) info.prompt_style = network.prompt_style;
  info.opens_images = info.wants_pixels = network.takes_images;
  info.facts["weight_bytes"] = static_cast<double>(network.weight_bytes);
  info.facts["quantised_layers"] = static_cast<double>(network.quantised.size());
  return info;
}

class NativeModel final : public Model {
 public:
  NativeModel(std::shared_ptr<Network> network, ModelInfo info, const GeneratorSettings& settings)
      : network_(std::move(network)),
        info_(describe(network_->info(), std::move(info), settings.video)),
        generator_(*network_, prompt_style(info_.prompt_style), settings) {
    info_.max_batch = settings.max_batch;
  }

  const ModelInfo& info() const override { return info_; }

  void serve(Exchange& exchange) override {
    try {
      generator_.serve(exchange);
    } catch (...) {
      note_facts();
      throw;
    }
    note_facts();
  }

 private:
  void note_facts() {
    for (const auto& [name, value] : facts_of(generator_.statistics())) info_.facts[name] = value;
  }

  std::shared_ptr<Network> network_;
  ModelInfo info_;
  Generator generator_;
};

/// frames=images|video; true for video.
bool take_video(ModelArgs& args) {
  const std::string value = args.get("frames", "images");
  if (value != "images" && value != "video") {
    throw UsageError(fmt::format("--model_args frames={}: want images or video", value));
  }
  return value == "video";
}

NetworkSettings take_network_settings(ModelSettings& settings) {
  ModelArgs& args = settings.args;
  NetworkSettings network;
  network.path = args.need("path", "the folder of a checkpoint, or a file of weights");
  network.family = args.get("family");
  network.config = args.get("config");
  network.vision = args.get("vision");
  network.tokenizer = args.get("tokenizer");
  if (!settings.precision.empty()) network.precision = parse_precision(settings.precision);
  network.images = take_image_protocol(args);
  network.device = settings.device;
  network.logits_softcap = take_switch(args, "logits_softcap", network.logits_softcap);
  network.double_quantise = take_switch(args, "double_quant", network.double_quantise);
  network.quantise_vision = take_switch(args, "quantise_vision", network.quantise_vision);
  network.kernels = take_switch(args, "kernels", network.kernels);
  network.batch_invariant = take_switch(args, "batch_invariant", network.batch_invariant);
  const bool nf4 = network.precision == Precision::kNf4;
  const bool on_cpu = network.device == "cpu";
  require_effect(args, "double_quant", nf4, "with --precision nf4");
  require_effect(args, "quantise_vision", nf4 || network.precision == Precision::kInt8,
                 "with --precision int8 or nf4");
  require_effect(args, "kernels", on_cpu, "on a CPU");
  // `generate` compares nothing, and reading a large checkpoint whole takes its time.
  network.hash_weights = !settings.task.empty();
  return network;
}

}  // namespace

void add_native_model(Registry& registry) {
  registry.add({.name = "native",
                .summary = "a checkpoint that Sightline computes itself: path=, family=, config=, "
                           "vision=, tokenizer=, frames= (images), image_backend= (pil), "
                           "resize_order= (pillow12), logits_softcap= (on), double_quant= (off), "
                           "quantise_vision= (on), batch_invariant= (off), share= (on); for images "
                           "(FlowMo): sample_steps=, schedule=, cfg=, cfg_interval=",
                .open =
                    [&registry, pool = std::make_shared<NetworkPool>()](ModelSettings settings) {
                      return open_native(registry, std::move(settings), *pool);
                    },
                .module = ""});
}

std::unique_ptr<Model> make_native(std::shared_ptr<Network> network, ModelInfo info,
                                   const GeneratorSettings& settings) {
  return std::make_unique<NativeModel>(std::move(network), std::move(info), settings);
}

std::shared_ptr<Network> NetworkPool::open(Registry& registry, const NetworkSettings& settings) {
  if (network_ && settings == settings_) return network_;
  tokenizer_.reset();
  network_.reset();  // first, so that two never need memory at a time
  network_ = open_network(registry, settings);
  settings_ = settings;
  return network_;
}

std::shared_ptr<ImageTokenizer> NetworkPool::open(Registry& registry,
                                                  const ImageTokenizerSettings& settings) {
  if (tokenizer_ && settings == tokenizer_settings_) return tokenizer_;
  network_.reset();
  tokenizer_.reset();
  tokenizer_ = open_image_tokenizer(registry, settings);
  tokenizer_settings_ = settings;
  return tokenizer_;
}

std::unique_ptr<Model> open_native(Registry& registry, ModelSettings settings, NetworkPool& pool) {
  if (settings.kind == Kind::kReconstruct) {
    const ImageTokenizerSettings tokenizer = take_tokenizer_settings(settings);
    return make_native_reconstruction(pool.open(registry, tokenizer), settings.seed);
  }
  const NetworkSettings network = take_network_settings(settings);
  GeneratorSettings generator;
  generator.max_batch = network.device == "cpu" ? kCpuBatch : kGpuBatch;
  generator.threads = std::max<std::size_t>(1, thread_count() / 2);
  generator.seed = settings.seed;
  generator.sharing.share = take_switch(settings.args, "share", true);
  generator.video = take_video(settings.args);
  // Where an answer holds boxes, special tokens may be part of their grammar; styles drop others.
  generator.skip_special_tokens = settings.kind != Kind::kDetect && settings.kind != Kind::kGround;
  ModelInfo info;
  info.prompt_style.clear();
  take_text_arguments(settings.args, info);
  if (!info.prompt_style.empty()) prompt_style(info.prompt_style);
  settings.args.check_all_used("native");
  check_gen_kwargs(settings.gen_kwargs);
  std::shared_ptr<Network> opened = pool.open(registry, network);
  opened->tokenizer();  // throws where there is none: better now than for each request
  if (generator.video && !opened->info().takes_video) {
    throw UsageError(
        fmt::format("--model_args frames=video: the model {} takes no video; leave it "
                    "out, and the images of a request are shown as images",
                    opened->info().family));
  }
  return make_native(std::move(opened), std::move(info), generator);
}

}  // namespace sightline
