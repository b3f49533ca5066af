#pragma once

#include <memory>

#include "models/api/registry.h"

namespace sightline {

/// The model `null`: answers every request at once with the text of the argument `answer` (default
/// empty), and looks at nothing. What a run with it takes is the harness's own time.
std::unique_ptr<Model> open_null(ModelSettings settings);

}  // namespace sightline
