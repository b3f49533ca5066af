#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "models/kernels/packed_matrix.h"
#include "models/kernels/product_kernels.h"
#include "models/kernels/stacked_rows.h"
#include "models/kernels/weight_memory.h"

namespace sightline {

/// What is inside a `PackedMatrix`. Rows are padded to whole panels of zeros. How the weights of a
/// panel lie is said with the kernels that read them (product_kernels.h).
struct PackedPanels {
  Storage storage = Storage::kF32;
  std::size_t rows = 0, columns = 0;
  std::size_t panel_bytes = 0;
  WeightMemory weights;  ///< [panels()][panel_bytes]

  /// kInt8: [panels()][kPanel], the largest magnitude of each row.
  /// kNf4: [panels()][scale_blocks][kPanel], the absmax of each block that a row has a part in.
  std::vector<float> scales;
  std::size_t scale_blocks = 0;
  /// kInt8: [panels()][kPanel], sums of each row's codes.
  std::vector<std::int32_t> code_sums;
  /// kNf4: [panels()][kPanel], place of a row's first weight in its block; empty where all are 0.
  std::vector<std::int32_t> phases;

  std::size_t panels() const { return (rows + kPanel - 1) / kPanel; }
  const std::byte* panel(std::size_t index) const { return weights.data() + index * panel_bytes; }
  std::byte* panel(std::size_t index) { return weights.data() + index * panel_bytes; }
  Nf4Scales nf4_scales(std::size_t panel) const;
  std::size_t bytes() const;
};

PackedPanels pack_panels(std::span<const TensorView> parts, Storage storage, bool double_quantise,
                         const BytesRead& on_read = {});
void copy_row(const PackedPanels& panels, std::size_t row, float* to);

/// Parts of `pack_panels`: fill the weights, whose memory is there, and what belongs to them.
void pack_floats(const StackedRows& source, PackedPanels& to);
void pack_int8(const StackedRows& source, PackedPanels& to);
void pack_nf4(const StackedRows& source, bool double_quantise, PackedPanels& to);

/// `PackedMatrix::multiply` with the loops of a given instruction set.
template <typename T>
void multiply_panels(const PackedPanels& panels, const ProductKernels& kernels, const T* x,
                     const float* bias, T* y, const PackedMatrix::Rows& rows);
/// Parts of `multiply_panels`: for kInt8, and for the other storages.
template <typename T>
void multiply_codes(const PackedPanels& panels, const ProductKernels& kernels, const T* x,
                    const float* bias, T* y, const PackedMatrix::Rows& rows);
template <typename T>
void multiply_floats(const PackedPanels& panels, const ProductKernels& kernels, const T* x,
                     const float* bias, T* y, const PackedMatrix::Rows& rows);

}  // namespace sightline
