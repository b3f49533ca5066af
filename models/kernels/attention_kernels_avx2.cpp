#if defined(__x86_64__)

#include "models/kernels/vector_avx2.h"

#include "models/kernels/attention_loops.h"

namespace sightline {

const AttentionKernels* avx2_attention_kernels() {
  static const AttentionKernels kKernels = {.products = avx2_kernels(),
                                            .floats = attention_kernels_of<float>(),
                                            .bfloats = attention_kernels_of<BFloat16>()};
  return &kKernels;
}

}  // namespace sightline

#else

#include "models/kernels/attention_kernels.h"

namespace sightline {

const AttentionKernels* avx2_attention_kernels() {
  return nullptr;
}

}  // namespace sightline

#endif
