#pragma once

#include <memory>

#include "models/api/registry.h"

namespace sightline {

/// The model `replay`: answers from a file of predictions (`predictions=FILE`), without images.
std::unique_ptr<Model> open_replay(ModelSettings settings);

}  // namespace sightline
