#pragma once

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include "models/api/precision.h"

namespace sightline {

/// Where and with what a network computes; the same for all of its layers.
struct Compute {
  at::Device device = at::kCPU;
  at::ScalarType dtype = at::kFloat;  ///< of activations
  Precision precision = Precision::kFp32;
  bool double_quantise = false;  ///< kNf4
  /// Products and row functions of models/kernels (on a CPU), else libtorch's.
  bool kernels = true;
  bool quantise_vision = true;   ///< kInt8, kNf4: the vision tower and the projector too
  bool batch_invariant = false;  ///< libtorch's products in pieces of one fixed shape

  /// For the layers before the decoder: of full precision where they are not to be quantised.
  Compute for_vision() const {
    Compute own = *this;
    const bool quantised = precision == Precision::kInt8 || precision == Precision::kNf4;
    if (quantised && !quantise_vision) own.precision = Precision::kFp32;
    return own;
  }
};

}  // namespace sightline
