#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <string>
#include <vector>

#include "models/families/flowmo_config.h"
#include "models/nn/attention.h"
#include "models/nn/layers.h"
#include "models/nn/modulation.h"

namespace sightline {

/// The two streams of tokens, each with weights of its own. In attention codes come first.
enum class FlowMoStream { kCode, kImage };
inline constexpr std::array<FlowMoStream, 2> kFlowMoStreams{FlowMoStream::kCode,
                                                            FlowMoStream::kImage};

/// What all blocks of a pass share.
struct FlowMoPass {
  std::int64_t sequences = 0;
  std::array<std::int64_t, 2> lengths{};  ///< tokens of a sequence, by stream
  std::array<PairRotation, 2> rotations;  ///< of their positions
  at::Tensor condition;  ///< silu(vec), [1 or sequences, width]; not defined in the encoder
};

/// Tokens of both streams, [sequences * length, width] each.
using FlowMoTokens = std::array<at::Tensor, 2>;

/// Joint attention over both streams and an MLP for each, both modulated by the time.
class FlowMoBlock {
 public:
  /// @param prefix  "decoder.double_blocks.3."
  /// @param timed   false: the modulation's weights are not read (encoder)
  FlowMoBlock(Weights& weights, const Compute& compute, const std::string& prefix,
              const FlowMoStack& stack, double attention_scale, bool timed);

  /// Updates the streams in place; of the last block only one matters, `wanted`.
  void run(FlowMoTokens& tokens, const FlowMoPass& pass,
           std::span<const FlowMoStream> wanted) const;

 private:
  struct Layers {
    Linear modulation, qkv, proj;
    at::Tensor query_scale, key_scale;  ///< [head_dim] float32
    Mlp mlp;
  };
  /// Of one stream in one pass.
  struct Vectors {
    Modulation attention, mlp;
    at::Tensor attention_gate, mlp_gate;
  };
  Layers load(Weights& weights, const std::string& prefix, bool timed) const;
  Vectors vectors(const Layers& layers, const at::Tensor& condition) const;
  /// Some consecutive sequences of one stream that go through a layer together.
  struct Piece {
    std::int64_t first = 0, count = 0;  ///< sequences
    std::int64_t first_row = 0, rows = 0;
    std::vector<std::size_t> ends;  ///< `SequenceEnds`
  };
  std::vector<Piece> pieces(std::int64_t sequences, std::int64_t length) const;
  at::Tensor queries(FlowMoStream stream, const at::Tensor& x, const Vectors& vectors,
                     const FlowMoPass& pass, const at::Tensor& keys_values) const;
  void add_mlp(const Layers& layers, at::Tensor x, const Vectors& vectors,
               std::span<const Piece> pieces) const;
  at::Tensor attention(const FlowMoTokens& queries, const at::Tensor& keys_values,
                       const FlowMoPass& pass, std::span<const FlowMoStream> wanted) const;

  Compute compute_;
  FlowMoStack stack_;
  AttentionShape shape_;
  std::array<Layers, 2> layers_;
};

}  // namespace sightline
