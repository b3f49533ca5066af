#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <numeric>
#include <optional>
#include <vector>

#include "harness/base/error.h"
#include "metrics/fidelity/blas.h"
#include "metrics/fidelity/frechet.h"

namespace sightline {

namespace {

using Matrix = std::span<const double>;

constexpr double kRounding = std::numeric_limits<double>::epsilon() / 2;
/// Roundings that the steps from A and B to eigenvalues add up to, in practice.
constexpr double kRoundings = 4;
/// What rounding may add to a sum of roots of eigenvalues, relative to the traces.
constexpr double kTolerance = 1e-8;

double trace(Matrix a, std::size_t width) {
  double sum = 0;
  for (std::size_t i = 0; i < width; ++i) sum += a[i * width + i];
  return sum;
}

double frobenius_norm(Matrix a) {
  return std::sqrt(std::inner_product(a.begin(), a.end(), a.begin(), 0.0));
}

/// Eigenvalues of a symmetric matrix, ascending; only its lower triangle (of columns) is read, and
/// destroyed.
std::vector<double> eigenvalues(std::vector<double>& a, int n) {
  const auto size = static_cast<std::size_t>(n);
  std::vector<double> values(size), off_diagonal(size), tau(size), work(64 * size);
  const int work_size = 64 * n;
  int info = 0;
  dsytrd_("L", &n, a.data(), &n, values.data(), off_diagonal.data(), tau.data(), work.data(),
          &work_size, &info);
  require(info == 0, "LAPACK's dsytrd refused its argument {}", -info);
  dsterf_(&n, values.data(), off_diagonal.data(), &info);
  require(info == 0, "LAPACK's dsterf found only {} of {} eigenvalues", n - info, n);
  return values;
}

/// Sum of the roots of L^T B L's eigenvalues; no value when A has no Cholesky factor L, an
/// eigenvalue may be 0, or the sum may be off by more than `tolerance`.
///
/// All steps are backward stable: the eigenvalues are those of a matrix that is off by some E,
/// whose Frobenius norm is some roundings of |A| |B|. To first order the sum of the roots is then
/// off by the sum of v E v / (2 root) over eigenvectors v, and so by |E| sqrt(sum 1 / (4
/// eigenvalue)) at most (Cauchy and Schwarz). An eigenvalue no larger than the error adds the
/// error's root.
std::optional<double> sum_of_roots(Matrix a, Matrix b, int n, double tolerance) {
  std::vector<double> factor(a.begin(), a.end());
  int info = 0;
  dpotrf_("L", &n, factor.data(), &n, &info);
  if (info != 0) return std::nullopt;
  std::vector<double> product(b.begin(), b.end());
  const int kFactorTimesMatrix = 2;  // L^T B L
  dsygst_(&kFactorTimesMatrix, "L", &n, product.data(), &n, factor.data(), &n, &info);
  require(info == 0, "LAPACK's dsygst refused its argument {}", -info);
  std::vector<double>().swap(factor);

  const double error = kRoundings * kRounding * frobenius_norm(a) * frobenius_norm(b);
  double sum = 0, inverses = 0;
  for (const double value : eigenvalues(product, n)) {
    if (value <= 4 * error) return std::nullopt;
    sum += std::sqrt(value);
    inverses += 1 / value;
  }
  // A third instead of a quarter, since the eigenvalues may be smaller than they look.
  if (!(error * std::sqrt(inverses / 3) <= tolerance)) return std::nullopt;
  return sum;
}

/// L with A = L L^T up to rounding, as many columns as A has rank; stored by columns, [n, rank].
struct SemidefiniteFactor {
  std::vector<double> columns;
  int rank = 0;
};

SemidefiniteFactor factor_semidefinite(Matrix a, int n) {
  const auto size = static_cast<std::size_t>(n);
  std::vector<double> pivoted(a.begin(), a.end()), work(2 * size);
  std::vector<int> pivots(size);
  const double kDefaultTolerance = -1;  // n roundings of the largest variance
  SemidefiniteFactor factor;
  int info = 0;
  dpstrf_("L", &n, pivoted.data(), &n, pivots.data(), &factor.rank, &kDefaultTolerance, work.data(),
          &info);
  require(info >= 0, "LAPACK's dpstrf refused its argument {}", -info);
  factor.columns.resize(size * static_cast<std::size_t>(factor.rank));
  for (std::size_t j = 0; j < static_cast<std::size_t>(factor.rank); ++j) {
    for (std::size_t i = j; i < size; ++i) {
      const auto row = static_cast<std::size_t>(pivots[i] - 1);
      factor.columns[j * size + row] = pivoted[j * size + i];
    }
  }
  return factor;
}

/// Sum of the singular values of an m x n matrix stored by columns, which is destroyed.
double nuclear_norm(std::vector<double>& a, int m, int n) {
  const int smaller = std::min(m, n), one = 1, query = -1;
  std::vector<double> values(static_cast<std::size_t>(smaller));
  std::vector<int> integer_work(8 * values.size());
  double wanted = 0;
  int info = 0;
  dgesdd_("N", &m, &n, a.data(), &m, values.data(), nullptr, &one, nullptr, &one, &wanted, &query,
          integer_work.data(), &info);
  const int work_size = static_cast<int>(wanted);
  std::vector<double> work(static_cast<std::size_t>(work_size));
  dgesdd_("N", &m, &n, a.data(), &m, values.data(), nullptr, &one, nullptr, &one, work.data(),
          &work_size, integer_work.data(), &info);
  require(info == 0, "LAPACK's dgesdd found no singular values of a {} x {} matrix", m, n);
  // From the smallest, so that they are not lost in the sum of the large ones.
  return std::accumulate(values.rbegin(), values.rend(), 0.0);
}

double sum_of_singular_values(Matrix a, Matrix b, int n) {
  std::vector<double> product;
  int rows = 0, columns = 0;
  {
    const SemidefiniteFactor left = factor_semidefinite(a, n), right = factor_semidefinite(b, n);
    rows = left.rank;
    columns = right.rank;
    if (rows == 0 || columns == 0) return 0;
    product.resize(static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns));
    cblas_dgemm(CblasColMajor, CblasTrans, CblasNoTrans, rows, columns, n, 1.0, left.columns.data(),
                n, right.columns.data(), n, 0.0, product.data(), rows);
  }
  return nuclear_norm(product, rows, columns);
}

}  // namespace

double trace_of_sqrt_product(Matrix a, Matrix b, std::size_t width) {
  const auto n = static_cast<int>(width);
  const BlasThreads threads;
  const double tolerance = kTolerance * (trace(a, width) + trace(b, width));
  if (const auto sum = sum_of_roots(a, b, n, tolerance)) return *sum;
  return sum_of_singular_values(a, b, n);
}

}  // namespace sightline
