#pragma once

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "harness/base/error.h"

namespace sightline::testing {

/// Writes a file, without care for power cuts.
inline void write_quickly(const std::filesystem::path& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

/// A file in memory, which has a path as others have, and can be written often and fast.
class MemoryFile {
 public:
  MemoryFile() = default;
  ~MemoryFile() { ::close(file_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  void write(std::string_view bytes) const {
    EXPECT_EQ(::ftruncate(file_, static_cast<off_t>(bytes.size())), 0);
    EXPECT_EQ(::pwrite(file_, bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  }
  std::filesystem::path path() const { return "/proc/self/fd/" + std::to_string(file_); }

 private:
  int file_ = ::memfd_create("damaged", MFD_CLOEXEC);
};

/// Writes `bytes` to a file, cut at every place and with each byte changed in turn, and calls
/// `read(path)`, which must throw `Error` where the file is cut, and otherwise return or throw it;
/// the sanitizers see the rest. Returns how often it threw.
template <typename Read>
int refusals_of_damage(const std::string& bytes, Read read) {
  const MemoryFile file;
  int refused = 0;
  const auto attempt = [&](const std::string& damaged) {
    file.write(damaged);
    try {
      read(file.path());
    } catch (const Error&) {
      ++refused;
    }
  };
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const int before = refused;
    attempt(bytes.substr(0, size));
    EXPECT_EQ(refused, before + 1) << "cut after " << size << " bytes";
  }
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (const int change : {1 << (i % 8), 0x80, 0xFF}) {
      std::string damaged = bytes;
      damaged[i] = static_cast<char>(damaged[i] ^ change);
      attempt(damaged);
    }
  }
  return refused;
}

}  // namespace sightline::testing
