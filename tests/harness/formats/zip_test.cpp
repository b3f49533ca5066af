#include "harness/formats/zip.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/damage.h"
#include "tests/support/errors.h"
#include "tests/support/paths.h"

namespace sightline {
namespace {

using testing::data_path;
using testing::error_of;
using ::testing::HasSubstr;
using testing::refusals_of_damage;
using testing::TemporaryFolder;

/// Writes an archive of (name, content) and returns its bytes.
std::string archive_of(const std::vector<std::pair<std::string, std::string>>& members) {
  const TemporaryFolder folder;
  ZipWriter writer(folder / "a.zip");
  for (const auto& [name, content] : members) {
    const std::string_view view = content;
    const std::string_view parts[] = {view.substr(0, view.size() / 2),
                                      view.substr(view.size() / 2)};
    writer.add(name, parts);
  }
  writer.commit();
  return read_file(folder / "a.zip");
}

TEST(Zip, WritesWhatItReads) {
  const std::string bytes = archive_of({{"a.txt", "hello"}, {"folder/é", ""}, {"b", "world"}});
  const ZipArchive archive(bytes);
  ASSERT_EQ(archive.entries().size(), 3U);
  EXPECT_EQ(archive.read(archive.at("a.txt")).bytes, "hello");
  EXPECT_EQ(archive.read(archive.at("folder/é")).bytes, "");
  EXPECT_EQ(archive.read(archive.at("b")).bytes, "world");
  for (const ZipEntry& entry : archive.entries()) EXPECT_EQ(entry.offset % 64, 0U);
  EXPECT_EQ(archive.find("c"), nullptr);
  EXPECT_EQ(error_of([&] { archive.at("c"); }), "the archive has no member 'c'");
}

TEST(Zip, EmptyArchive) {
  EXPECT_TRUE(ZipArchive(archive_of({})).entries().empty());
}

TEST(Zip, MoreMembersThanTheOldFormatCounts) {
  std::vector<std::pair<std::string, std::string>> members;
  for (int i = 0; i < 66000; ++i) members.emplace_back(std::to_string(i), "");
  const std::string bytes = archive_of(members);
  const ZipArchive archive(bytes);
  EXPECT_EQ(archive.entries().size(), members.size());
  EXPECT_NE(archive.find("65999"), nullptr);
}

TEST(Zip, WriterRefusesANameTwice) {
  EXPECT_EQ(error_of([] { archive_of({{"a", ""}, {"a", ""}}); }), "the archive holds 'a' already");
  EXPECT_THAT(error_of([] { archive_of({{"", ""}}); }), HasSubstr("a name of 0 bytes"));
}

// Offsets in the records: APPNOTE.TXT, 4.3.7, 4.3.12 and 4.3.16.
struct Change {
  const char* name;
  const char* record;  // its signature; the last one of this kind is changed
  std::size_t offset;
  std::string bytes;
  const char* says;
};

const Change kChanges[] = {
    {"encrypted", "PK\1\2", 8, "\1", "it is encrypted"},
    {"encrypted_in_its_header", "PK\3\4", 6, "\1", "it is encrypted"},
    {"method", "PK\1\2", 10, "\x0c", "packed by method 12, want stored (0) or deflate (8)"},
    {"method_in_its_header", "PK\3\4", 8, "\x08", "name other methods"},
    {"name_in_its_header", "PK\3\4", 30, "x", "have other names"},
    {"checksum", "PK\1\2", 16, "x", "the file is damaged"},
    {"sizes_differ", "PK\1\2", 24, "\6", "it is stored in 5 bytes, but has 6"},
    {"other_disk", "PK\1\2", 34, "\1", "on another disk"},
    {"offset_of_nothing", "PK\1\2", 42, "\1", "no member begins at byte"},
    {"offset_outside", "PK\1\2", 44, "\1", "it is cut or damaged"},
    {"offset_of_the_first", "PK\1\2", 42, std::string(4, '\0'), "other names"},
    {"no_entry", "PK\1\2", 0, "x", "the directory of the archive is damaged"},
    {"several_disks", "PK\5\6", 4, "\1", "spans several disks"},
    {"too_many_entries", "PK\5\6", 8, "\xff\x01\xff\x01", "cannot hold 511 members"},
    {"directory_outside", "PK\5\6", 18, "\1", "does not lie before its end"},
    {"needs_zip64", "PK\5\6", 8, "\xff\xff\xff\xff", "needs ZIP64 records, which are missing"},
    {"comment", "PK\5\6", 20, "\1", "the directory at the end of the zip archive is missing"},
};

TEST(Zip, SaysWhatIsWrong) {
  const std::string bytes = archive_of({{"a", "hello"}, {"b", "world"}});
  for (const Change& change : kChanges) {
    SCOPED_TRACE(change.name);
    std::string damaged = bytes;
    damaged.replace(damaged.rfind(change.record) + change.offset, change.bytes.size(),
                    change.bytes);
    const auto read_all = [&] {
      const ZipArchive archive(damaged);
      for (const ZipEntry& entry : archive.entries()) archive.read(entry);
    };
    EXPECT_THAT(error_of(read_all), HasSubstr(change.says));
  }
}

TEST(Zip, MembersMayNotOverlap) {
  // The second member is a whole local header inside the content of the first.
  const std::string inner = archive_of({{"b", "x"}});
  std::string bytes = archive_of({{"a", inner}, {"b", "x"}});
  const auto at = static_cast<char>(ZipArchive(bytes).at("a").offset);
  bytes.replace(bytes.rfind("PK\1\2") + 42, 1, 1, at);
  bytes.replace(bytes.rfind("PK\1\2") + 43, 1, 1, '\0');
  EXPECT_THAT(error_of([&] { ZipArchive{bytes}; }),
              HasSubstr("'a' and 'b' of the archive overlap"));
}

TEST(Zip, UnpacksExactlyWhatIsAnnounced) {
  const std::string bytes = read_file(data_path("formats/deflated.pt"));
  const std::string_view name = "deflated/data.pkl";
  const std::uint64_t size = ZipArchive(bytes).at(name).size;
  EXPECT_EQ(ZipArchive(bytes).read(ZipArchive(bytes).at(name)).bytes.size(), size);
  const auto message = [&](std::uint64_t announced) {
    std::string changed = bytes;
    for (std::size_t i = 0; i < 4; ++i) {
      changed[changed.find("PK\1\2") + 24 + i] = static_cast<char>(announced >> (8 * i));
    }
    return error_of([&] {
      const ZipArchive archive(changed);
      archive.read(archive.at(name));
    });
  };
  EXPECT_EQ(message(size), "no error");
  EXPECT_THAT(message(size - 1), HasSubstr("unpacks to more than"));
  EXPECT_THAT(message(0), HasSubstr("unpacks to more than"));
  EXPECT_THAT(message(size + 1), HasSubstr("its packed bytes are damaged"));
  EXPECT_THAT(message(0xFFFFFFF0), HasSubstr("which deflate cannot do"));
}

TEST(Zip, DamageIsAnErrorOrAnotherArchive) {
  const std::string stored = archive_of({{"a", "hello"}, {"b", "world"}});
  for (const std::string& bytes : {stored, read_file(data_path("formats/deflated.pt"))}) {
    const int refused = refusals_of_damage(bytes, [](const auto& path) {
      const std::string damaged = read_file(path);
      const ZipArchive archive(damaged);
      for (const ZipEntry& entry : archive.entries()) archive.read(entry);
    });
    EXPECT_GT(refused, 300);
  }
}

}  // namespace
}  // namespace sightline
