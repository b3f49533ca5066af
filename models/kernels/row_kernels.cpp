#include "models/kernels/row_kernels.h"

#include <vector>

namespace sightline {

namespace {

std::vector<const RowKernels*> find_kernels() {
  std::vector<const RowKernels*> found;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl")) {
    found.push_back(avx512_row_kernels());
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    found.push_back(avx2_row_kernels());
  }
#endif
  found.push_back(generic_row_kernels());
  return found;
}

}  // namespace

std::span<const RowKernels* const> row_kernels() {
  static const std::vector<const RowKernels*> found = find_kernels();
  return found;
}

}  // namespace sightline
