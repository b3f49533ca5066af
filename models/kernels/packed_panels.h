#pragma once

#include <cstddef>
#include <span>

#include "harness/formats/tensor_view.h"
#include "models/kernels/packed_matrix.h"
#include "models/kernels/product_kernels.h"
#include "models/kernels/weight_memory.h"

namespace sightline {

/// What is inside a `PackedMatrix`. Rows are padded to whole panels with zeros.
struct PackedPanels {
  Storage storage = Storage::kF32;
  std::size_t rows = 0, columns = 0;
  std::size_t panel_bytes = 0;
  WeightMemory weights;  ///< [panels()][panel_bytes]

  std::size_t panels() const { return (rows + kPanel - 1) / kPanel; }
  const std::byte* panel(std::size_t index) const { return weights.data() + index * panel_bytes; }
  std::byte* panel(std::size_t index) { return weights.data() + index * panel_bytes; }
  std::size_t bytes() const;
};

PackedPanels pack_panels(std::span<const TensorView> parts, Storage storage, bool double_quantise);
void copy_row(const PackedPanels& panels, std::size_t row, float* to);

/// `PackedMatrix::multiply` with the loops of a given instruction set.
template <typename T>
void multiply_panels(const PackedPanels& panels, const ProductKernels& kernels, const T* x,
                     const float* bias, T* y, const PackedMatrix::Rows& rows);

}  // namespace sightline
