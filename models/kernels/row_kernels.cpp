#include "models/kernels/row_kernels.h"

#include <vector>

#include "models/kernels/instruction_sets.h"

namespace sightline {

std::span<const RowKernels* const> row_kernels() {
  static const std::vector<const RowKernels*> sets =
      runnable_sets(avx512_row_kernels(), avx2_row_kernels(), generic_row_kernels());
  return sets;
}

}  // namespace sightline
