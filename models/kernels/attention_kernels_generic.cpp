#include "models/kernels/vector_generic.h"

#include "models/kernels/attention_loops.h"

namespace sightline {

const AttentionKernels* generic_attention_kernels() {
  static const AttentionKernels kKernels = {.products = generic_kernels(),
                                            .floats = attention_kernels_of<float>(),
                                            .bfloats = attention_kernels_of<BFloat16>()};
  return &kKernels;
}

}  // namespace sightline
