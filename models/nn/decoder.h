#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "models/nn/attention.h"
#include "models/nn/experts.h"
#include "models/nn/kv_cache.h"
#include "models/nn/layers.h"

namespace sightline {

/// A text model of the Llama kind: Gemma 1 and 2, Qwen2, MiniMind. Names of weights are those of
/// transformers, under "text.".
struct DecoderConfig {
  std::int64_t width = 0, layers = 0, heads = 0, kv_heads = 0, head_dim = 0, hidden = 0;
  std::int64_t vocabulary = 0;
  std::int64_t max_positions = 0;  ///< 0: not bounded
  RmsNormKind norm;
  bool gemma2_norms = false;    ///< norms also behind attention and MLP, before the residual
  bool query_key_norm = false;  ///< q_norm and k_norm over head_dim, before the rotary embedding
  bool qkv_bias = false;
  Activation activation = Activation::kSilu;
  double attention_scale = 1;
  double attention_softcap = 0;  ///< 0: none
  double logits_softcap = 0;
  double embedding_scale = 1;         ///< in the type of the activations
  std::vector<std::int64_t> windows;  ///< a layer's: how many tokens up to itself one sees; 0: all
  double rope_theta = 10000;
  std::vector<float> inverse_frequencies;  ///< instead of `rope_theta`'s
  std::int64_t first_position = 0;         ///< the rotary position of the first token
  bool tied = true;                        ///< the embeddings are the output's weights too
  std::optional<ExpertsConfig> experts;    ///< instead of the MLP
};

class Decoder {
 public:
  Decoder() = default;
  Decoder(Weights& weights, const Compute& compute, const DecoderConfig& config);

  /// Rows of one sequence among those of a call.
  struct Rows {
    KvCache* cache = nullptr;
    std::size_t count = 0;
    std::size_t bidirectional = 0;  ///< as in `Prompt`; all of them in the first call
    bool all_outputs = false;       ///< outputs for all rows, or for the last alone
  };

  /// Embeddings of ids, scaled, [ids, width]. Throws `Error` for ids beyond the vocabulary.
  at::Tensor embed(std::span<const TokenId> ids) const;
  /// Appends rows to the caches and gives the final norm's output of the rows that are asked for,
  /// sequence by sequence.
  /// @param x  [sum of count, width]
  at::Tensor forward(at::Tensor x, std::span<const Rows> sequences) const;
  /// Logits [rows, vocabulary] in float32.
  at::Tensor logits(const at::Tensor& x) const;

  std::unique_ptr<KvCache> new_cache(std::size_t capacity) const;
  const DecoderConfig& config() const { return config_; }
  /// Memory of the weights that every generated token reads.
  std::size_t bytes() const { return bytes_; }
  const Compute& compute() const { return compute_; }

 private:
  struct Layer {
    RmsNorm input_norm, attention_norm, mlp_norm, output_norm, query_norm, key_norm;
    Linear qkv, out;
    std::variant<GatedMlp, Experts> mlp;
  };
  struct Plan;  // what all layers of a call share

  Layer load_layer(Weights& weights, std::int64_t index) const;
  Plan make_plan(std::span<const Rows> sequences) const;
  void keep_outputs(Plan& plan, at::Tensor& x) const;
  at::Tensor attention(std::size_t index, const at::Tensor& x, const Plan& plan) const;
  at::Tensor run_mlp(const Layer& layer, const at::Tensor& x, const Plan& plan) const;

  Compute compute_;
  DecoderConfig config_;
  std::size_t bytes_ = 0;
  TensorView embeddings_;
  std::optional<TensorFile> embeddings_file_;  ///< keeps `embeddings_` mapped
  std::vector<Layer> layers_;
  RmsNorm norm_;
  Linear head_;
  Rotary rotary_;
};

}  // namespace sightline
