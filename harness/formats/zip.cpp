#include "harness/formats/zip.h"

#include <zlib.h>

#include <algorithm>

#include "harness/formats/zip_records.h"

namespace sightline {

using zip::Reader;

namespace {

/// No run of deflate packs more than 1032 bytes into one (zlib's technical details).
constexpr std::uint64_t kMostPacked = 1032;
constexpr std::uint16_t kEncrypted = 1U << 0 | 1U << 6 | 1U << 13;
constexpr std::uint16_t kStored = 0, kDeflated = 8;

/// Where the directory lies.
struct Directory {
  std::uint64_t entries = 0, offset = 0, size = 0;
};

/// The part of `bytes` from `offset`, of at most `size` bytes.
Reader record_at(std::string_view bytes, std::uint64_t offset, std::uint64_t size) {
  require(offset <= bytes.size() && size <= bytes.size() - offset,
          "the archive ends after {} bytes, but byte {} is needed; it is cut or damaged",
          bytes.size(), offset + size);
  return Reader(bytes.substr(static_cast<std::size_t>(offset), static_cast<std::size_t>(size)));
}

/// The offset of the last record, which ends with a comment of at most 65,535 bytes.
std::size_t find_directory_end(std::string_view bytes) {
  constexpr std::size_t kMaxComment = 0xFFFF;
  constexpr std::string_view kSignature = "PK\x05\x06";
  for (std::size_t comment = 0; comment <= kMaxComment; ++comment) {
    if (bytes.size() < zip::kDirectoryEndSize + comment) break;
    const std::size_t at = bytes.size() - zip::kDirectoryEndSize - comment;
    if (bytes.substr(at, kSignature.size()) != kSignature) continue;
    if (Reader(bytes.substr(at + zip::kDirectoryEndSize - 2, 2)).u16() == comment) return at;
  }
  fail(
      "the directory at the end of the zip archive is missing: the file is cut, or no zip archive; "
      "copy it again");
}

/// The ZIP64 form of the last record; `at` is that of the plain one.
Directory read_directory_end_64(std::string_view bytes, std::size_t at, std::uint64_t& end) {
  require(at >= zip::kLocator64Size, "the archive needs ZIP64 records, which are missing");
  Reader locator = record_at(bytes, at - zip::kLocator64Size, zip::kLocator64Size);
  require(locator.u32() == zip::kLocator64, "the archive needs ZIP64 records, which are missing");
  const bool first_disk = locator.u32() == 0;
  end = locator.u64();
  require(first_disk && locator.u32() <= 1, "the archive spans several disks");
  Reader record = record_at(bytes, end, zip::kDirectoryEnd64Size);
  require(record.u32() == zip::kDirectoryEnd64, "the ZIP64 record is damaged");
  record.skip(8 + 2 + 2);  // its own size and versions
  require(record.u32() == 0 && record.u32() == 0, "the archive spans several disks");
  Directory directory;
  const std::uint64_t here = record.u64();
  directory.entries = record.u64();
  require(here == directory.entries, "the archive spans several disks");
  directory.size = record.u64();
  directory.offset = record.u64();
  return directory;
}

Directory find_directory(std::string_view bytes) {
  const std::size_t at = find_directory_end(bytes);
  Reader record = record_at(bytes, at, zip::kDirectoryEndSize);
  record.skip(4);
  const std::uint16_t disk = record.u16(), directory_disk = record.u16(), here = record.u16();
  Directory directory = {.entries = record.u16(), .offset = 0, .size = record.u32()};
  directory.offset = record.u32();
  std::uint64_t end = at;
  const bool is_64 = here == zip::kIn64Short || directory.entries == zip::kIn64Short ||
                     directory.size == zip::kIn64 || directory.offset == zip::kIn64;
  if (is_64) {
    directory = read_directory_end_64(bytes, at, end);
  } else {
    require(disk == 0 && directory_disk == 0 && here == directory.entries,
            "the archive spans several disks");
  }
  require(directory.offset <= end && directory.size <= end - directory.offset,
          "the directory of the archive does not lie before its end record; it is damaged");
  require(directory.entries <= directory.size / zip::kDirectoryEntrySize,
          "a directory of {} bytes cannot hold {} members", directory.size, directory.entries);
  return directory;
}

/// A member as the directory has it; `offset` is that of its local header.
struct DirectoryEntry {
  ZipEntry entry;
  std::uint16_t flags = 0, method = 0, disk = 0;
};

/// Replaces the fields whose values are in the ZIP64 part of `extra`, in this order.
void read_extra_64(Reader extra, DirectoryEntry& member) {
  ZipEntry& entry = member.entry;
  while (extra.left() >= 4) {
    const std::uint16_t kind = extra.u16();
    Reader field(extra.take(extra.u16()));
    if (kind != zip::kExtra64) continue;
    if (entry.size == zip::kIn64) entry.size = field.u64();
    if (entry.stored_size == zip::kIn64) entry.stored_size = field.u64();
    if (entry.offset == zip::kIn64) entry.offset = field.u64();
    if (member.disk == zip::kIn64Short) member.disk = static_cast<std::uint16_t>(field.u32());
    return;
  }
}

DirectoryEntry read_directory_entry(Reader& directory) {
  require(directory.u32() == zip::kDirectoryEntry, "the directory of the archive is damaged");
  DirectoryEntry member;
  directory.skip(2 + 2);  // versions
  member.flags = directory.u16();
  member.method = directory.u16();
  directory.skip(2 + 2);  // time and date
  member.entry.crc32 = directory.u32();
  member.entry.stored_size = directory.u32();
  member.entry.size = directory.u32();
  const std::size_t name = directory.u16(), extra = directory.u16(), comment = directory.u16();
  member.disk = directory.u16();
  directory.skip(2 + 4);  // attributes
  member.entry.offset = directory.u32();
  member.entry.name = directory.take(name);
  read_extra_64(Reader(directory.take(extra)), member);
  directory.skip(comment);
  member.entry.deflated = member.method == kDeflated;
  return member;
}

void check_member(const DirectoryEntry& member) {
  const ZipEntry& entry = member.entry;
  require((member.flags & kEncrypted) == 0, "it is encrypted, which is not read");
  require(member.disk == 0, "it lies on another disk of the archive");
  require(member.method == kStored || member.method == kDeflated,
          "it is packed by method {}, want stored (0) or deflate (8)", member.method);
  require(entry.deflated || entry.size == entry.stored_size, "it is stored in {} bytes, but has {}",
          entry.stored_size, entry.size);
  require(entry.size / kMostPacked <= entry.stored_size,
          "{} bytes are said to be packed into {}, which deflate cannot do", entry.size,
          entry.stored_size);
}

/// Moves `entry.offset` from the local header to the content behind it; returns where it began.
std::uint64_t step_over_local_header(std::string_view bytes, DirectoryEntry& member) {
  ZipEntry& entry = member.entry;
  const std::uint64_t begin = entry.offset;
  Reader header = record_at(bytes, begin, zip::kLocalHeaderSize);
  require(header.u32() == zip::kLocalHeader, "no member begins at byte {}", begin);
  header.skip(2);
  require((header.u16() & kEncrypted) == 0, "it is encrypted, which is not read");
  require(header.u16() == member.method, "the directory and the member name other methods");
  header.skip(2 + 2 + 4 + 4 + 4);  // time, date, checksum and sizes: the directory has them
  const std::uint64_t name = header.u16(), extra = header.u16();
  Reader rest = record_at(bytes, begin + zip::kLocalHeaderSize, name + extra);
  require(rest.take(static_cast<std::size_t>(name)) == entry.name,
          "the directory and the member have other names");
  entry.offset = begin + zip::kLocalHeaderSize + name + extra;
  record_at(bytes, entry.offset, entry.stored_size);
  return begin;
}

/// Unpacks all of `packed` into exactly `size` bytes.
std::string inflate_all(std::string_view packed, std::uint64_t size) {
  constexpr std::size_t kStep = std::size_t{1} << 30;  // zlib counts in 32 bits
  std::string content(static_cast<std::size_t>(size), '\0');
  z_stream stream = {};
  require(inflateInit2(&stream, -MAX_WBITS) == Z_OK, "zlib cannot start");
  const std::unique_ptr<z_stream, int (*)(z_stream*)> end(&stream, inflateEnd);
  std::size_t taken = 0, given = 0;
  int status = Z_OK;
  char spare = 0;  // room for one byte more than announced, so that it is seen
  while (status == Z_OK) {
    const std::size_t in = std::min(kStep, packed.size() - taken);
    const std::size_t room = std::min(kStep, content.size() - given);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data() + taken));
    stream.avail_in = static_cast<uInt>(in);
    stream.next_out = reinterpret_cast<Bytef*>(room > 0 ? content.data() + given : &spare);
    stream.avail_out = static_cast<uInt>(room > 0 ? room : 1);
    status = inflate(&stream, Z_NO_FLUSH);
    taken += in - stream.avail_in;
    require(room > 0 || stream.avail_out == 1, "it unpacks to more than the {} bytes announced",
            size);
    given += room > 0 ? room - stream.avail_out : 0;
  }
  require(status == Z_STREAM_END && given == size,
          "its packed bytes are damaged: {} of {} unpacked", given, size);
  return content;
}

