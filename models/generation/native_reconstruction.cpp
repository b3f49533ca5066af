#include "models/generation/native_reconstruction.h"

#include <new>
#include <utility>

#include "harness/base/error.h"
#include "models/generation/image_arguments.h"

namespace sightline {

namespace {

ModelInfo describe(const ImageTokenizerInfo& tokenizer) {
  ModelInfo info;
  info.name = "native";
  info.revision = tokenizer.family;
  info.precision = name_of(tokenizer.precision);
  info.hashes = tokenizer.hashes;
  info.kinds = {Kind::kReconstruct};
  info.protocol = tokenizer.protocol;
  info.max_batch = tokenizer.max_batch;
  info.wants_pixels = true;
  info.facts["weight_bytes"] = static_cast<double>(tokenizer.weight_bytes);
  info.facts["quantised_layers"] = static_cast<double>(tokenizer.quantised.size());
  return info;
}

class NativeReconstruction final : public BatchModel {
 public:
  NativeReconstruction(std::shared_ptr<ImageTokenizer> tokenizer, std::uint64_t seed)
      : tokenizer_(std::move(tokenizer)), info_(describe(tokenizer_->info())), seed_(seed) {}

  const ModelInfo& info() const override { return info_; }

  std::vector<Response> answer(std::span<const Request> requests) override {
    std::vector<Response> responses(requests.size());
    std::vector<std::size_t> usable;
    for (std::size_t i = 0; i < requests.size(); ++i) {
      try {
        check(requests[i]);
        usable.push_back(i);
      } catch (const Error& error) {
        responses[i] = failed_response(Outcome::kBadInput, error.what());
      }
    }
    reconstruct(requests, usable, responses);
    return responses;
  }

 private:
  void check(const Request& request) const {
    require(request.images.size() == 1 && request.images[0].pixels != nullptr,
            "sample {} comes without its prepared pixels", request.id);
    const Image& image = *request.images[0].pixels;
    tokenizer_->check_size(image.width, image.height);
  }

  /// Requests that fail together are tried alone.
  void reconstruct(std::span<const Request> requests, std::span<const std::size_t> chosen,
                   std::vector<Response>& responses) {
    if (chosen.empty()) return;
    try {
      run(requests, chosen, responses);
      return;
    } catch (const Error& error) {
      responses[chosen[0]] = failed_response(Outcome::kModelError, error.what());
    } catch (const std::bad_alloc&) {
      responses[chosen[0]] = failed_response(Outcome::kOom, "no memory for the image");
    }
    if (chosen.size() == 1) return;
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      reconstruct(requests, chosen.subspan(i, 1), responses);
    }
  }

  void run(std::span<const Request> requests, std::span<const std::size_t> chosen,
           std::vector<Response>& responses) {
    std::vector<const Image*> images;
    std::vector<NoiseSource> noise;
    for (const std::size_t i : chosen) {
      images.push_back(requests[i].images[0].pixels.get());
      noise.push_back({seed_, requests[i].id});
    }
    const std::vector<ImageCode> codes = tokenizer_->encode(images);
    std::vector<const ImageCode*> pointers;
    for (const ImageCode& code : codes) pointers.push_back(&code);
    std::vector<PlanarImage> made = tokenizer_->decode(pointers, noise);
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      Reconstruction result;
      result.image = std::make_shared<const Image>(truncate_to_image(made[i]));
      result.samples = std::make_shared<const std::vector<float>>(std::move(made[i].values));
      result.bits = static_cast<std::int64_t>(tokenizer_->info().layout.bits());
      responses[chosen[i]] = {};
      responses[chosen[i]].answer.emplace().reconstruction = std::move(result);
    }
  }

  std::shared_ptr<ImageTokenizer> tokenizer_;
  ModelInfo info_;
  std::uint64_t seed_;
};

}  // namespace

ImageTokenizerSettings take_tokenizer_settings(ModelSettings& settings) {
  ModelArgs& args = settings.args;
  ImageTokenizerSettings tokenizer;
  tokenizer.path = args.need("path", "the folder of a checkpoint, or a file of weights");
  tokenizer.family = args.get("family");
  tokenizer.config = args.get("config");
  if (!settings.precision.empty()) tokenizer.precision = parse_precision(settings.precision);
  tokenizer.device = settings.device;
  tokenizer.double_quantise = take_switch(args, "double_quant", tokenizer.double_quantise);
  tokenizer.kernels = take_switch(args, "kernels", tokenizer.kernels);
  tokenizer.batch_invariant = take_switch(args, "batch_invariant", tokenizer.batch_invariant);
  require_effect(args, "double_quant", tokenizer.precision == Precision::kNf4,
                 "with --precision nf4");
  require_effect(args, "kernels", tokenizer.device == "cpu", "on a CPU");
  for (const char* name : {"sample_steps", "schedule", "cfg", "cfg_interval"}) {
    if (args.has(name)) tokenizer.sampling[name] = args.get(name);
  }
  args.check_all_used("native with tasks of kind reconstruct");
  tokenizer.hash_weights = !settings.task.empty();
  return tokenizer;
}

std::unique_ptr<Model> make_native_reconstruction(std::shared_ptr<ImageTokenizer> tokenizer,
                                                  std::uint64_t seed) {
  return std::make_unique<NativeReconstruction>(std::move(tokenizer), seed);
}

}  // namespace sightline
