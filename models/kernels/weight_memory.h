#pragma once

#include <cstddef>

namespace sightline {

/// Zeroed memory for weights, at a multiple of 64 bytes; larger pieces are asked for in huge pages,
/// which takes page faults from the time to load a model.
class WeightMemory {
 public:
  WeightMemory() = default;
  explicit WeightMemory(std::size_t bytes);
  ~WeightMemory();
  WeightMemory(WeightMemory&& other) noexcept;
  WeightMemory& operator=(WeightMemory&& other) noexcept;

  std::byte* data() { return data_; }
  const std::byte* data() const { return data_; }
  std::size_t size() const { return size_; }

 private:
  void* mapping_ = nullptr;
  std::size_t mapped_ = 0;
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace sightline
