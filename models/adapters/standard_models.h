#pragma once

#include "models/api/registry.h"

namespace sightline {

/// Registers the models that come with Sightline and need no network of their own.
void add_standard_models(Registry& registry);

}  // namespace sightline
