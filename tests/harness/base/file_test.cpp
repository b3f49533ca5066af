#include "harness/base/file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <thread>

#include "harness/base/error.h"
#include "tests/support/bad_json.h"

namespace sightline {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using testing::error_of;
using ::testing::HasSubstr;
using testing::TemporaryFolder;
using testing::write_text;

TEST(MappedFile, HasZeroesBehindItsEndAtEverySizeAroundAPage) {
  const TemporaryFolder folder;
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  for (const std::size_t size : {std::size_t{1}, page - 65, page - 64, page - 63, page - 1, page,
                                 page + 1, 2 * page, 16 * page}) {
    SCOPED_TRACE(size);
    write_text(folder / "file", std::string(size, 'x'));
    const MappedFile file(folder / "file");
    EXPECT_EQ(file.bytes(), std::string(size, 'x'));
    const std::string_view padding(file.bytes().data() + size, MappedFile::kPadding);
    EXPECT_EQ(padding, std::string(MappedFile::kPadding, '\0'));
  }
}

TEST(MappedFile, OfNothingIsAnEmptyView) {
  const TemporaryFolder folder;
  write_text(folder / "file", "");
  EXPECT_EQ(MappedFile(folder / "file").bytes(), "");
  EXPECT_EQ(read_file(folder / "file"), "");
}

TEST(MappedFile, MovesWithItsBytes) {
  const TemporaryFolder folder;
  write_text(folder / "a", "first");
  write_text(folder / "b", "second");
  MappedFile a(folder / "a");
  const std::string_view bytes = a.bytes();
  MappedFile moved(std::move(a));
  EXPECT_EQ(moved.bytes().data(), bytes.data());
  MappedFile b(folder / "b");
  b = std::move(moved);
  EXPECT_EQ(b.bytes(), "first");
  EXPECT_EQ(b.path(), folder / "a");
}

TEST(MappedFile, ErrorsNameTheFileAndTheReason) {
  const TemporaryFolder folder;
  EXPECT_THAT(error_of([&] { MappedFile file(folder / "absent"); }),
              AllOf(HasSubstr("absent"), HasSubstr("No such file")));
  EXPECT_THAT(error_of([&] { MappedFile file(folder.path()); }),
              AllOf(HasSubstr(folder.path().string()), HasSubstr("not a regular file")));
  EXPECT_THAT(error_of([&] { read_file(folder / "absent"); }), HasSubstr("absent"));
}

TEST(AtomicWrite, ReplacesTheWholeFileAndLeavesNothingElse) {
  const TemporaryFolder folder;
  for (const std::string& content : {std::string("first, longer"), std::string("2"), std::string(),
                                     std::string("\0\xFF\n", 3)}) {
    write_file_atomically(folder / "file", content);
    EXPECT_EQ(read_file(folder / "file"), content);
  }
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()), 1);
}

TEST(AtomicWrite, AReaderSeesTheOldOrTheNew) {
  const TemporaryFolder folder;
  const std::string contents[] = {std::string(100000, 'a'), std::string(200000, 'b')};
  write_file_atomically(folder / "file", contents[0]);
  std::jthread writer([&] {
    for (int i = 0; i < 50; ++i) write_file_atomically(folder / "file", contents[i % 2]);
  });
  for (int i = 0; i < 200; ++i) {
    const std::string seen = read_file(folder / "file");
    ASSERT_TRUE(seen == contents[0] || seen == contents[1]) << seen.size();
  }
}

TEST(AtomicWrite, FailuresNameTheFileAndKeepTheOld) {
  const TemporaryFolder folder;
  EXPECT_THAT(
      error_of([&] { write_file_atomically(folder / "absent/file", "x"); }),
      AllOf(HasSubstr("cannot write"), HasSubstr("absent/file"), HasSubstr("No such file")));
  fs::create_directory(folder / "taken");
  EXPECT_THAT(error_of([&] { write_file_atomically(folder / "taken", "x"); }),
              AllOf(HasSubstr("taken"), HasSubstr("s a directory")));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()), 1)
      << "no temporary file is left";
}

TEST(AtomicWrite, AFullDiskStopsTheRunAndKeepsTheOldFile) {
  const TemporaryFolder folder;
  write_file_atomically(folder / "file", "old");
  // A limit on the size of files stands for a full disk: both are told by the write call.
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit small = before;
  small.rlim_cur = 1000;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  bool stopped = false;
  std::string text;
  try {
    write_file_atomically(folder / "file", std::string(5000, 'x'));
  } catch (const StopError& error) {
    stopped = true;
    text = error.what();
  }
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_TRUE(stopped);
  EXPECT_THAT(text, AllOf(HasSubstr("file"), HasSubstr("free some space")));
  EXPECT_EQ(read_file(folder / "file"), "old");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()), 1);
}

