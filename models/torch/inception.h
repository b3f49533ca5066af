#pragma once

#include <memory>

#include "models/api/image_networks.h"

namespace sightline {

/// The network on libtorch. Its input is resized in parallel; batches of any size are taken a few
/// images at a time, so that memory does not grow with them.
///
/// Throws `Error` naming file and tensor when a parameter is missing, has another shape or type, or
/// is not one of this network's, and saying which file is wanted.
std::unique_ptr<InceptionNetwork> make_inception(const InceptionSettings& settings);

}  // namespace sightline
