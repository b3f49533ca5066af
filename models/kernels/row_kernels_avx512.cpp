#if defined(__x86_64__)

#include "models/kernels/vector_avx512.h"

#include "models/kernels/row_loops.h"

namespace sightline {

const RowKernels* avx512_row_kernels() {
  static constexpr RowKernels kKernels = {
      .name = "avx512", .floats = row_kernels_of<float>(), .bfloats = row_kernels_of<BFloat16>()};
  return &kKernels;
}

}  // namespace sightline

#else

#include "models/kernels/row_kernels.h"

namespace sightline {

const RowKernels* avx512_row_kernels() {
  return nullptr;
}

}  // namespace sightline

#endif
