#include "harness/engine/image_set.h"

#include <vector>

#include "harness/base/error.h"
#include "harness/formats/npy.h"
#include "harness/formats/npz.h"
#include "harness/media/decode.h"
#include "harness/media/image_files.h"

namespace sightline {

namespace fs = std::filesystem;

namespace {

/// The name that numpy gives an array saved without one; ADM's reference batches have it.
constexpr const char* kUnnamedArray = "arr_0";
constexpr const char* kMean = "mu";

class ImageFolder final : public ImageSet {
 public:
  explicit ImageFolder(const fs::path& folder) : files_(list_images(folder)) {}

  std::size_t size() const override { return files_.size(); }
  std::string name(std::size_t index) const override { return files_[index].stem().string(); }
  Image image(std::size_t index) const override { return read_image(files_[index]); }

 private:
  std::vector<fs::path> files_;
};

class ImageArray final : public ImageSet {
 public:
  explicit ImageArray(NpyArray array) : array_(std::move(array)) {
    array_.require_rank(4, "[N, H, W, 3]");
    const auto& shape = array_.shape();
    require(array_.dtype() == DType::kU8 && shape[3] == 3,
            "{} holds {} of shape {}; want images as U8 of shape [N, H, W, 3]", array_.name(),
            name_of(array_.dtype()), shape_text(shape));
    require(shape[0] > 0 && shape[1] > 0 && shape[2] > 0, "{} holds no pixels: its shape is {}",
            array_.name(), shape_text(shape));
    constexpr std::int64_t kLongestSide = 1 << 20;
    require(shape[1] <= kLongestSide && shape[2] <= kLongestSide, "{}: images of {} x {} pixels",
            array_.name(), shape[2], shape[1]);
  }

  std::size_t size() const override { return array_.rows(); }
  std::string name(std::size_t index) const override { return std::to_string(index); }

  Image image(std::size_t index) const override {
    const auto pixels = array_.row<std::uint8_t>(index);
    Image image{.width = static_cast<int>(array_.shape()[2]),
                .height = static_cast<int>(array_.shape()[1]),
                .pixels = {pixels.begin(), pixels.end()}};
    array_.forget_rows(index, index + 1);
    return image;
  }

 private:
  NpyArray array_;
};

ImageDataKind kind_of_array(const NpyArray& array) {
  const std::size_t rank = array.shape().size();
  if (rank == 4) return ImageDataKind::kImages;
  if (rank == 2) return ImageDataKind::kFeatures;
  fail("{} has the shape {}; want features of shape [N, D] or images of shape [N, H, W, 3]",
       array.name(), shape_text(array.shape()));
}

ImageDataKind kind_of_npz(const fs::path& path) {
  const NpzFile file(path);
  if (file.contains(kMean)) return ImageDataKind::kStatistics;
  require(file.contains(kUnnamedArray),
          "{} holds neither statistics ('mu' and 'sigma') nor images ('arr_0')", path.string());
  return kind_of_array(file.at(kUnnamedArray));
}

}  // namespace

ImageDataKind kind_of_image_data(const fs::path& path) {
  require(fs::exists(path), "{}: there is no such file or folder", path.string());
  if (fs::is_directory(path)) return ImageDataKind::kImages;
  if (path.extension() == ".npy") return kind_of_array(open_npy(path));
  if (path.extension() == ".npz") return kind_of_npz(path);
  fail("{}: want a folder of images, an .npy of features or images, or an .npz of statistics",
       path.string());
}

std::unique_ptr<ImageSet> open_image_set(const fs::path& path) {
  const bool is_images = path.extension() == ".npz" && fs::is_regular_file(path)
                             ? NpzFile(path).contains(kUnnamedArray)
                             : kind_of_image_data(path) == ImageDataKind::kImages;
  require(is_images, "{} holds no images; these metrics compare pixels", path.string());
  if (fs::is_directory(path)) return std::make_unique<ImageFolder>(path);
  if (path.extension() == ".npy") return std::make_unique<ImageArray>(open_npy(path));
  return std::make_unique<ImageArray>(NpzFile(path).at(kUnnamedArray));
}

}  // namespace sightline
