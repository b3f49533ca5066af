#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace sightline {

/// Philox4x32-10 (Salmon, Moraes, Dror and Shaw, SC 2011): 128 random bits for each counter and
/// key, without a state. Whoever knows the counter gets the same bits, in any order and on any
/// device.
std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter,
                                    std::array<std::uint32_t, 2> key);

/// Random numbers that belong to a thing (an image by its id) and a seed, whatever else is drawn:
/// not to the order, the batch, the thread or the shard in which the thing is worked on.
class CounterStream {
 public:
  /// Streams of different ids are different but for a chance of 2^-64 a pair.
  CounterStream(std::uint64_t seed, std::string_view id);

  /// Standard normal numbers [first, first + numbers.size()) of the stream, by Box and Muller's
  /// transform in double precision. Uses the C library's logarithm, sine and cosine: on another
  /// machine a number may differ in its last bit.
  void normals(std::uint64_t first, std::span<float> numbers) const;

 private:
  std::array<std::uint32_t, 2> key_{};
  std::array<std::uint32_t, 2> id_{};
};

}  // namespace sightline
