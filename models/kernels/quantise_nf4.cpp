#include <algorithm>
#include <bit>

#include "harness/base/parallel.h"
#include "harness/base/vectorise.h"
#include "models/kernels/finite_weights.h"
#include "models/kernels/quantise.h"

namespace sightline {

// The quantiles of the normal distribution that QLoRA's appendix E lists.
const float kNf4Codebook[16] = {
    -1.0F,
    -0.6961928009986877F,
    -0.5250730514526367F,
    -0.39491748809814453F,
    -0.28444138169288635F,
    -0.18477343022823334F,
    -0.09105003625154495F,
    0.0F,
    0.07958029955625534F,
    0.16093020141124725F,
    0.24611230194568634F,
    0.33791524171829224F,
    0.44070982933044434F,
    0.5626170039176941F,
    0.7229568362236023F,
    1.0F,
};

namespace {

constexpr std::size_t kBlock = Nf4Blocks::kBlock;
constexpr std::size_t kScaleBlock = 256;
constexpr std::size_t kGrain = 1 << 9;  // blocks worth a hand-over to another thread

// Between two neighbours of the codebook; bitsandbytes' decision tree has them in these digits.
constexpr float kThresholds[15] = {
    -0.8480963706970215F,  -0.6106328964233398F,  -0.4599952697753906F,   -0.33967941999435425F,
    -0.23460739850997925F, -0.13791173696517944F, -0.045525018125772476F, 0.03979014977812767F,
    0.120255246758461F,    0.2035212516784668F,   0.2920137643814087F,    0.3893125355243683F,
    0.5016634464263916F,   0.6427869200706482F,   0.8614784479141235F,
};

std::size_t blocks_of(std::size_t count, std::size_t block = kBlock) {
  return (count + block - 1) / block;
}

/// The bits of the largest magnitude of a block, which order as magnitudes do.
SIGHTLINE_VECTORISED
std::int32_t largest_bits(const float* x) {
  std::int32_t largest = 0;
  for (std::size_t i = 0; i < kBlock; ++i) {
    largest = std::max(largest, std::bit_cast<std::int32_t>(x[i]) & 0x7fffffff);
  }
  return largest;
}

/// A code is the number of thresholds below x / absmax; NaN (a block of zeros) is above none.
SIGHTLINE_VECTORISED
void encode(const float* x, float reciprocal, std::uint8_t* packed) {
  std::int32_t codes[kBlock];
  for (std::size_t i = 0; i < kBlock; ++i) {
    const float scaled = x[i] * reciprocal;
    std::int32_t code = 0;
#pragma GCC unroll 15
    for (const float threshold : kThresholds) code += scaled > threshold ? 1 : 0;
    codes[i] = code;
  }
  for (std::size_t i = 0; i < kBlock / 2; ++i) {
    packed[i] = static_cast<std::uint8_t>(codes[2 * i] << 4 | codes[2 * i + 1]);
  }
}

float encode_block(const float* x, std::uint8_t* packed) {
  const float absmax = std::bit_cast<float>(largest_bits(x));
  encode(x, 1.0F / absmax, packed);
  return absmax;
}

/// A short last block, filled up with zeros.
float encode_end(std::span<const float> x, std::uint8_t* packed) {
  float padded[kBlock] = {};
  std::uint8_t codes[kBlock / 2];
  std::ranges::copy(x, padded);
  const float absmax = encode_block(padded, codes);
  if (x.size() % 2 != 0) {
    std::uint8_t& last = codes[x.size() / 2];
    last = static_cast<std::uint8_t>((last & 0xf0) | 7);
  }
  std::copy_n(codes, (x.size() + 1) / 2, packed);
  return absmax;
}

bool is_finite_magnitude(float absmax) {
  return std::bit_cast<std::int32_t>(absmax) < 0x7f800000;
}

void decode(const Nf4Blocks& blocks, std::size_t begin, std::size_t end, float* to) {
  for (std::size_t i = begin; i < end; ++i) {
    const int byte = blocks.packed[i / 2];
    to[i] = kNf4Codebook[i % 2 == 0 ? byte >> 4 : byte & 15] * blocks.absmax[i / kBlock];
  }
}

}  // namespace

void quantise_nf4(std::span<const float> weights, std::uint8_t* packed, float* absmax,
                  std::size_t columns, std::size_t first) {
  for (std::size_t begin = 0; begin < weights.size(); begin += kBlock) {
    const auto block = weights.subspan(begin, std::min(kBlock, weights.size() - begin));
    float& scale = absmax[begin / kBlock];
    scale = block.size() == kBlock ? encode_block(block.data(), packed + begin / 2)
                                   : encode_end(block, packed + begin / 2);
    if (!is_finite_magnitude(scale)) refuse_non_finite(block, columns, first + begin);
  }
}

std::size_t nf4_stored_bytes(std::size_t count, bool double_quantised) {
  const std::size_t blocks = blocks_of(count);
  const std::size_t scales = double_quantised
                                 ? blocks + sizeof(float) * (blocks_of(blocks, kScaleBlock) + 1)
                                 : sizeof(float) * blocks;
  return (count + 1) / 2 + scales;
}

Nf4Blocks quantise_nf4(std::span<const float> weights, bool double_quantise, std::size_t columns) {
  const std::size_t count = weights.size();
  Nf4Blocks result{.count = count};
  result.packed.resize((count + 1) / 2);
  result.absmax.resize(blocks_of(count));
  parallel_for(result.absmax.size(), kGrain, [&](std::size_t begin, std::size_t end) {
    const std::size_t from = begin * kBlock;
    quantise_nf4(weights.subspan(from, std::min(end * kBlock, count) - from),
                 result.packed.data() + from / 2, result.absmax.data() + begin, columns, from);
  });
  if (double_quantise) result.absmax = dequantise(quantise_scales(result.absmax));
  result.double_quantised = double_quantise;
  result.stored_bytes = nf4_stored_bytes(count, double_quantise);
  return result;
}

std::vector<float> dequantise(const Nf4Blocks& blocks) {
  std::vector<float> weights(blocks.count);
  parallel_for(blocks.absmax.size(), kGrain, [&](std::size_t begin, std::size_t end) {
    decode(blocks, begin * kBlock, std::min(end * kBlock, blocks.count), weights.data());
  });
  return weights;
}

}  // namespace sightline
