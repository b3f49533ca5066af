#include "harness/base/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "harness/base/error.h"

namespace sightline {

namespace fs = std::filesystem;

namespace {

/// Closes a file descriptor at the end of a scope.
class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return value_; }

 private:
  int value_;
};

std::string reason(int error) {
  return std::generic_category().message(error);
}

[[noreturn]] void fail_to_write(const fs::path& path, int error) {
  const std::string message = fmt::format("cannot write {}: {}", path.string(), reason(error));
  if (error == ENOSPC || error == EDQUOT || error == EFBIG) {
    throw StopError(message + "; free some space and start the same command again");
  }
  throw Error(message);
}

void write_all(int descriptor, std::string_view content, const fs::path& path) {
  while (!content.empty()) {
    const ssize_t written = ::write(descriptor, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail_to_write(path, errno);
    content.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

MappedFile::MappedFile(fs::path path) : path_(std::move(path)) {
  const Descriptor file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
  require(file.get() >= 0, "cannot open {}: {}", path_.string(), reason(errno));
  struct stat info {};
  require(::fstat(file.get(), &info) == 0, "cannot read {}: {}", path_.string(), reason(errno));
  require(S_ISREG(info.st_mode), "cannot read {}: it is not a regular file", path_.string());
  size_ = static_cast<std::size_t>(info.st_size);
  // Anonymous zero pages first, the file over them: what lies behind its end stays readable.
  mapped_ = size_ + kPadding;
  data_ = ::mmap(nullptr, mapped_, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  require(data_ != MAP_FAILED, "cannot map {} ({} bytes): {}", path_.string(), size_,
          reason(errno));
  if (size_ == 0) return;
  if (::mmap(data_, size_, PROT_READ, MAP_PRIVATE | MAP_FIXED, file.get(), 0) == MAP_FAILED) {
    const int error = errno;
    ::munmap(data_, mapped_);
    fail("cannot map {} ({} bytes): {}", path_.string(), size_, reason(error));
  }
  ::madvise(data_, size_, MADV_SEQUENTIAL);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(data_, mapped_);
}

MappedFile::MappedFile(MappedFile&& other) noexcept {
  *this = std::move(other);
}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(mapped_, other.mapped_);
  return *this;
}

std::string read_file(const fs::path& path) {
  return std::string(MappedFile(path).bytes());
}

void MappedFile::forget(std::string_view part) const {
  // Inner pages only: those at the ends also hold bytes of the neighbours.
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const auto offset = static_cast<std::size_t>(part.data() - bytes().data());
  const std::size_t begin = (offset + page - 1) / page * page;
  const std::size_t end = (offset + part.size()) / page * page;
  if (begin >= end) return;
  ::madvise(static_cast<char*>(data_) + begin, end - begin, MADV_DONTNEED);
}

AtomicFile::AtomicFile(fs::path path)
    : path_(std::move(path)), temporary_(path_.string() + fmt::format(".tmp{}", ::getpid())) {
  descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor_ < 0) fail_to_write(path_, errno);
}

AtomicFile::~AtomicFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::string_view bytes) {
  write_all(descriptor_, bytes, path_);
  size_ += bytes.size();
}

void AtomicFile::commit() {
  if (::fsync(descriptor_) != 0) fail_to_write(path_, errno);
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail_to_write(path_, errno);
  ::close(std::exchange(descriptor_, -1));
}

void write_file_atomically(const fs::path& path, std::string_view content) {
  AtomicFile file(path);
  file.write(content);
  file.commit();
}

fs::path resolve_within(const fs::path& root, std::string_view relative) {
  const fs::path name(relative);
  require(!relative.empty() && relative.find('\0') == std::string_view::npos,
          "a file name in the data is empty or holds a zero byte");
  require(name.is_relative(), "the file name '{}' is absolute, want one relative to {}", relative,
          root.string());
  for (const fs::path& part : name) {
    require(part != "..", "the file name '{}' climbs out of {}", relative, root.string());
  }
  const fs::path joined = root / name;
  if (!fs::is_symlink(joined) && name.begin() == --name.end()) return joined;
  std::error_code ignored;
  const fs::path real = fs::weakly_canonical(joined, ignored);
  const fs::path real_root = fs::weakly_canonical(root, ignored);
  const auto [end, unused] =
      std::mismatch(real_root.begin(), real_root.end(), real.begin(), real.end());
  require(end == real_root.end(),
          "the file name '{}' leads out of {} through a symbolic link to {}", relative,
          root.string(), real.string());
  return joined;
}

void require_file(const fs::path& path, std::string_view hint) {
  std::error_code ignored;
  if (fs::is_regular_file(path, ignored)) return;
  fail("missing file {}; {}", path.string(), hint);
}

}  // namespace sightline
