#include "results/run_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "harness/base/error.h"

namespace sightline {

namespace {

/// What the writer has put into its lock file, or "unknown".
std::string holder_of(int file) {
  std::array<char, 32> buffer{};
  const ssize_t size = ::pread(file, buffer.data(), buffer.size(), 0);
  std::string digits;
  for (ssize_t i = 0; i < size; ++i) {
    const char c = buffer[static_cast<std::size_t>(i)];
    if (std::isdigit(static_cast<unsigned char>(c)) == 0) break;
    digits += c;
  }
  return digits.empty() ? "unknown" : digits;
}

int lock(int file) {
  int result = 0;
  do {
    result = ::flock(file, LOCK_EX | LOCK_NB);
  } while (result != 0 && errno == EINTR);
  return result == 0 ? 0 : errno;
}

/// Best effort: the id only makes another process's message better, the lock is what counts.
void write_holder(int file) {
  const std::string text = fmt::format("{}\n", ::getpid());
  [[maybe_unused]] const int cut = ::ftruncate(file, 0);
  [[maybe_unused]] const ssize_t written = ::pwrite(file, text.data(), text.size(), 0);
}

}  // namespace

RunLock::RunLock(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / kFileName;
  file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  require(file_ >= 0, "cannot write in {}: {} ({}); choose an --output_path that can be written",
          folder.string(), std::generic_category().message(errno), kFileName);
  const int error = lock(file_);
  if (error == 0) {
    write_holder(file_);
    return;
  }
  const std::string holder = holder_of(file_);
  ::close(std::exchange(file_, -1));
  if (error == EWOULDBLOCK) {
    fail(
        "another process (id {}) is writing in {}; wait until it ends, stop it, or choose another "
        "--output_path",
        holder, folder.string());
  }
  fail("cannot lock {}: {}; choose an --output_path on a file system that has locks", path.string(),
       std::generic_category().message(error));
}

RunLock::~RunLock() {
  if (file_ >= 0) ::close(file_);
}

RunLock::RunLock(RunLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}

RunLock& RunLock::operator=(RunLock&& other) noexcept {
  std::swap(file_, other.file_);
  return *this;
}

}  // namespace sightline
