#include "tasks/annotation_support.h"

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/base/hash.h"
#include "harness/base/json_reader.h"

namespace sightline {

namespace fs = std::filesystem;

void UniqueIds::add(std::string_view id, const JsonRecord& record, std::string_view field) {
  require(add(id), "{}: {} '{}' occurs twice", record.name(), field, id);
}

fs::path source_file(const fs::path& named, const TaskSources& sources,
                     const std::string& official) {
  if (!named.empty()) {
    require_file(named, "check the path given on the command line");
    return named;
  }
  if (sources.data_root.empty()) {
    throw UsageError(
        fmt::format("the file {} is needed; name the folder that holds it with "
                    "--data_root, or the file itself",
                    official));
  }
  const fs::path file = sources.data_root / official;
  require_file(file, "docs/data.md says where to get it and where to put it");
  return file;
}

std::map<std::string, std::string> hashes_of(const std::vector<fs::path>& files) {
  std::map<std::string, std::string> hashes;
  for (const fs::path& file : files) {
    const std::string name = file.filename().string();
    std::string key = name;
    for (int count = 2; hashes.contains(key); ++count) key = fmt::format("{} ({})", name, count);
    hashes[key] = sha256_of_file(file);
  }
  return hashes;
}

std::string coco_file_name(std::string_view prefix, std::int64_t image_id) {
  return fmt::format("{}{:012d}.jpg", prefix, image_id);
}

ImageInput sample_image(const fs::path& folder, std::string_view name, std::string_view id,
                        const fs::path& file) {
  const auto where = [&] {
    return fmt::format("looking for the image of sample {} of {}", id, file.string());
  };
  return {.path = with_context(where, [&] { return resolve_within(folder, name); }), .pixels = {}};
}

}  // namespace sightline
