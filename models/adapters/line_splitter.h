#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace sightline {

/// Cuts a stream of bytes into lines; each byte is looked at once.
class LineSplitter {
 public:
  /// `ends` are the bytes that end a line.
  LineSplitter(std::string ends, std::size_t max_line_bytes)
      : ends_(std::move(ends)), max_line_bytes_(max_line_bytes) {}

  /// Adds bytes and calls `visit(line)` for each line that is whole now and not empty.
  template <typename Visit>
  void add(std::string_view bytes, Visit&& visit) {
    for (;;) {
      const std::size_t end = find_end(bytes);
      const std::string_view piece = bytes.substr(0, end);
      // A line that is too long already need not grow further.
      if (!too_long()) partial_.append(piece);
      if (end == std::string_view::npos || too_long()) return;
      if (!partial_.empty()) visit(std::exchange(partial_, {}));
      bytes.remove_prefix(end + 1);
    }
  }

  /// The line being read is longer than allowed; no lines come any more.
  bool too_long() const { return partial_.size() > max_line_bytes_; }
  /// What came behind the last line end.
  std::string& partial() { return partial_; }

 private:
  std::size_t find_end(std::string_view bytes) const {
    // One byte is found many times faster than one of several.
    return ends_.size() == 1 ? bytes.find(ends_[0]) : bytes.find_first_of(ends_);
  }

  std::string ends_;
  std::size_t max_line_bytes_;
  std::string partial_;
};

}  // namespace sightline
