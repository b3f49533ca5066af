#include "models/kernels/row_functions.h"

#include <algorithm>

#include "harness/base/parallel.h"
#include "models/kernels/row_kernels.h"

namespace sightline {

namespace {

/// Numbers worth a hand-over to another thread: some 10 us of work.
constexpr std::size_t kGrainOfSums = std::size_t{1} << 16;
constexpr std::size_t kGrainOfExponentials = std::size_t{1} << 15;

template <typename T>
const RowKernelsOf<T>& kernels() {
  return row_kernels().front()->of<T>();
}

std::size_t rows_of(std::size_t numbers, std::size_t width) {
  return numbers / std::max<std::size_t>(1, width) + 1;
}

}  // namespace

template <typename T>
void rms_norm(const T* x, const float* weight, T* y, std::size_t rows, std::size_t width,
              const RmsNormKind& kind) {
  parallel_for(rows, rows_of(kGrainOfSums, width), [&](std::size_t begin, std::size_t end) {
    kernels<T>().rms_norm(x + begin * width, weight, y + begin * width, end - begin, width, kind);
  });
}

template <typename T>
void layer_norm(const T* x, const float* weight, const float* bias, T* y, std::size_t rows,
                std::size_t width, float eps) {
  parallel_for(rows, rows_of(kGrainOfSums, width), [&](std::size_t begin, std::size_t end) {
    kernels<T>().layer_norm(x + begin * width, weight, bias, y + begin * width, end - begin, width,
                            eps);
  });
}

template <typename T>
void activate(T* x, std::size_t count, Activation activation) {
  parallel_for(count, kGrainOfExponentials, [&](std::size_t begin, std::size_t end) {
    kernels<T>().activate(x + begin, end - begin, activation);
  });
}

template <typename T>
void gate(const T* x, T* y, std::size_t rows, std::size_t width, Activation activation) {
  parallel_for(rows, rows_of(kGrainOfExponentials, width), [&](std::size_t begin, std::size_t end) {
    kernels<T>().gate(x + begin * 2 * width, y + begin * width, end - begin, width, activation);
  });
}

template <typename T>
void rotate_halves(T* x, std::size_t rows, std::size_t stride, std::size_t heads,
                   std::size_t head_dim, const float* cos, const float* sin) {
  const std::size_t half = head_dim / 2;
  parallel_for(rows, rows_of(kGrainOfSums, heads * head_dim),
               [&](std::size_t begin, std::size_t end) {
                 kernels<T>().rotate_halves(x + begin * stride, end - begin, stride, heads,
                                            head_dim, cos + begin * half, sin + begin * half);
               });
}

template <typename T>
void norm_rotate_pairs(const T* x, T* y, const HeadRows& shape, const float* weight, float eps,
                       const float* cos, const float* sin) {
  const std::size_t width = shape.heads * shape.head_dim;
  parallel_for(shape.rows, rows_of(kGrainOfSums, width), [&](std::size_t begin, std::size_t end) {
    HeadRows part = shape;
    part.rows = end - begin;
    kernels<T>().norm_rotate_pairs(x + begin * shape.x_stride, y + begin * shape.y_stride, part,
                                   weight, eps, cos + begin * shape.head_dim,
                                   sin + begin * shape.head_dim);
  });
}

template <typename T>
void add_gated(T* x, const T* y, const float* gate, std::size_t rows, std::size_t width) {
  parallel_for(rows, rows_of(kGrainOfSums, width), [&](std::size_t begin, std::size_t end) {
    kernels<T>().add_gated(x + begin * width, y + begin * width, gate, end - begin, width);
  });
}

template <typename T>
void soft_cap(T* x, std::size_t count, float cap) {
  parallel_for(count, kGrainOfExponentials, [&](std::size_t begin, std::size_t end) {
    kernels<T>().soft_cap(x + begin, end - begin, cap);
  });
}

template void rms_norm(const float*, const float*, float*, std::size_t, std::size_t,
                       const RmsNormKind&);
template void rms_norm(const BFloat16*, const float*, BFloat16*, std::size_t, std::size_t,
                       const RmsNormKind&);
template void layer_norm(const float*, const float*, const float*, float*, std::size_t, std::size_t,
                         float);
template void layer_norm(const BFloat16*, const float*, const float*, BFloat16*, std::size_t,
                         std::size_t, float);
template void activate(float*, std::size_t, Activation);
template void activate(BFloat16*, std::size_t, Activation);
template void gate(const float*, float*, std::size_t, std::size_t, Activation);
template void gate(const BFloat16*, BFloat16*, std::size_t, std::size_t, Activation);
template void rotate_halves(float*, std::size_t, std::size_t, std::size_t, std::size_t,
                            const float*, const float*);
template void rotate_halves(BFloat16*, std::size_t, std::size_t, std::size_t, std::size_t,
                            const float*, const float*);
template void norm_rotate_pairs(const float*, float*, const HeadRows&, const float*, float,
                                const float*, const float*);
template void norm_rotate_pairs(const BFloat16*, BFloat16*, const HeadRows&, const float*, float,
                                const float*, const float*);
template void add_gated(float*, const float*, const float*, std::size_t, std::size_t);
template void add_gated(BFloat16*, const BFloat16*, const float*, std::size_t, std::size_t);
template void soft_cap(float*, std::size_t, float);
template void soft_cap(BFloat16*, std::size_t, float);

}  // namespace sightline
