#pragma once

#include <memory>

#include "models/api/registry.h"

namespace sightline {

/// The model `torchscript`: a module that torch.jit.save wrote, with a signature of
/// docs/torchscript.md that `kind=` names: reconstruct or text. Throws `UsageError` for arguments
/// that are missing or unknown, and for tasks that ask for something else; `Error` for a file that
/// is no such module.
std::unique_ptr<Model> open_torchscript(ModelSettings settings);

}  // namespace sightline
