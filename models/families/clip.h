#pragma once

#include <ATen/core/Tensor.h>

#include <span>
#include <vector>

#include "models/families/checkpoint.h"

namespace sightline {

/// CLIP (Radford et al. 2021): towers of images and of text whose embeddings meet in one space.
class Clip {
 public:
  /// Throws `Error` as `make_network`.
  static Clip open(const NetworkSettings& settings);

  struct VisionOutput {
    at::Tensor last_hidden;  ///< [images, tokens, width], not normed
    at::Tensor pooled;       ///< [images, width], the normed class token
  };
  /// @param interpolate  scale the position embeddings to images of another size
  VisionOutput see(const at::Tensor& pixels, bool interpolate = false,
                   std::vector<at::Tensor>* hidden = nullptr) const;
  struct TextOutput {
    at::Tensor last_hidden;  ///< [tokens, width], normed
    at::Tensor pooled;       ///< [width], of the end token
  };
  /// The whole text, with its end token; padding behind it changes nothing.
  TextOutput read(std::span<const TokenId> ids, std::vector<at::Tensor>* hidden = nullptr) const;

  /// Embeddings of length 1: [images, dim] and [texts, dim].
  at::Tensor embed_images(const at::Tensor& pixels) const;
  at::Tensor embed_texts(std::span<const std::vector<TokenId>> texts) const;
  /// What similarities are multiplied with before the softmax over texts.
  float logit_scale() const { return logit_scale_; }

  ProcessedImages process(std::span<const Image* const> images) const;
  /// With both end tokens, at most as many as there are positions.
  std::vector<TokenId> tokenize(std::string_view text) const;

 private:
  explicit Clip(Checkpoint checkpoint);

  Compute compute_;
  VisionTower vision_;
  Encoder text_;
  at::Tensor token_embeddings_, text_positions_;
  LayerNorm text_norm_;
  Linear vision_projection_, text_projection_;
  float logit_scale_ = 1;
  TokenId end_ = 0;
  bool end_is_largest_ = false;
  ProcessorConfig processor_;
  ImageProtocol protocol_;
  std::optional<Tokenizer> tokenizer_;
};

}  // namespace sightline
