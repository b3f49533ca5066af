#include "models/kernels/packed_panels.h"

#include <cstring>

#include "harness/base/error.h"
#include "harness/formats/number_conversion.h"
#include "models/kernels/bfloat16.h"
#include "models/kernels/quantise.h"

namespace sightline {

namespace {

std::size_t round_up(std::size_t count, std::size_t unit) {
  return (count + unit - 1) / unit * unit;
}

std::size_t panel_bytes_of(Storage storage, std::size_t columns) {
  switch (storage) {
    case Storage::kF32:
      return kPanel * columns * sizeof(float);
    case Storage::kBF16:
    case Storage::kF16:
      return kPanel * columns * sizeof(std::uint16_t);
    case Storage::kInt8:
      return kPanel * round_up(columns, kQuad);
    case Storage::kNf4:
      return kPanel * round_up(columns, kQuad) / 2;
  }
  fail("no panels of {} weights", name_of(storage));
}

template <typename T>
T number_at(const std::byte* from, std::size_t index) {
  T number;
  std::memcpy(&number, from + index * sizeof(T), sizeof number);
  return number;
}

float nf4_weight(const PackedPanels& panels, std::size_t row, std::size_t k) {
  const std::size_t o = row % kPanel;
  const auto word = number_at<std::uint32_t>(panels.panel(row / kPanel), k / kQuad * 16 + o % 16);
  const std::uint32_t code = (word >> (8 * (k % kQuad) + 4 * (o / 16))) & 15U;
  const Nf4Scales scales = panels.nf4_scales(row / kPanel);
  const auto phase = static_cast<std::size_t>(scales.phases != nullptr ? scales.phases[o] : 0);
  return kNf4Codebook[code] * scales.blocks[(k + phase) / Nf4Blocks::kBlock * kPanel + o];
}

float weight_at(const PackedPanels& panels, std::size_t row, std::size_t k) {
  const std::byte* panel = panels.panel(row / kPanel);
  const std::size_t o = row % kPanel;
  switch (panels.storage) {
    case Storage::kF32:
      return number_at<float>(panel, k * kPanel + o);
    case Storage::kBF16:
      return to_float(number_at<BFloat16>(panel, k * kPanel + 2 * (o % 16) + o / 16));
    case Storage::kF16:
      return float_of_half(number_at<std::uint16_t>(panel, k * kPanel + o));
    case Storage::kInt8:
      return number_at<std::int8_t>(panel, (k / kQuad * kPanel + o) * kQuad + k % kQuad) *
             panels.scales[row] / 127.0F;
    case Storage::kNf4:
      return nf4_weight(panels, row, k);
  }
  fail("no panels of {} weights", name_of(panels.storage));
}

}  // namespace

Nf4Scales PackedPanels::nf4_scales(std::size_t panel) const {
  return {.blocks = scales.data() + panel * scale_blocks * kPanel,
          .phases = phases.empty() ? nullptr : phases.data() + panel * kPanel};
}

std::size_t PackedPanels::bytes() const {
  return weights.size() + scales.size() * sizeof(float) +
         (code_sums.size() + phases.size()) * sizeof(std::int32_t);
}

PackedPanels pack_panels(std::span<const TensorView> parts, Storage storage, bool double_quantise,
                         const BytesRead& on_read) {
  const StackedRows source(parts, on_read);
  PackedPanels packed = {.storage = storage, .rows = source.rows(), .columns = source.columns()};
  packed.panel_bytes = panel_bytes_of(storage, packed.columns);
  packed.weights = WeightMemory(packed.panels() * packed.panel_bytes);
  switch (storage) {
    case Storage::kInt8:
      pack_int8(source, packed);
      break;
    case Storage::kNf4:
      pack_nf4(source, double_quantise, packed);
      break;
    default:
      pack_floats(source, packed);
  }
  return packed;
}

void copy_row(const PackedPanels& panels, std::size_t row, float* to) {
  for (std::size_t k = 0; k < panels.columns; ++k) to[k] = weight_at(panels, row, k);
}

template <typename T>
void multiply_panels(const PackedPanels& panels, const ProductKernels& kernels, const T* x,
                     const float* bias, T* y, const PackedMatrix::Rows& rows) {
  if (panels.storage == Storage::kInt8) return multiply_codes(panels, kernels, x, bias, y, rows);
  multiply_floats(panels, kernels, x, bias, y, rows);
}

template void multiply_panels(const PackedPanels&, const ProductKernels&, const float*,
                              const float*, float*, const PackedMatrix::Rows&);
template void multiply_panels(const PackedPanels&, const ProductKernels&, const BFloat16*,
                              const float*, BFloat16*, const PackedMatrix::Rows&);

}  // namespace sightline
