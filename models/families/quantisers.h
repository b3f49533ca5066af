#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

/// How tokenizers round a code: plain numbers in, symbols out, token by token.
namespace sightline {

/// Lookup-free quantisation (Yu et al. 2023): 1 for x > 0, else 0 (0, -0 and NaN too). Stands for
/// +1 and -1.
std::vector<std::uint8_t> lfq_symbols(std::span<const float> x);
std::vector<float> lfq_values(std::span<const std::uint8_t> symbols);

/// Codebook indices of LFQ symbols in groups: channel g * F + f, with F = channels / bits, is bit g
/// of sub-token f.
/// @param symbols  [tokens, channels]
/// @param bits     of an index, a divisor of `channels`, at most 63; else throws `Error`
/// @return         [tokens, channels / bits]
std::vector<std::int64_t> lfq_indices(std::span<const std::uint8_t> symbols, std::size_t channels,
                                      std::size_t bits);

/// The two published forms of finite scalar quantisation: that of its paper (Mentzer et al. 2023)
/// and that of the usual re-implementation, which shrinks and shifts otherwise.
enum class FsqForm { kTan, kAtanh };
/// "tan" or "atanh"; throws `Error` for others.
FsqForm parse_fsq_form(std::string_view name);

/// x bounded to its levels L: tanh(x + shift) half - offset, with half = (L - 1) (1 -+ 1e-3) / 2,
/// offset 0.5 for even L, else 0, and shift = tan(offset / half) or atanh(offset / half).
float fsq_bounded(float x, std::uint32_t levels, FsqForm form);
/// Bounded values rounded to whole numbers, halves to even, counted from the lowest.
/// @param x       [tokens, channels]
/// @param levels  [channels]
std::vector<std::uint8_t> fsq_symbols(std::span<const float> x,
                                      std::span<const std::uint32_t> levels, FsqForm form);
/// What a decoder gets: (symbol - floor(L / 2)) / floor(L / 2).
std::vector<float> fsq_values(std::span<const std::uint8_t> symbols,
                              std::span<const std::uint32_t> levels);
/// One index a token: the sum of symbols times the product of the levels before.
std::vector<std::int64_t> fsq_indices(std::span<const std::uint8_t> symbols,
                                      std::span<const std::uint32_t> levels);

}  // namespace sightline
