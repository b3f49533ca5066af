#include "models/kernels/packed_matrix.h"

#include "models/kernels/packed_panels.h"

namespace sightline {

struct PackedMatrix::State {
  PackedPanels panels;
};

PackedMatrix PackedMatrix::pack(std::span<const TensorView> parts, Storage storage,
                                bool double_quantise, const BytesRead& on_read) {
  return PackedMatrix(
      std::make_shared<const State>(State{pack_panels(parts, storage, double_quantise, on_read)}));
}

std::size_t PackedMatrix::rows() const {
  return state_->panels.rows;
}

std::size_t PackedMatrix::columns() const {
  return state_->panels.columns;
}

std::size_t PackedMatrix::bytes() const {
  return state_->panels.bytes();
}

Storage PackedMatrix::storage() const {
  return state_->panels.storage;
}

void PackedMatrix::multiply(const float* x, const float* bias, float* y, const Rows& rows) const {
  multiply_panels(state_->panels, *product_kernels().front(), x, bias, y, rows);
}

void PackedMatrix::multiply(const BFloat16* x, const float* bias, BFloat16* y,
                            const Rows& rows) const {
  multiply_panels(state_->panels, *product_kernels().front(), x, bias, y, rows);
}

void PackedMatrix::copy_row(std::size_t row, float* to) const {
  sightline::copy_row(state_->panels, row, to);
}

}  // namespace sightline
