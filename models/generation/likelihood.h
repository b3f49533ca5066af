#pragma once

#include <memory>
#include <span>
#include <vector>

#include "models/generation/network.h"

namespace sightline {

/// How likely a network thinks an answer is.
struct AnswerLikelihood {
  std::vector<float> logprobs;  ///< of each of its tokens, given all before it
  double total = 0;             ///< their sum
};

/// The log-likelihoods of several answers to one prompt, each with the tokens it consists of (the
/// one that ends it among them, where it is to count). The prompt is computed once. `vision` are
/// the features of the prompt's images; null without. Throws `Error` for an empty answer, tokens
/// outside the vocabulary, and prompts that with an answer are longer than the network's positions.
std::vector<AnswerLikelihood> answer_likelihoods(Network& network, const Prompt& prompt,
                                                 const VisionFeatures* vision,
                                                 std::span<const std::vector<TokenId>> answers);

}  // namespace sightline
