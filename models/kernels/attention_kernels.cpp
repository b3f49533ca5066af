#include "models/kernels/attention_kernels.h"

#include <vector>

#include "models/kernels/instruction_sets.h"

namespace sightline {

std::span<const AttentionKernels* const> attention_kernels() {
  static const std::vector<const AttentionKernels*> sets = runnable_sets(
      avx512_attention_kernels(), avx2_attention_kernels(), generic_attention_kernels());
  return sets;
}

}  // namespace sightline
