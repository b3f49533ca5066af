#include "models/kernels/weight_memory.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

#include "harness/base/error.h"

namespace sightline {

namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;

}  // namespace

WeightMemory::WeightMemory(std::size_t bytes) : size_(bytes) {
  if (bytes == 0) return;
  const bool huge = bytes >= kHugePage;
  mapped_ = bytes + (huge ? kHugePage : 0);
  mapping_ = ::mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping_ == MAP_FAILED) {
    fail("no memory for {} bytes of weights: {}", bytes, std::strerror(errno));
  }
  data_ = static_cast<std::byte*>(mapping_);
  if (!huge) return;
  data_ += (kHugePage - reinterpret_cast<std::uintptr_t>(data_) % kHugePage) % kHugePage;
  // Not the rest behind the last whole huge page, which would take up to 2 MB more than it needs.
  static_cast<void>(::madvise(data_, bytes / kHugePage * kHugePage, MADV_HUGEPAGE));
}

WeightMemory::~WeightMemory() {
  if (mapping_ != nullptr) ::munmap(mapping_, mapped_);
}

WeightMemory::WeightMemory(WeightMemory&& other) noexcept {
  *this = std::move(other);
}

WeightMemory& WeightMemory::operator=(WeightMemory&& other) noexcept {
  std::swap(mapping_, other.mapping_);
  std::swap(mapped_, other.mapped_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

}  // namespace sightline
