#pragma once

#include <vector>

namespace sightline {

/// Those of the three sets of loops that this processor can run and that the program was built with
/// (not null), the fastest first.
template <typename Set>
std::vector<const Set*> runnable_sets(const Set* avx512, const Set* avx2, const Set* generic) {
  std::vector<const Set*> found;
#if defined(__x86_64__)
  if (avx512 != nullptr && __builtin_cpu_supports("avx512f") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")) {
    found.push_back(avx512);
  }
  if (avx2 != nullptr && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
      __builtin_cpu_supports("f16c")) {
    found.push_back(avx2);
  }
#else
  static_cast<void>(avx512);
  static_cast<void>(avx2);
#endif
  found.push_back(generic);
  return found;
}

}  // namespace sightline
