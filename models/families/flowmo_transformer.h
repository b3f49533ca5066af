#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "models/families/flowmo_block.h"

namespace sightline {

/// Intermediate results by name ("img_in", "block0_txt"), for tests.
using FlowMoTrace = std::function<void(const std::string& name, const at::Tensor& value)>;

/// FlowMo's encoder or decoder: image patches and code tokens that attend to each other. One stream
/// is read out: the code's of the encoder, the image's of the decoder.
class FlowMoTransformer {
 public:
  /// @param prefix  "encoder." or "decoder."
  FlowMoTransformer(Weights& weights, const Compute& compute, const std::string& prefix,
                    const FlowMoStack& stack, const FlowMoConfig& config, FlowMoStream output);

  struct Input {
    at::Tensor patches;                  ///< [sequences, rows * columns, 3 * patch^2] float32
    at::Tensor code;                     ///< [sequences, length, channels] float32
    std::int64_t rows = 0, columns = 0;  ///< of patches
    /// One time for all sequences or one for each; empty: a transformer without time (encoder).
    std::span<const float> times = {};
  };
  /// The output stream's values, [sequences, tokens, channels], in float32.
  at::Tensor operator()(const Input& input, const FlowMoTrace& trace = {}) const;

 private:
  at::Tensor condition(std::span<const float> times, const FlowMoTrace& trace) const;
  FlowMoPass new_pass(const Input& input) const;
  at::Tensor read_out(const at::Tensor& tokens, const FlowMoPass& pass) const;

  Compute compute_;
  FlowMoStack stack_;
  FlowMoStream output_;
  bool timed_ = false;
  Linear time_in_, time_out_, image_in_, code_in_, final_modulation_, final_;
  std::vector<FlowMoBlock> blocks_;
};

/// cos and sin of 1000 t times 128 frequencies from 1 down to 1/10000, [times, 256], cosines first.
at::Tensor time_embedding(std::span<const float> times);
/// The angles of tokens at (n, n, n) for codes, or (0, row, column) for patches: position times
/// 10000^(-2k / d) for each pair k of each axis of d dimensions, [tokens, head_dim / 2], float64.
at::Tensor code_angles(const FlowMoStack& stack, std::int64_t length);
at::Tensor patch_angles(const FlowMoStack& stack, std::int64_t rows, std::int64_t columns);

}  // namespace sightline
