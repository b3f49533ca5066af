#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace sightline {

/// SHA-256 as 64 lower-case hex digits.
std::string sha256_hex(std::string_view bytes);
/// SHA-256 of bytes that come piece by piece.
class Sha256 {
 public:
  Sha256();
  void update(std::string_view bytes);
  /// 64 lower-case hex digits of all bytes so far; nothing can be added afterwards.
  std::string finish();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

/// SHA-256 of a file's content. Throws `Error` as `MappedFile` does.
std::string sha256_of_file(const std::filesystem::path& path);

}  // namespace sightline
