#include "metrics/captions/ngram_table.h"

#include <algorithm>
#include <bit>

#include "harness/base/parallel.h"

namespace sightline {

namespace {

/// The n-grams of one length are shared out by hash, so that threads need no locks and the table
/// of a part fits in a cache.
constexpr std::size_t kPartBits = 6;
constexpr std::size_t kParts = 1u << kPartBits;
constexpr std::uint32_t kNone = 0xFFFFFFFF;

/// Calls `visit(first token, one behind the last, image)` for each caption; `image` is `kNone` for
/// a candidate, which has no part in document frequencies.
template <typename Visit>
void for_each_caption(const CaptionTokens& captions, Visit visit) {
  for (std::uint32_t image = 0; image < captions.images(); ++image) {
    const std::uint32_t first = captions.image_begins[image];
    for (std::uint32_t c = first; c < captions.image_begins[image + 1]; ++c) {
      visit(captions.caption_begins[c], captions.caption_begins[c + 1], c == first ? kNone : image);
    }
  }
}

/// An n-gram is the number of the (n-1)-gram that begins it, and its last token.
std::uint64_t key_of(std::uint32_t prefix, std::uint32_t last) {
  return std::uint64_t{prefix} << 32 | last;
}

std::uint64_t hash_of(std::uint64_t key) {
  const std::uint64_t product = key * 0x9E3779B97F4A7C15u;
  return (product ^ (product >> 32)) * 0xD6E8FEB86659FD93u;
}

/// An n-gram where it stands.
struct Occurrence {
  std::uint64_t key;
  std::uint32_t token;
  std::uint32_t image;
};

/// The occurrences of each part, those of part p at [begins[p], begins[p + 1]), in the order of
/// the text.
struct Parts {
  std::vector<Occurrence> occurrences;
  std::array<std::size_t, kParts + 1> begins{};
};

std::size_t part_of(std::uint64_t key) {
  return hash_of(key) >> (64 - kPartBits);
}

Parts share_out(const CaptionTokens& captions, std::size_t n,
                const std::vector<std::uint32_t>& prefixes) {
  const auto for_each_key = [&](auto visit) {
    for_each_caption(captions, [&](std::uint32_t begin, std::uint32_t end, std::uint32_t image) {
      for (std::uint32_t at = begin; at + n <= end; ++at) {
        visit(Occurrence{key_of(prefixes[at], captions.tokens[at + n - 1]), at, image});
      }
    });
  };
  Parts parts;
  for_each_key([&](const Occurrence& one) { ++parts.begins[part_of(one.key) + 1]; });
  for (std::size_t part = 0; part < kParts; ++part) parts.begins[part + 1] += parts.begins[part];
  parts.occurrences.resize(parts.begins[kParts]);
  std::array<std::size_t, kParts + 1> next = parts.begins;
  for_each_key([&](const Occurrence& one) { parts.occurrences[next[part_of(one.key)]++] = one; });
  return parts;
}

/// Numbers the n-grams of one part in `at_token`: number i of part p is i * kParts + p, so that no
/// two parts share one. Returns the document frequencies by i.
std::vector<std::uint32_t> count_part(std::span<const Occurrence> occurrences, std::size_t index,
                                      std::vector<std::uint32_t>& at_token) {
  struct Slot {
    std::uint64_t key = 0;
    std::uint32_t number = kNone;
    std::uint32_t last_image = kNone;
  };
  const std::size_t mask = std::bit_ceil(2 * occurrences.size() + 1) - 1;
  std::vector<Slot> slots(mask + 1);
  std::vector<std::uint32_t> frequency;
  for (const Occurrence& one : occurrences) {
    std::size_t at = hash_of(one.key) & mask;
    while (slots[at].number != kNone && slots[at].key != one.key) at = (at + 1) & mask;
    Slot& slot = slots[at];
    if (slot.number == kNone) {
      slot = {one.key, static_cast<std::uint32_t>(frequency.size()), kNone};
      frequency.push_back(0);
    }
    at_token[one.token] = static_cast<std::uint32_t>(slot.number * kParts + index);
    // Images come in order, so an image that was counted already is the last one.
    if (one.image == kNone || slot.last_image == one.image) continue;
    slot.last_image = one.image;
    ++frequency[slot.number];
  }
  return frequency;
}

/// A token's number is its n-gram's.
NgramTable count_tokens(const CaptionTokens& captions) {
  NgramTable table{captions.tokens, {}};
  const auto most = std::ranges::max_element(captions.tokens);
  const std::size_t size = most == captions.tokens.end() ? 0 : std::size_t{*most} + 1;
  table.document_frequency.resize(size);
  std::vector<std::uint32_t> last_image(size, kNone);
  for_each_caption(captions, [&](std::uint32_t begin, std::uint32_t end, std::uint32_t image) {
    for (std::uint32_t at = begin; at < end && image != kNone; ++at) {
      const std::uint32_t token = captions.tokens[at];
      if (last_image[token] == image) continue;
      last_image[token] = image;
      ++table.document_frequency[token];
    }
  });
  return table;
}

/// The n-grams of n tokens, given those of n - 1.
NgramTable count_longer(const CaptionTokens& captions, std::size_t n, const NgramTable& shorter) {
  NgramTable table;
  table.at_token.resize(captions.tokens.size());
  std::array<std::vector<std::uint32_t>, kParts> frequencies;
  const Parts parts = share_out(captions, n, shorter.at_token);
  // A part writes only at tokens where its own n-grams begin.
  parallel_for(kParts, 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t index = begin; index < end; ++index) {
      const auto part =
          std::span(parts.occurrences)
              .subspan(parts.begins[index], parts.begins[index + 1] - parts.begins[index]);
      frequencies[index] = count_part(part, index, table.at_token);
    }
  });
  std::size_t most = 0;
  for (const auto& part : frequencies) most = std::max(most, part.size());
  table.document_frequency.resize(most * kParts);
  for (std::size_t index = 0; index < kParts; ++index) {
    for (std::size_t i = 0; i < frequencies[index].size(); ++i) {
      table.document_frequency[i * kParts + index] = frequencies[index][i];
    }
  }
  return table;
}

}  // namespace

std::array<NgramTable, kMaxNgram> count_ngrams(const CaptionTokens& captions) {
  std::array<NgramTable, kMaxNgram> tables;
  tables[0] = count_tokens(captions);
  for (std::size_t n = 2; n <= kMaxNgram; ++n) {
    tables[n - 1] = count_longer(captions, n, tables[n - 2]);
  }
  return tables;
}

}  // namespace sightline
