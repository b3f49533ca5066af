#include "models/adapters/image_drop.h"

#include <stdlib.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>
#include <system_error>

#include "harness/base/error.h"
#include "harness/media/encode.h"

namespace sightline {

namespace fs = std::filesystem;

ImageDrop::~ImageDrop() {
  std::error_code ignored;
  if (!folder_.empty()) fs::remove_all(folder_, ignored);
}

fs::path ImageDrop::place(std::size_t number) {
  if (folder_.empty()) {
    std::string name = (fs::temp_directory_path() / "sightline_XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) {
      throw StopError(
          fmt::format("no temporary folder {} can be made: {} (TMPDIR names another place)", name,
                      std::strerror(errno)));
    }
    folder_ = name;
  }
  return folder_ / fmt::format("{}.png", number);
}

void ImageDrop::write(const fs::path& place, const Image& image) {
  // It is read once and deleted: time counts, size does not.
  constexpr int kFastest = 1;
  const std::string bytes = encode_png(image, kFastest);
  std::ofstream file(place, std::ios::binary);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file) {
    throw StopError(fmt::format("cannot write {}: {} (TMPDIR names another place)", place.string(),
                                std::strerror(errno)));
  }
}

}  // namespace sightline