template <typename Work>
auto for_member(const ZipEntry& entry, Work&& work) {
  return with_context([&] { return fmt::format("reading member '{}' of the archive", entry.name); },
                      std::forward<Work>(work));
}

}  // namespace

std::uint32_t zip::update_crc32(std::uint32_t crc, std::string_view bytes) {
  return static_cast<std::uint32_t>(
      crc32_z(crc, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

ZipArchive::ZipArchive(std::string_view bytes) : bytes_(bytes) {
  const Directory directory = find_directory(bytes);
  Reader records = record_at(bytes, directory.offset, directory.size);
  struct Extent {
    std::uint64_t begin, end;
    std::size_t member;
  };
  std::vector<Extent> extents;
  for (std::uint64_t i = 0; i < directory.entries; ++i) {
    DirectoryEntry member = read_directory_entry(records);
    for_member(member.entry, [&] {
      check_member(member);
      const std::uint64_t begin = step_over_local_header(
          bytes.substr(0, static_cast<std::size_t>(directory.offset)), member);
      extents.push_back({begin, member.entry.offset + member.entry.stored_size, entries_.size()});
    });
    entries_.push_back(std::move(member.entry));
  }
  std::ranges::sort(extents, {}, &Extent::begin);
  for (std::size_t i = 1; i < extents.size(); ++i) {
    require(extents[i - 1].end <= extents[i].begin, "members '{}' and '{}' of the archive overlap",
            entries_[extents[i - 1].member].name, entries_[extents[i].member].name);
  }
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    require(by_name_.try_emplace(entries_[i].name, i).second, "the archive holds '{}' twice",
            entries_[i].name);
  }
}

const ZipEntry* ZipArchive::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &entries_[found->second];
}

const ZipEntry& ZipArchive::at(std::string_view name) const {
  const ZipEntry* entry = find(name);
  require(entry != nullptr, "the archive has no member '{}'", name);
  return *entry;
}

std::string_view ZipArchive::stored_bytes(const ZipEntry& entry) const {
  return bytes_.substr(static_cast<std::size_t>(entry.offset),
                       static_cast<std::size_t>(entry.stored_size));
}

ZipContent ZipArchive::view(const ZipEntry& entry) const {
  return entry.deflated ? read(entry) : ZipContent{stored_bytes(entry), nullptr};
}

ZipContent ZipArchive::read(const ZipEntry& entry) const {
  return for_member(entry, [&] {
    ZipContent content{stored_bytes(entry), nullptr};
    if (entry.deflated) {
      content.owner = std::make_shared<const std::string>(inflate_all(content.bytes, entry.size));
      content.bytes = *content.owner;
    }
    const std::uint32_t crc = zip::update_crc32(0, content.bytes);
    require(crc == entry.crc32, "its CRC-32 is {:08x}, want {:08x}: the file is damaged", crc,
            entry.crc32);
    return content;
  });
}

bool looks_like_zip(std::string_view bytes) {
  return bytes.starts_with("PK\x03\x04") || bytes.starts_with("PK\x05\x06");
}

}  // namespace sightline
