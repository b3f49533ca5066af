#pragma once

#include <memory>

#include "models/api/image_tokenizer.h"
#include "models/api/registry.h"
#include "models/generation/generator.h"
#include "models/generation/network.h"

namespace sightline {

/// Registers `native`, which takes its networks from a module that is loaded when it is opened.
/// `registry` must outlive the entry.
void add_native_model(Registry& registry);

/// Keeps the network that was opened last: the tasks of a run open the model one after the other,
/// and reading the weights again would take longer than many a task.
class NetworkPool {
 public:
  /// The kept network if it was opened with these settings, else a new one in its place.
  std::shared_ptr<Network> open(Registry& registry, const NetworkSettings& settings);
  /// The same for a tokenizer of images.
  std::shared_ptr<ImageTokenizer> open(Registry& registry, const ImageTokenizerSettings& settings);

 private:
  NetworkSettings settings_;
  std::shared_ptr<Network> network_;
  ImageTokenizerSettings tokenizer_settings_;
  std::shared_ptr<ImageTokenizer> tokenizer_;
};

/// The model `native`: a checkpoint that Sightline itself computes. Arguments: path (needed),
/// family, config, vision, tokenizer, frames, image_backend, resize_order, logits_softcap,
/// double_quant, quantise_vision, kernels, batch_invariant, share, prompt_style, geometry; for a
/// task of kind reconstruct those of native_reconstruction.h. Throws `UsageError` for arguments and
/// `--gen_kwargs` that are unknown or make no sense, listing the choices, before the checkpoint is
/// opened, and for frames=video with a network that takes no video; `Error` for a checkpoint that
/// cannot be used.
std::unique_ptr<Model> open_native(Registry& registry, ModelSettings settings, NetworkPool& pool);

/// A network as a model. `info` says what the network does not know: name (empty: "native"), prompt
/// style (empty: the network's own) and geometry.
std::unique_ptr<Model> make_native(std::shared_ptr<Network> network, ModelInfo info,
                                   const GeneratorSettings& settings);

}  // namespace sightline
