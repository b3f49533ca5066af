#pragma once

#include <memory>

#include "models/api/image_tokenizer.h"
#include "models/api/registry.h"

namespace sightline {

/// What the arguments of `native` say of an image tokenizer: path (needed), family, config,
/// double_quant, kernels, batch_invariant, sample_steps, schedule, cfg, cfg_interval. Throws
/// `UsageError` for unknown ones.
ImageTokenizerSettings take_tokenizer_settings(ModelSettings& settings);

/// A tokenizer as a model that reconstructs images: code, and back, at the bits of the code. The
/// noise belongs to `seed` and the request's id. Images of a size that it does not take are
/// `bad_input`.
std::unique_ptr<Model> make_native_reconstruction(std::shared_ptr<ImageTokenizer> tokenizer,
                                                  std::uint64_t seed);

}  // namespace sightline
