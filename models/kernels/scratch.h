#pragma once

#include <cstddef>
#include <memory>
#include <new>

namespace sightline {

/// Numbers at a cache line's start, kept from one use to the next. Meant to be `thread_local`.
template <typename T>
class Scratch {
 public:
  /// Room for `count` numbers of any value; what the last call returned is gone.
  T* reserve(std::size_t count) {
    if (count > size_) {
      data_.reset(static_cast<T*>(::operator new(count * sizeof(T), kAlignment)));
      size_ = count;
    }
    return data_.get();
  }

 private:
  static constexpr std::align_val_t kAlignment{64};
  struct Free {
    void operator()(T* data) const { ::operator delete(data, kAlignment); }
  };
  std::unique_ptr<T, Free> data_;
  std::size_t size_ = 0;
};

}  // namespace sightline
