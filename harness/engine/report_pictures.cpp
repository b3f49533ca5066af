#include "harness/engine/report_pictures.h"

#include <algorithm>
#include <cmath>

#include "harness/base/error.h"
#include "harness/base/parallel.h"
#include "harness/media/decode.h"
#include "harness/media/encode.h"
#include "harness/media/resize.h"

namespace sightline {

namespace {

FrameSize small_size(const Image& image, int longest_side) {
  const int longest = std::max(image.width, image.height);
  if (longest <= longest_side) return {image.width, image.height};
  const double factor = static_cast<double>(longest_side) / longest;
  return {std::max(1, static_cast<int>(std::lround(image.width * factor))),
          std::max(1, static_cast<int>(std::lround(image.height * factor)))};
}

PagePicture make_picture(const std::filesystem::path& file, const Task& task,
                         const PictureSettings& settings) {
  const auto rotation = task.protocol.find(kExifRotation);
  DecodeOptions options;
  options.apply_exif_orientation = rotation != task.protocol.end() && rotation->second == "on";
  const Image image = task.dataset->prepare(read_image(file, options));
  PagePicture picture{.jpeg = {},
                      .size = small_size(image, settings.longest_side),
                      .frame = {image.width, image.height}};
  const bool is_small = picture.size == picture.frame;
  const Image small =
      is_small ? image
               : resize(image, picture.size.width, picture.size.height, ResizeFilter::kBicubic);
  picture.jpeg = encode_jpeg(small, {.quality = settings.quality, .optimise_coding = true});
  return picture;
}

}  // namespace

std::vector<PictureOutcome> make_pictures(const std::vector<std::filesystem::path>& files,
                                          const Task& task, const PictureSettings& settings) {
  std::vector<PictureOutcome> outcomes(files.size());
  parallel_for(files.size(), 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      if (!std::filesystem::exists(files[i])) {
        outcomes[i].why_not = "the image " + files[i].filename().string() + " is not there";
        continue;
      }
      try {
        outcomes[i].picture = make_picture(files[i], task, settings);
      } catch (const Error& error) {
        outcomes[i].why_not = files[i].filename().string() + ": " + error.message();
      }
    }
  });
  return outcomes;
}

}  // namespace sightline
