#include "models/api/packed_code.h"

#include <bit>

#include "harness/base/error.h"

namespace sightline {

namespace {

constexpr std::uint64_t kMostNumbers = std::uint64_t{1} << 32;

/// Bits in the order in which they are written and read.
class BitWriter {
 public:
  explicit BitWriter(std::size_t bits) : bytes_((bits + 7) / 8) {}
  void put(std::uint64_t number, unsigned bits) {
    for (unsigned i = 0; i < bits; ++i, ++at_) {
      const auto bit = static_cast<unsigned>((number >> i) & 1U);
      bytes_[at_ / 8] |= static_cast<std::byte>(bit << (at_ % 8));
    }
  }
  std::vector<std::byte> finish() { return std::move(bytes_); }

 private:
  std::vector<std::byte> bytes_;
  std::size_t at_ = 0;
};

class BitReader {
 public:
  explicit BitReader(std::span<const std::byte> bytes) : bytes_(bytes) {}
  std::uint64_t get(unsigned bits) {
    std::uint64_t number = 0;
    for (unsigned i = 0; i < bits; ++i, ++at_) {
      const auto bit = std::to_integer<std::uint64_t>(bytes_[at_ / 8] >> (at_ % 8)) & 1U;
      number |= bit << i;
    }
    return number;
  }
  std::size_t left() const { return bytes_.size() * 8 - at_; }

 private:
  std::span<const std::byte> bytes_;
  std::size_t at_ = 0;
};

}  // namespace

std::vector<SymbolGroup> symbol_groups(std::span<const std::uint32_t> levels) {
  std::vector<SymbolGroup> groups;
  std::uint64_t numbers = kMostNumbers;  // of the last group
  for (std::size_t channel = 0; channel < levels.size(); ++channel) {
    require(levels[channel] >= 2 && levels[channel] <= 256,
            "channel {} of a code has {} levels, want 2 to 256", channel, levels[channel]);
    if (numbers * levels[channel] > kMostNumbers) {
      groups.push_back({.first = channel});
      numbers = 1;
    }
    numbers *= levels[channel];
    ++groups.back().count;
    groups.back().bits = static_cast<unsigned>(std::bit_width(numbers - 1));
  }
  return groups;
}

std::size_t CodeLayout::bits() const {
  std::size_t bits = 0;
  for (const SymbolGroup& group : symbol_groups(levels)) bits += group.bits;
  return tokens * bits;
}

void check_symbols(const CodeLayout& layout, std::span<const std::uint8_t> symbols) {
  const std::size_t channels = layout.levels.size();
  require(symbols.size() == layout.symbols(), "a code has {} symbols, want {} tokens of {}",
          symbols.size(), layout.tokens, channels);
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    require(symbols[i] < layout.levels[i % channels],
            "channel {} of token {} of a code is {}, want less than {}", i % channels, i / channels,
            symbols[i], layout.levels[i % channels]);
  }
}

std::vector<std::byte> pack_code(const CodeLayout& layout, std::span<const std::uint8_t> symbols) {
  check_symbols(layout, symbols);
  const std::vector<SymbolGroup> groups = symbol_groups(layout.levels);
  BitWriter writer(layout.bits());
  for (std::size_t token = 0; token < layout.tokens; ++token) {
    const std::uint8_t* own = symbols.data() + token * layout.levels.size();
    for (const SymbolGroup& group : groups) {
      std::uint64_t number = 0;
      for (std::size_t i = group.first + group.count; i-- > group.first;) {
        number = number * layout.levels[i] + own[i];
      }
      writer.put(number, group.bits);
    }
  }
  return writer.finish();
}

std::vector<std::uint8_t> unpack_code(const CodeLayout& layout, std::span<const std::byte> bytes) {
  const std::size_t wanted = (layout.bits() + 7) / 8;
  require(bytes.size() == wanted, "a packed code has {} bytes, want {} for {} bits", bytes.size(),
          wanted, layout.bits());
  const std::vector<SymbolGroup> groups = symbol_groups(layout.levels);
  std::vector<std::uint8_t> symbols;
  symbols.reserve(layout.symbols());
  BitReader reader(bytes);
  for (std::size_t token = 0; token < layout.tokens; ++token) {
    for (const SymbolGroup& group : groups) {
      std::uint64_t number = reader.get(group.bits);
      for (std::size_t i = group.first; i < group.first + group.count; ++i) {
        symbols.push_back(static_cast<std::uint8_t>(number % layout.levels[i]));
        number /= layout.levels[i];
      }
      require(number == 0, "token {} of a packed code has a number that its levels cannot make",
              token);
    }
  }
  require(reader.get(static_cast<unsigned>(reader.left())) == 0,
          "a packed code ends in bits that are not zero");
  return symbols;
}

}  // namespace sightline
