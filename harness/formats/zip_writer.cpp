#include <algorithm>

#include "harness/formats/zip.h"
#include "harness/formats/zip_records.h"

namespace sightline {

using zip::Writer;

namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::uint16_t kPaddingExtra = 0x4246;  // PyTorch's, whose content nobody reads
constexpr std::uint16_t kVersion64 = 45, kVersion = 20, kUtf8 = 1U << 11;
constexpr std::uint16_t kDate = 1U << 5 | 1U;  // 1980-01-01: equal contents make equal files
constexpr std::uint16_t kNoDisk = 0;

bool needs_64(std::uint64_t value) {
  return value >= zip::kIn64;
}

/// `value`, or what says that it is in a ZIP64 field.
std::uint64_t small(std::uint64_t value) {
  return std::min<std::uint64_t>(value, zip::kIn64);
}

std::string padding(std::uint64_t header_end) {
  constexpr std::size_t kFieldHeader = 4;
  const std::uint64_t begin = header_end + kFieldHeader;
  const std::size_t count = (kAlignment - begin % kAlignment) % kAlignment;
  return Writer().u16(kPaddingExtra).u16(count).text(std::string(count, '\0')).bytes();
}

/// The fields that a member's own header and its entry in the directory have in common.
void write_common(Writer& record, const ZipEntry& entry, bool is_64) {
  record.u16(is_64 ? kVersion64 : kVersion).u16(kUtf8).u16(0);  // stored
  record.u16(0).u16(kDate).u32(entry.crc32);
  record.u32(small(entry.stored_size)).u32(small(entry.size)).u16(entry.name.size());
}

std::string local_header(const ZipEntry& entry, std::uint64_t at) {
  const bool is_64 = needs_64(entry.size);
  std::string extra;
  if (is_64) {  // both sizes, or neither
    extra = Writer().u16(zip::kExtra64).u16(16).u64(entry.size).u64(entry.stored_size).bytes();
  }
  extra += padding(at + zip::kLocalHeaderSize + entry.name.size() + extra.size());
  Writer header;
  header.u32(zip::kLocalHeader);
  write_common(header, entry, is_64);
  return header.u16(extra.size()).text(entry.name).text(extra).bytes();
}

std::string directory_entry(const ZipEntry& entry, std::uint64_t header_at) {
  Writer fields;
  if (needs_64(entry.size)) fields.u64(entry.size).u64(entry.stored_size);
  if (needs_64(header_at)) fields.u64(header_at);
  std::string extra = fields.bytes();
  if (!extra.empty()) {
    extra = Writer().u16(zip::kExtra64).u16(extra.size()).text(extra).bytes();
  }
  Writer record;
  record.u32(zip::kDirectoryEntry).u16(kVersion64);
  write_common(record, entry, !extra.empty());
  record.u16(extra.size()).u16(0).u16(kNoDisk).u16(0).u32(0).u32(small(header_at));
  return record.text(entry.name).text(extra).bytes();
}

std::string directory_end(std::uint64_t members, std::uint64_t offset, std::uint64_t size) {
  Writer end;
  if (members >= zip::kIn64Short || needs_64(offset) || needs_64(size)) {
    end.u32(zip::kDirectoryEnd64).u64(zip::kDirectoryEnd64Size - 12).u16(kVersion64);
    end.u16(kVersion64).u32(kNoDisk).u32(kNoDisk);
    end.u64(members).u64(members).u64(size).u64(offset);
    end.u32(zip::kLocator64).u32(kNoDisk).u64(offset + size).u32(1);
  }
  const std::uint64_t short_members = std::min<std::uint64_t>(members, zip::kIn64Short);
  end.u32(zip::kDirectoryEnd).u16(kNoDisk).u16(kNoDisk).u16(short_members).u16(short_members);
  return end.u32(small(size)).u32(small(offset)).u16(0).bytes();
}

}  // namespace

void ZipWriter::add(std::string name, std::span<const std::string_view> parts) {
  require(!name.empty() && name.size() < zip::kIn64Short, "a member has a name of {} bytes",
          name.size());
  Member member;
  member.entry.name = std::move(name);
  require(names_.insert(member.entry.name).second, "the archive holds '{}' already",
          member.entry.name);
  for (const std::string_view part : parts) {
    member.entry.crc32 = zip::update_crc32(member.entry.crc32, part);
    member.entry.size += part.size();
  }
  member.entry.stored_size = member.entry.size;
  member.header_at = file_.size();
  file_.write(local_header(member.entry, member.header_at));
  for (const std::string_view part : parts) file_.write(part);
  members_.push_back(std::move(member));
}

void ZipWriter::commit() {
  const std::uint64_t offset = file_.size();
  std::string directory;
  for (const Member& member : members_) {
    directory += directory_entry(member.entry, member.header_at);
  }
  file_.write(directory);
  file_.write(directory_end(members_.size(), offset, directory.size()));
  file_.commit();
}

}  // namespace sightline
