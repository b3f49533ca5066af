#include "metrics/fidelity/blas.h"

#include "harness/base/parallel.h"

namespace sightline {

namespace {

std::mutex& blas_mutex() {
  static std::mutex mutex;
  return mutex;
}

}  // namespace

// What BLAS was set to before is set again, since a module with libtorch may share it.
BlasThreads::BlasThreads() : lock_(blas_mutex()), before_(openblas_get_num_threads()) {
  openblas_set_num_threads(static_cast<int>(thread_count()));
}

BlasThreads::~BlasThreads() {
  openblas_set_num_threads(before_);
}

}  // namespace sightline
