#pragma once

#include <cstddef>
#include <memory>
#include <new>

namespace sightline {

/// Floats at a cache line's start, kept from one use to the next. Meant to be `thread_local`.
class Scratch {
 public:
  /// Room for `floats` numbers of any value; what the last call returned is gone.
  float* reserve(std::size_t floats) {
    if (floats > size_) {
      data_.reset(static_cast<float*>(::operator new(floats * sizeof(float), kAlignment)));
      size_ = floats;
    }
    return data_.get();
  }

 private:
  static constexpr std::align_val_t kAlignment{64};
  struct Free {
    void operator()(float* data) const { ::operator delete(data, kAlignment); }
  };
  std::unique_ptr<float, Free> data_;
  std::size_t size_ = 0;
};

}  // namespace sightline
