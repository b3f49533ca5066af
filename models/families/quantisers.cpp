#include "models/families/quantisers.h"

#include <algorithm>
#include <cmath>

#include "harness/base/error.h"

namespace sightline {

std::vector<std::uint8_t> lfq_symbols(std::span<const float> x) {
  std::vector<std::uint8_t> symbols(x.size());
  std::ranges::transform(x, symbols.begin(),
                         [](float value) { return static_cast<std::uint8_t>(value > 0); });
  return symbols;
}

std::vector<float> lfq_values(std::span<const std::uint8_t> symbols) {
  std::vector<float> values(symbols.size());
  std::ranges::transform(symbols, values.begin(),
                         [](std::uint8_t symbol) { return symbol != 0 ? 1.0F : -1.0F; });
  return values;
}

std::vector<std::int64_t> lfq_indices(std::span<const std::uint8_t> symbols, std::size_t channels,
                                      std::size_t bits) {
  require(bits > 0 && bits < 64 && channels % bits == 0,
          "indices of {} bits cannot be made of {} channels", bits, channels);
  require(symbols.size() % channels == 0, "{} symbols are no whole number of tokens of {} channels",
          symbols.size(), channels);
  const std::size_t parts = channels / bits;
  std::vector<std::int64_t> indices(symbols.size() / bits);
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    const std::size_t token = i / channels, channel = i % channels;
    const std::int64_t bit = symbols[i] != 0 ? 1 : 0;
    indices[token * parts + channel % parts] |= bit << (channel / parts);
  }
  return indices;
}

FsqForm parse_fsq_form(std::string_view name) {
  if (name == "tan") return FsqForm::kTan;
  if (name == "atanh") return FsqForm::kAtanh;
  fail("the form '{}' of FSQ is not known; want tan or atanh", name);
}

float fsq_bounded(float x, std::uint32_t levels, FsqForm form) {
  constexpr float kEps = 1e-3F;
  const float factor = form == FsqForm::kTan ? 1 - kEps : 1 + kEps;
  const float half = (static_cast<float>(levels) - 1) * factor / 2;
  const float offset = levels % 2 == 0 ? 0.5F : 0.0F;
  const float shift = form == FsqForm::kTan ? std::tan(offset / half) : std::atanh(offset / half);
  return std::tanh(x + shift) * half - offset;
}

std::vector<std::uint8_t> fsq_symbols(std::span<const float> x,
                                      std::span<const std::uint32_t> levels, FsqForm form) {
  std::vector<std::uint8_t> symbols(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::uint32_t own = levels[i % levels.size()];
    const float place = std::nearbyint(fsq_bounded(x[i], own, form)) + static_cast<float>(own / 2);
    const float most = static_cast<float>(own) - 1;
    symbols[i] = static_cast<std::uint8_t>(std::fmin(most, std::fmax(0.0F, place)));
  }
  return symbols;
}

std::vector<float> fsq_values(std::span<const std::uint8_t> symbols,
                              std::span<const std::uint32_t> levels) {
  std::vector<float> values(symbols.size());
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    const auto half = static_cast<float>(levels[i % levels.size()] / 2);
    values[i] = (static_cast<float>(symbols[i]) - half) / half;
  }
  return values;
}

std::vector<std::int64_t> fsq_indices(std::span<const std::uint8_t> symbols,
                                      std::span<const std::uint32_t> levels) {
  std::vector<std::int64_t> indices(symbols.size() / levels.size());
  for (std::size_t token = 0; token < indices.size(); ++token) {
    for (std::size_t i = levels.size(); i-- > 0;) {
      indices[token] = indices[token] * levels[i] + symbols[token * levels.size() + i];
    }
  }
  return indices;
}

}  // namespace sightline
