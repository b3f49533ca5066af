#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <memory>
#include <vector>

#include "models/generation/network.h"
#include "models/nn/compute.h"

namespace sightline {

/// Keys (after the rotary embedding) and values of one sequence, layer by layer.
class KvCache final : public SequenceCache {
 public:
  struct Shape {
    std::size_t layers = 0;
    std::int64_t kv_heads = 0, head_dim = 0;
  };
  KvCache(const Compute& compute, const Shape& shape, std::size_t capacity);

  std::size_t length() const override { return length_; }
  std::size_t bytes() const override;
  std::unique_ptr<SequenceCache> fork(std::size_t length) const override;

  /// Room for `count` more tokens; called before the first layer appends.
  void make_room(std::size_t count);
  /// Writes the keys and values of tokens behind the last; the length grows with `advance`, when
  /// all layers have done so.
  /// @param keys, values  [count, kv_heads, head_dim]
  void append(std::size_t layer, const at::Tensor& keys, const at::Tensor& values);
  void advance(std::size_t count) { length_ += count; }
  /// The first `count` tokens of a layer, [count, kv_heads, head_dim].
  at::Tensor keys(std::size_t layer, std::size_t count) const;
  at::Tensor values(std::size_t layer, std::size_t count) const;

 private:
  void reserve(std::size_t capacity);

  Compute compute_;
  Shape shape_;
  std::size_t length_ = 0, capacity_ = 0;
  std::vector<at::Tensor> keys_, values_;  ///< [capacity, kv_heads, head_dim]
};

}  // namespace sightline
