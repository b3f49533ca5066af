#include "models/kernels/product_kernels.h"

#include <vector>

namespace sightline {

namespace {

std::vector<const ProductKernels*> find_kernels() {
  std::vector<const ProductKernels*> found;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl") && avx512_kernels() != nullptr) {
    if (__builtin_cpu_supports("avx512vnni")) found.push_back(avx512_vnni_kernels());
    found.push_back(avx512_kernels());
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
      __builtin_cpu_supports("f16c") && avx2_kernels() != nullptr) {
    found.push_back(avx2_kernels());
  }
#endif
  found.push_back(generic_kernels());
  return found;
}

}  // namespace

std::span<const ProductKernels* const> product_kernels() {
  static const std::vector<const ProductKernels*> found = find_kernels();
  return found;
}

}  // namespace sightline
