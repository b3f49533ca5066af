#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "models/nn/attention.h"
#include "models/nn/layers.h"

namespace sightline {

/// The pre-norm transformer of SigLIP and CLIP, towers of images and of text alike.
struct EncoderConfig {
  std::int64_t width = 0, layers = 0, heads = 0, hidden = 0;  ///< hidden: of the MLP
  double eps = 1e-6;
  Activation activation = Activation::kGeluTanh;
};

/// Layers `prefix`layers.N: x += out_proj(attention(layer_norm1(x))); x += mlp(layer_norm2(x)).
class Encoder {
 public:
  Encoder() = default;
  /// `layers` may be fewer than the checkpoint has; the rest is not read.
  Encoder(Weights& weights, const Compute& compute, const std::string& prefix,
          const EncoderConfig& config);

  /// Several sequences below each other.
  struct Batch {
    at::Tensor x;                      ///< [rows, width]
    std::int64_t sequence_length = 0;  ///< rows of each
    std::span<const KeyRange> ranges;  ///< [sequence_length]: what each position sees
    SequenceEnds ends = {};            ///< for LLM.int8
  };
  /// The output of the last layer. `hidden`, if given, gets the input and every layer's output.
  at::Tensor operator()(const Batch& batch, std::vector<at::Tensor>* hidden = nullptr) const;

 private:
  struct Layer {
    LayerNorm norm1, norm2;
    Linear qkv, out;
    Mlp mlp;
  };
  at::Tensor attention(const Layer& layer, const at::Tensor& x, const Batch& batch) const;

  Compute compute_;
  EncoderConfig config_;
  std::vector<Layer> layers_;
};

struct VisionConfig {
  EncoderConfig encoder;
  std::int64_t image_size = 224, patch_size = 16, channels = 3;
  bool is_clip = false;   ///< a class token first, a norm before the layers, patches without bias
  bool post_norm = true;  ///< whether `post_layernorm` is read

  std::int64_t side() const { return image_size / patch_size; }
  std::int64_t patches() const { return side() * side(); }
  std::int64_t tokens() const { return patches() + (is_clip ? 1 : 0); }
};

/// The vision transformers of SigLIP (Zhai et al. 2023) and CLIP (Radford et al. 2021).
class VisionTower {
 public:
  VisionTower() = default;
  VisionTower(Weights& weights, const Compute& compute, const std::string& prefix,
              const VisionConfig& config);

  /// Patch and position embeddings. Images of another size than the tower's have their position
  /// embeddings scaled (bicubic) if `interpolate`, else they throw `Error`.
  /// @param pixels  [images, channels, height, width] float32
  /// @return        [images * tokens, width]
  at::Tensor embed(const at::Tensor& pixels, bool interpolate = false) const;
  /// The layers on `embed`'s result for `images` images; the last layer's output.
  /// @param image_ends  for LLM.int8: the image behind the last of each request
  at::Tensor run_layers(const at::Tensor& embedded, std::int64_t images,
                        SequenceEnds image_ends = {},
                        std::vector<at::Tensor>* hidden = nullptr) const;
  at::Tensor post_norm(const at::Tensor& x) const { return post_norm_(x); }
  const VisionConfig& config() const { return config_; }

 private:
  at::Tensor positions(std::int64_t rows, std::int64_t columns) const;

  Compute compute_;
  VisionConfig config_;
  Linear patches_;
  at::Tensor class_, positions_;
  LayerNorm pre_norm_, post_norm_;
  Encoder encoder_;
};

}  // namespace sightline
