#pragma once

#include "models/families/checkpoint.h"

namespace sightline {

// One function a family, in <family>.cpp; `make_network` (open_family.cpp) chooses.
NetworkParts open_paligemma(Checkpoint checkpoint);
NetworkParts open_llava_onevision(Checkpoint checkpoint);
NetworkParts open_minimind_v(Checkpoint checkpoint);

/// The network of a checkpoint, by the `model_type` of its configuration or the family that the
/// settings name. Throws `Error` naming the families that there are.
std::unique_ptr<Network> make_network(const NetworkSettings& settings);

}  // namespace sightline
