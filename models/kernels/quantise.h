#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

/// The quantisations of bitsandbytes, to the bit: LLM.int8 (Dettmers et al. 2022) and NF4 with
/// double quantisation (Dettmers et al. 2023, QLoRA).
///
/// Functions that return a value spread over threads; those that write to the caller's memory work
/// on the calling thread, for callers that quantise a matrix part by part.
namespace sightline {

/// Rows of 8-bit codes: weight[o, k] is about codes[o, k] * scales[o] / 127.
struct Int8Rows {
  std::size_t rows = 0, columns = 0;
  std::vector<std::int8_t> codes;  ///< [rows, columns]
  std::vector<float> scales;       ///< [rows]: the largest magnitude of the row
};
/// @param weights  [rows, columns]
/// Throws `Error` with row and column for NaN and infinity. Rows of no magnitude above 3.7e-37,
/// where 127 / magnitude leaves the floats, have codes of 0.
Int8Rows quantise_int8(std::span<const float> weights, std::size_t rows, std::size_t columns);
/// The same for a part of a matrix.
/// @param codes [rows, columns]   @param scales [rows]   @param first_row  of the part, for errors
void quantise_int8(std::span<const float> weights, std::size_t rows, std::size_t columns,
                   std::int8_t* codes, float* scales, std::size_t first_row = 0);

/// Inputs of an 8-bit product. Columns with an entry that is not of magnitude below 6 in any of the
/// rows ("outliers"; NaN is one) are left to a product in floating point: their codes are 0.
struct Int8Inputs {
  std::vector<std::int8_t> codes;  ///< [rows, columns]
  std::vector<float> scales;  ///< [rows]: largest magnitude below 6, of all columns; 0: codes are 0
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
/// The values of the codes, ascending from -1 to 1.
extern const float kNf4Codebook[16];
/// Throws `Error` with the place for NaN and infinity: row and column where `columns` is given,
/// else the number of the weight. A block of zeros has codes of 0, which stand for -0.
Nf4Blocks quantise_nf4(std::span<const float> weights, bool double_quantise,
                       std::size_t columns = 0);
/// The same for a part of a matrix that begins with a block.
/// @param packed  [ceil(count / 2)]   @param absmax  [ceil(count / 64)]
/// @param columns, first  for errors: as above, and the number of the first weight
void quantise_nf4(std::span<const float> weights, std::uint8_t* packed, float* absmax,
                  std::size_t columns = 0, std::size_t first = 0);
/// Bytes that `count` weights take in their stored form.
std::size_t nf4_stored_bytes(std::size_t count, bool double_quantised);
std::vector<float> dequantise(const Nf4Blocks& blocks);
std::vector<float> dequantise(const Int8Rows& rows);

/// The 256 values of the signed dynamic map, ascending, of double quantisation. Not symmetric: the
/// ends are about -0.993 and 1.
std::span<const float, 256> dynamic_map();
/// absmax in 8 bits: absmax[i] = dynamic_map()[codes[i]] * absmax[i / 256] + offset.
struct QuantisedScales {
  float offset = 0;  ///< the mean, summed as ATen does on one thread with vectors of 8 floats
  std::vector<std::uint8_t> codes;
  std::vector<float> absmax;  ///< of each 256, behind the subtraction of the offset
};
QuantisedScales quantise_scales(std::span<const float> absmax);
std::vector<float> dequantise(const QuantisedScales& scales);

}  // namespace sightline
