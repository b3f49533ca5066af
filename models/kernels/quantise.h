#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

/// The quantisations of bitsandbytes, to the bit: LLM.int8 (Dettmers et al. 2022) and NF4 with
/// double quantisation (Dettmers et al. 2023, QLoRA).
namespace sightline {

/// Rows of 8-bit codes: weight[o, k] is about codes[o, k] * scales[o] / 127.
struct Int8Rows {
  std::size_t rows = 0, columns = 0;
  std::vector<std::int8_t> codes;  ///< [rows, columns]
  std::vector<float> scales;       ///< [rows]: the largest magnitude of the row
};
/// @param weights  [rows, columns]; throws `Error` for NaN and infinities
Int8Rows quantise_int8(std::span<const float> weights, std::size_t rows, std::size_t columns);

/// Inputs of an 8-bit product. Columns with an entry of magnitude >= 6 in any of the rows
/// ("outliers") are left to a product in floating point: their codes are 0.
struct Int8Inputs {
  std::vector<std::int8_t> codes;  ///< [rows, columns]
  std::vector<float> scales;       ///< [rows]: largest magnitude below 6; 0: codes are 0
  std::vector<std::uint32_t> outlier_columns;  ///< ascending
};
inline constexpr float kOutlierThreshold = 6.0F;
/// The rows are those of one sequence: outlier columns are common to them.
Int8Inputs quantise_inputs(std::span<const float> inputs, std::size_t rows, std::size_t columns);

/// 4-bit codes of consecutive weights, whatever the rows: weight[i] = kNf4Codebook[code i] *
/// absmax[i / 64].
struct Nf4Blocks {
  static constexpr std::size_t kBlock = 64;
  std::size_t count = 0;
  std::vector<std::uint8_t>
      packed;                     ///< two codes a byte, the first in the high half; an odd end: 7
  std::vector<float> absmax;      ///< of each block, as a product has to use it
  bool double_quantised = false;  ///< `absmax` has gone through 8 bits
  std::size_t stored_bytes = 0;   ///< of codes and scales in their stored form
};
extern const float kNf4Codebook[16];
Nf4Blocks quantise_nf4(std::span<const float> weights, bool double_quantise);
std::vector<float> dequantise(const Nf4Blocks& blocks);
std::vector<float> dequantise(const Int8Rows& rows);

/// The 256 values of the signed dynamic map, ascending, of double quantisation.
std::span<const float, 256> dynamic_map();
/// absmax in 8 bits: offset (the mean as at::mean sums it), and blocks of 256.
struct QuantisedScales {
  float offset = 0;
  std::vector<std::uint8_t> codes;
  std::vector<float> absmax;  ///< of each 256
};
QuantisedScales quantise_scales(std::span<const float> absmax);
std::vector<float> dequantise(const QuantisedScales& scales);

}  // namespace sightline
