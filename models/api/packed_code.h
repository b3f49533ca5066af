#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "models/api/image_tokenizer.h"

namespace sightline {

/// Symbols of one token that are packed as one number, the first of them its lowest digit.
struct SymbolGroup {
  std::size_t first = 0, count = 0;  ///< channels
  unsigned bits = 0;                 ///< ceil(log2(product of their levels)), at most 32
};
/// The channels in groups, as many in each as 32 bits hold. Where all levels are powers of two,
/// nothing is lost: a token takes the sum of their logarithms.
std::vector<SymbolGroup> symbol_groups(std::span<const std::uint32_t> levels);

/// The bits of a code, token by token, group by group, lowest bit first; the first bit is the
/// lowest of the first byte, and the last byte is filled up with zeros. Throws `Error` for a code
/// that is not of the layout.
std::vector<std::byte> pack_code(const CodeLayout& layout, std::span<const std::uint8_t> symbols);

/// The symbols that `pack_code` packed. Throws `Error` when there are more or fewer bytes than a
/// code takes, for a number beyond its group's, and for bits behind the last that are not zero.
std::vector<std::uint8_t> unpack_code(const CodeLayout& layout, std::span<const std::byte> bytes);

/// Throws `Error` unless there is a symbol for each token and channel, each below its levels.
void check_symbols(const CodeLayout& layout, std::span<const std::uint8_t> symbols);

}  // namespace sightline
