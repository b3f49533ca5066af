#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "models/generation/network.h"

namespace sightline {

/// How MiniMind-V finds the places of images in a prompt.
struct MinimindPlaceholder {
  TokenId id = 0;
  std::size_t tokens = 0;  ///< of an image
  /// 2025: image k takes the k-th place at which `tokens` placeholders begin, places may overlap.
  /// 2026 (false): image k takes the k-th run of placeholders, whose length may be less.
  bool sliding = false;
};

/// Where the features of `images` images go. Throws `Error` for a run that is longer than an image
/// and for images without a place. Placeholders beyond the images stay text.
Prompt place_minimind_images(std::vector<TokenId> ids, const MinimindPlaceholder& placeholder,
                             std::size_t images);

/// Inverse frequencies of MiniMind's YaRN (Peng et al. 2023): factor 16 beyond 2048 positions.
/// [head_dim / 2]
std::vector<float> yarn_frequencies(std::int64_t head_dim, double theta);

}  // namespace sightline
