#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

namespace sightline::testing {

/// A fixture that is part of the repository (tests/data/NAME).
inline std::filesystem::path data_path(const std::string& name) {
  return std::filesystem::path(SIGHTLINE_TEST_DATA) / name;
}

/// A golden or real data file outside the repository, which may be absent.
inline std::filesystem::path shared_path(const std::string& name) {
  return std::filesystem::path(SIGHTLINE_SHARED) / name;
}

/// A fresh folder, removed with all it holds at the end of the scope.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "sightline_test_XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) ADD_FAILURE() << "cannot make " << name;
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

}  // namespace sightline::testing

/// Skips the test, saying which file is missing, unless `shared_path(name)` exists.
#define SIGHTLINE_NEED_SHARED(name)                                    \
  if (!std::filesystem::exists(sightline::testing::shared_path(name))) \
  GTEST_SKIP() << "needs " << sightline::testing::shared_path(name) << ", which is absent"
