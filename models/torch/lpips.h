#pragma once

#include <memory>

#include "models/api/image_networks.h"

namespace sightline {

/// LPIPS on libtorch. The trunk may be torchvision's file ("features.0.weight", its classifier is
/// not used); the linear layers those of Sightline's collection ("vgg.lin0.weight") or of the lpips
/// package ("lin0.model.1.weight").
///
/// Throws `UsageError` for an unknown trunk, and `Error` naming file and tensor when a parameter is
/// missing or has another shape or type, saying which file is wanted.
std::unique_ptr<PerceptualDistance> make_perceptual(const PerceptualSettings& settings);

}  // namespace sightline
