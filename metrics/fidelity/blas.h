#pragma once

#include <cblas.h>

#include <mutex>

// OpenBLAS, and the routines of LAPACK that are used here. Matrices of LAPACK are stored column by
// column; a symmetric one stored row by row is the same with its triangles exchanged.

extern "C" {
void dpotrf_(const char* triangle, const int* n, double* a, const int* lda, int* info);
void dpstrf_(const char* triangle, const int* n, double* a, const int* lda, int* pivots, int* rank,
             const double* tolerance, double* work, int* info);
void dsygst_(const int* type, const char* triangle, const int* n, double* a, const int* lda,
             const double* b, const int* ldb, int* info);
void dsytrd_(const char* triangle, const int* n, double* a, const int* lda, double* diagonal,
             double* off_diagonal, double* tau, double* work, const int* work_size, int* info);
void dsterf_(const int* n, double* diagonal, double* off_diagonal, int* info);
void dgesdd_(const char* job, const int* m, const int* n, double* a, const int* lda,
             double* singular_values, double* u, const int* ldu, double* vt, const int* ldvt,
             double* work, const int* work_size, int* integer_work, int* info);
}

namespace sightline {

/// While it lives, BLAS uses `thread_count()` threads, and only the thread that made it may call
/// BLAS: another one that makes one waits. So a call from within `parallel_for` is safe, and the
/// processors are never shared by more threads of BLAS than there are. Not to be nested.
///
/// BLAS shares its work out by blocks of the result, so that the number of threads changes results
/// by no more than the rounding of sums in another order.
class BlasThreads {
 public:
  BlasThreads();
  ~BlasThreads();
  BlasThreads(const BlasThreads&) = delete;
  BlasThreads& operator=(const BlasThreads&) = delete;

 private:
  std::unique_lock<std::mutex> lock_;
  int before_;
};

}  // namespace sightline
