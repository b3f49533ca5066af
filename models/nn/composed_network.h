#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/generation/network.h"
#include "models/nn/decoder.h"

namespace sightline {

/// What makes up a vision-language network; a family (models/families) fills it.
struct NetworkParts {
  NetworkInfo info;
  std::optional<Tokenizer> tokenizer;  ///< none: only ids can be asked for
  std::string folder;                  ///< that should hold one, for errors
  Decoder decoder;

  std::function<ProcessedImages(std::span<const Image* const>, bool video)> process;
  std::function<Prompt(const Tokenizer&, std::string_view text, std::span<const ImageLayout>)>
      prompt;
  /// Vision features of several requests, one tensor [rows, width] each, as the decoder's
  /// embeddings are. None: a network of text alone.
  std::function<std::vector<at::Tensor>(std::span<const ProcessedImages* const>)> see;
};

/// A vision tower, a projector and a decoder behind the interface that generation uses.
class ComposedNetwork final : public Network {
 public:
  explicit ComposedNetwork(NetworkParts parts) : parts_(std::move(parts)) {}

  const NetworkInfo& info() const override { return parts_.info; }
  const Tokenizer& tokenizer() const override;
  ProcessedImages process(std::span<const Image* const> images, bool video) const override;
  Prompt prompt(std::string_view text, std::span<const ImageLayout> images) const override;
  std::vector<std::shared_ptr<const VisionFeatures>> encode(
      std::span<const ProcessedImages* const> requests) override;
  std::unique_ptr<SequenceCache> new_cache(std::size_t capacity) override;
  std::vector<StepResult> forward(std::span<const Step> steps) override;

  const NetworkParts& parts() const { return parts_; }

 private:
  at::Tensor inputs(const Step& step) const;

  NetworkParts parts_;
};

/// The pixels of a request as a tensor on the CPU (no copy).
at::Tensor pixels_of(const ProcessedImages& images);

}  // namespace sightline
