#pragma once

#include <memory>
#include <string>

#include "models/api/registry.h"
#include "models/families/script_module.h"

namespace sightline {

/// Reconstructions by forward(x [B, 3, H, W]) -> [B, 3, H, W]; arguments range and batch.
std::unique_ptr<Model> make_script_reconstruction(ScriptModule module, ModelInfo info,
                                                  ModelSettings& settings);
/// Text by forward(input_ids [1, T], pixel_values [N, 3, S, S]) -> logits [1, T, V]; its arguments
/// are listed in docs/torchscript.md.
std::unique_ptr<Model> make_script_text(ScriptModule module, ModelInfo info,
                                        ModelSettings& settings);

/// `args[name]` as a whole number from `least` to `most`. Throws `UsageError`.
int take_whole(ModelArgs& args, const std::string& name, int fallback, int least, int most);

}  // namespace sightline
