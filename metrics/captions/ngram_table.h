#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace sightline {

/// Longest n-gram that BLEU and CIDEr count.
constexpr std::size_t kMaxNgram = 4;

/// Captions as runs of token numbers. Those of image i are [image_begins[i], image_begins[i+1]),
/// the candidate first, then the references; caption c is the tokens
/// [caption_begins[c], caption_begins[c+1]). Both lists have one entry more than there are things.
struct CaptionTokens {
  std::vector<std::uint32_t> tokens;
  std::vector<std::uint32_t> caption_begins{0};
  std::vector<std::uint32_t> image_begins{0};

  std::size_t images() const { return image_begins.size() - 1; }
  std::span<const std::uint32_t> caption(std::size_t index) const {
    return std::span(tokens).subspan(caption_begins[index],
                                     caption_begins[index + 1] - caption_begins[index]);
  }
};

/// All n-grams of one length: at each token the number of the n-gram that begins there, and for
/// each n-gram its document frequency, the images in whose references it stands.
///
/// Numbers are equal exactly where the tokens are: tables compare whole keys, not their hashes.
/// Not every number below the size of `document_frequency` is used.
struct NgramTable {
  std::vector<std::uint32_t> at_token;  ///< [tokens]; where no n-gram begins, any number
  std::vector<std::uint32_t> document_frequency;
};

/// Tables for n = 1..4, built on several threads. Memory: about 16 bytes a token and 4 bytes for
/// each different n-gram, and as much again while it is built.
std::array<NgramTable, kMaxNgram> count_ngrams(const CaptionTokens& captions);

}  // namespace sightline
