#include "models/kernels/vector_generic.h"

#include "models/kernels/row_loops.h"

namespace sightline {

const RowKernels* generic_row_kernels() {
  static constexpr RowKernels kKernels = {
      .name = "generic", .floats = row_kernels_of<float>(), .bfloats = row_kernels_of<BFloat16>()};
  return &kKernels;
}

}  // namespace sightline