class ResolveWithin : public ::testing::Test {
 protected:
  ResolveWithin() {
    write_text(root() / "a.jpg", "x");
    write_text(root() / "sub/b.jpg", "x");
    write_text(folder_ / "outside.jpg", "x");
    write_text(folder_ / "root_beside/c.jpg", "x");
    link("../outside.jpg", "out.jpg");
    link(folder_ / "outside.jpg", "out_absolute.jpg");
    link("..", "up");
    link("../root_beside", "beside");
    link("a.jpg", "in.jpg");
    link("sub", "folder");
    link("nowhere", "dangling.jpg");
    link("out.jpg", "twice.jpg");
  }

  fs::path root() const { return folder_ / "root"; }
  void link(const fs::path& target, const std::string& name) {
    fs::create_symlink(target, root() / name);
  }

  TemporaryFolder folder_;
};

TEST(AtomicFile, AppearsWithAllItsPiecesOrNotAtAll) {
  const TemporaryFolder folder;
  {
    AtomicFile file(folder / "f");
    file.write("left ");
    EXPECT_FALSE(fs::exists(folder / "f"));
  }
  EXPECT_TRUE(fs::is_empty(folder.path()));
  AtomicFile file(folder / "f");
  file.write("one ");
  file.write("");
  file.write("two");
  EXPECT_EQ(file.size(), 7U);
  file.commit();
  EXPECT_EQ(read_file(folder / "f"), "one two");
}

/// Bytes of this process that lie in memory and come from files.
std::size_t resident_file_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("RssFile:")) return std::stoul(line.substr(8)) * 1024;
  }
  return 0;
}

TEST(MappedFile, ForgetsWholePagesAndStaysReadable) {
  const TemporaryFolder folder;
  const std::size_t size = std::size_t{32} << 20;
  write_text(folder / "large", std::string(size, 'x'));
  const MappedFile file(folder / "large");
  const auto all_x = [&] {
    return std::ranges::all_of(file.bytes(), [](char byte) { return byte == 'x'; });
  };
  EXPECT_TRUE(all_x());
  const std::size_t before = resident_file_bytes();
  file.forget(file.bytes().substr(1, size - 2));
  EXPECT_LT(resident_file_bytes() + size / 2, before);
  file.forget(file.bytes().substr(5, 0));
  file.forget(file.bytes());
  EXPECT_TRUE(all_x());
}

TEST_F(ResolveWithin, JoinsNamesThatStayInside) {
  for (const char* name : {"a.jpg", "absent.jpg", "sub/b.jpg", "sub/absent.jpg", "in.jpg",
                           "folder/b.jpg", "dangling.jpg", "..a.jpg", "a..", "sub/...", "./a.jpg",
                           "new/folder/x.jpg", "caf\xC3\xA9 1.jpg"}) {
    EXPECT_EQ(resolve_within(root(), name), root() / name) << name;
  }
}

TEST_F(ResolveWithin, RefusesNamesThatLeadOut) {
  const std::pair<std::string, const char*> cases[] = {
      {"", "empty"},
      {std::string("a\0b", 3), "zero byte"},
      {"/etc/passwd", "absolute"},
      {(root() / "a.jpg").string(), "absolute"},
      {"..", "climbs out"},
      {"../outside.jpg", "climbs out"},
      {"sub/../a.jpg", "climbs out"},
      {"sub/../../outside.jpg", "climbs out"},
      {"out.jpg", "symbolic link"},
      {"out_absolute.jpg", "symbolic link"},
      {"twice.jpg", "symbolic link"},
      {"up/outside.jpg", "symbolic link"},
      {"up/absent.jpg", "symbolic link"},
      {"beside/c.jpg", "symbolic link"},
  };
  for (const auto& [name, says] : cases) {
    SCOPED_TRACE(name);
    EXPECT_THAT(error_of([&, &relative = name] { resolve_within(root(), relative); }),
                HasSubstr(says));
  }
}

TEST_F(ResolveWithin, TheRootItselfMayBeALink) {
  fs::create_symlink("root", folder_ / "alias");
  EXPECT_EQ(resolve_within(folder_ / "alias", "sub/b.jpg"), folder_ / "alias/sub/b.jpg");
  EXPECT_EQ(resolve_within(folder_ / "alias", "in.jpg"), folder_ / "alias/in.jpg");
  EXPECT_THAT(error_of([&] { resolve_within(folder_ / "alias", "out.jpg"); }),
              HasSubstr("symbolic link"));
}

TEST(RequireFile, TellsWhatIsMissingAndWhatToDo) {
  const TemporaryFolder folder;
  write_text(folder / "here", "");
  EXPECT_NO_THROW(require_file(folder / "here", "hint"));
  for (const fs::path& path : {folder / "absent", folder.path()}) {
    EXPECT_THAT(error_of([&] { require_file(path, "docs/data.md tells"); }),
                AllOf(HasSubstr("missing file " + path.string()), HasSubstr("docs/data.md tells")));
  }
}

}  // namespace
}  // namespace sightline
