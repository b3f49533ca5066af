#include "metrics/captions/ngram_table.h"

#include <algorithm>

#include "harness/base/parallel.h"

namespace sightline {

namespace {

/// The n-grams of one length are shared out by hash, so that threads need no locks and each part
/// fits in a cache.
constexpr std::size_t kParts = 8;
constexpr std::uint32_t kNone = 0xFFFFFFFF;

std::uint64_t hash_ngram(const std::uint32_t* tokens, std::size_t n) {
  std::uint64_t hash = 0;
  for (std::size_t i = 0; i < n; ++i) {
    hash = (hash ^ tokens[i]) * 0x9E3779B97F4A7C15u;
    hash ^= hash >> 29;
  }
  return hash;
}

/// The n-grams of one part: an open-addressing table of places in the text.
class Part {
 public:
  Part(const CaptionTokens& captions, std::size_t n, std::size_t index)
      : captions_(captions), n_(n), index_(index), slots_(kFirstSlots) {}

  /// Numbers the part's n-grams and writes the numbers to `at_token`: number i of part p is
  /// i * kParts + p, so that no two parts share one.
  void count(std::vector<std::uint32_t>& at_token) {
    for (std::uint32_t image = 0; image < captions_.images(); ++image) {
      const std::uint32_t first = captions_.image_begins[image];
      for (std::uint32_t c = first; c < captions_.image_begins[image + 1]; ++c) {
        count_caption(c, c == first ? kNone : image, at_token);
      }
    }
  }

  const std::vector<std::uint32_t>& document_frequency() const { return document_frequency_; }

 private:
  struct Slot {
    std::uint32_t token = kNone;  // where the n-gram first begins
    std::uint32_t number = 0;
  };
  static constexpr std::size_t kFirstSlots = 1u << 12;

  /// `image` is `kNone` for a candidate, which has no part in document frequencies.
  void count_caption(std::size_t caption, std::uint32_t image,
                     std::vector<std::uint32_t>& at_token) {
    const std::uint32_t end = captions_.caption_begins[caption + 1];
    for (std::uint32_t at = captions_.caption_begins[caption]; at + n_ <= end; ++at) {
      const std::uint64_t hash = hash_ngram(&captions_.tokens[at], n_);
      if (hash % kParts != index_) continue;
      const std::uint32_t number = number_of(at, hash);
      at_token[at] = static_cast<std::uint32_t>(number * kParts + index_);
      if (image == kNone || last_image_[number] == image) continue;
      last_image_[number] = image;
      ++document_frequency_[number];
    }
  }

  std::uint32_t number_of(std::uint32_t at, std::uint64_t hash) {
    const std::size_t mask = slots_.size() - 1;
    const std::uint32_t* tokens = captions_.tokens.data();
    std::size_t slot = (hash >> 20) & mask;
    for (; slots_[slot].token != kNone; slot = (slot + 1) & mask) {
      if (std::equal(tokens + at, tokens + at + n_, tokens + slots_[slot].token)) {
        return slots_[slot].number;
      }
    }
    const auto number = static_cast<std::uint32_t>(document_frequency_.size());
    slots_[slot] = {at, number};
    document_frequency_.push_back(0);
    last_image_.push_back(kNone);
    if (2 * document_frequency_.size() > slots_.size()) grow();
    return number;
  }

  void grow() {
    std::vector<Slot> old(2 * slots_.size());
    old.swap(slots_);
    const std::size_t mask = slots_.size() - 1;
    for (const Slot& entry : old) {
      if (entry.token == kNone) continue;
      std::size_t slot = (hash_ngram(&captions_.tokens[entry.token], n_) >> 20) & mask;
      while (slots_[slot].token != kNone) slot = (slot + 1) & mask;
      slots_[slot] = entry;
    }
  }

  const CaptionTokens& captions_;
  std::size_t n_;
  std::size_t index_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> document_frequency_;
  std::vector<std::uint32_t> last_image_;
};

}  // namespace

std::array<NgramTable, kMaxNgram> count_ngrams(const CaptionTokens& captions) {
  std::array<NgramTable, kMaxNgram> tables;
  std::array<std::array<std::vector<std::uint32_t>, kParts>, kMaxNgram> frequencies;
  for (NgramTable& table : tables) table.at_token.resize(captions.tokens.size());
  // A part writes only at tokens where its own n-grams begin.
  parallel_for(kMaxNgram * kParts, 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t job = begin; job < end; ++job) {
      const std::size_t n = job / kParts, index = job % kParts;
      Part part(captions, n + 1, index);
      part.count(tables[n].at_token);
      frequencies[n][index] = part.document_frequency();
    }
  });
  for (std::size_t n = 0; n < kMaxNgram; ++n) {
    std::size_t most = 0;
    for (const auto& part : frequencies[n]) most = std::max(most, part.size());
    tables[n].document_frequency.resize(most * kParts);
    for (std::size_t index = 0; index < kParts; ++index) {
      const auto& part = frequencies[n][index];
      for (std::size_t i = 0; i < part.size(); ++i) {
        tables[n].document_frequency[i * kParts + index] = part[i];
      }
    }
  }
  return tables;
}

}  // namespace sightline
