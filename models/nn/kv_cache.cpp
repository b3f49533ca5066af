#include "models/nn/kv_cache.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace sightline {

KvCache::KvCache(const Compute& compute, const Shape& shape, std::size_t capacity)
    : compute_(compute), shape_(shape), keys_(shape.layers), values_(shape.layers) {
  reserve(std::max<std::size_t>(capacity, 1));
}

void KvCache::reserve(std::size_t capacity) {
  const auto options = at::TensorOptions().dtype(compute_.dtype).device(compute_.device);
  const auto used = static_cast<std::int64_t>(length_);
  const auto grow = [&](at::Tensor& tensor) {
    at::Tensor larger =
        at::empty({static_cast<std::int64_t>(capacity), shape_.kv_heads, shape_.head_dim}, options);
    if (used > 0) larger.narrow(0, 0, used).copy_(tensor.narrow(0, 0, used));
    tensor = std::move(larger);
  };
  for (std::size_t layer = 0; layer < shape_.layers; ++layer) {
    grow(keys_[layer]);
    grow(values_[layer]);
  }
  capacity_ = capacity;
}

std::size_t KvCache::bytes() const {
  return 2 * shape_.layers * (shape_.layers == 0 ? 0 : keys_[0].nbytes());
}

std::unique_ptr<SequenceCache> KvCache::fork(std::size_t length) const {
  auto copy = std::make_unique<KvCache>(compute_, shape_, capacity_);
  const auto count = static_cast<std::int64_t>(length);
  for (std::size_t layer = 0; layer < shape_.layers; ++layer) {
    copy->keys_[layer].narrow(0, 0, count).copy_(keys_[layer].narrow(0, 0, count));
    copy->values_[layer].narrow(0, 0, count).copy_(values_[layer].narrow(0, 0, count));
  }
  copy->length_ = length;
  return copy;
}

void KvCache::make_room(std::size_t count) {
  if (length_ + count > capacity_) reserve(std::max(length_ + count, capacity_ * 3 / 2));
}

void KvCache::append(std::size_t layer, const at::Tensor& keys, const at::Tensor& values) {
  const auto begin = static_cast<std::int64_t>(length_);
  keys_[layer].narrow(0, begin, keys.size(0)).copy_(keys);
  values_[layer].narrow(0, begin, keys.size(0)).copy_(values);
}

at::Tensor KvCache::keys(std::size_t layer, std::size_t count) const {
  return keys_[layer].narrow(0, 0, static_cast<std::int64_t>(count));
}

at::Tensor KvCache::values(std::size_t layer, std::size_t count) const {
  return values_[layer].narrow(0, 0, static_cast<std::int64_t>(count));
}

}  // namespace sightline
