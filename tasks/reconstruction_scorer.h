#pragma once

#include <memory>

#include "tasks/reconstruction_protocol.h"
#include "tasks/task.h"

namespace sightline {

/// Scores what `measure` of the task left in the answers: means over images, rFID, and under
/// FlowMo's protocol its PSNR pooled over each five images in data-set order.
std::unique_ptr<Scorer> new_reconstruction_scorer(const ReconstructionProtocol& protocol);

}  // namespace sightline
