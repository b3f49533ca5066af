#include "harness/formats/npz.h"

#include <algorithm>

#include "harness/base/error.h"
#include "harness/formats/npy_header.h"

namespace sightline {

namespace {

constexpr std::string_view kExtension = ".npy";

ZipArchive open_archive(const MappedFile& file) {
  return with_context([&] { return "reading the .npz file " + file.path().string(); },
                      [&] { return ZipArchive(file.bytes()); });
}

}  // namespace

NpzFile::NpzFile(const std::filesystem::path& path)
    : file_(std::make_shared<const MappedFile>(path)), archive_(open_archive(*file_)) {
  for (const ZipEntry& entry : archive_.entries()) {
    if (!entry.name.ends_with(kExtension)) continue;
    names_.push_back(entry.name.substr(0, entry.name.size() - kExtension.size()));
  }
}

bool NpzFile::contains(std::string_view name) const {
  return std::ranges::find(names_, name) != names_.end();
}

NpyArray NpzFile::at(std::string_view name) const {
  const std::string path = file_->path().string();
  require(contains(name), "{} has no array '{}'{}; it has: {}", path, name,
          did_you_mean(std::string(name), names_), fmt::join(names_, ", "));
  const ZipContent content = with_context(
      [&] { return "reading the .npz file " + path; },
      [&] { return archive_.read(archive_.at(std::string(name).append(kExtension))); });
  std::string whole_name = fmt::format("'{}' of {}", name, path);
  if (content.owner == nullptr) return {std::move(whole_name), content.bytes, file_, file_};
  return {std::move(whole_name), content.bytes, content.owner};
}

void write_npz(const std::filesystem::path& path, std::span<const NamedTensor> arrays) {
  ZipWriter archive(path);
  for (const NamedTensor& array : arrays) {
    require_size(array.view);
    const std::string header = make_npy_header(array.view.dtype, array.view.shape);
    const auto bytes = array.view.bytes;
    const std::string_view parts[] = {header,
                                      {reinterpret_cast<const char*>(bytes.data()), bytes.size()}};
    archive.add(array.name + std::string(kExtension), parts);
  }
  archive.commit();
}

}  // namespace sightline
