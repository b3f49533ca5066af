#include "models/kernels/product_kernels.h"

#include "models/kernels/instruction_sets.h"

namespace sightline {

namespace {

std::vector<const ProductKernels*> find_kernels() {
  auto found = runnable_sets(avx512_kernels(), avx2_kernels(), generic_kernels());
#if defined(__x86_64__)
  if (found.front() == avx512_kernels() && __builtin_cpu_supports("avx512vnni")) {
    found.insert(found.begin(), avx512_vnni_kernels());
  }
#endif
  return found;
}

}  // namespace

std::span<const ProductKernels* const> product_kernels() {
  static const std::vector<const ProductKernels*> found = find_kernels();
  return found;
}

}  // namespace sightline
