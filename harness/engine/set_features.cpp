#include "harness/engine/set_features.h"

#include <algorithm>
#include <cmath>
#include <future>

#include "harness/base/error.h"
#include "harness/base/parallel.h"
#include "harness/formats/npy.h"
#include "harness/formats/npz.h"

namespace sightline {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kUsualBatch = 32;
constexpr std::size_t kChunkBytes = 16 << 20;

/// Takes features in the order of the images and keeps what is needed of them.
class FeatureSink {
 public:
  FeatureSink(const FeatureNeeds& needs, std::size_t count) : needs_(needs), count_(count) {}

  /// Rows of pooled features, `width` wide.
  void add_pool(std::span<const float> rows, std::size_t width) {
    result_.width = width;
    if (needs_.moments) {
      if (!pool_) pool_.emplace(width);
      pool_->update(rows);
    }
    if (!needs_.rows) return;
    if (result_.rows.empty()) result_.rows.reserve(count_ * width);
    require_features({rows, width}, "features", result_.rows.size() / width);
    result_.rows.insert(result_.rows.end(), rows.begin(), rows.end());
  }

  void add_spatial(std::span<const float> rows, std::size_t width) {
    if (!needs_.spatial_moments) return;
    if (!spatial_) spatial_.emplace(width);
    spatial_->update(rows);
  }

  void add_logits(std::span<const float> rows, std::size_t classes) {
    if (!needs_.score) return;
    if (!score_) score_.emplace(inception_score_splits(count_, *needs_.score), classes);
    score_->update(rows);
  }

  SetFeatures finish(std::string network) {
    result_.count = count_;
    result_.network = std::move(network);
    if (pool_) result_.pool = pool_->statistics();
    if (spatial_) result_.spatial = spatial_->statistics();
    if (score_) result_.score = score_->compute();
    return std::move(result_);
  }

 private:
  FeatureNeeds needs_;
  std::size_t count_;
  SetFeatures result_;
  std::optional<FeatureMoments> pool_, spatial_;
  std::optional<InceptionScore> score_;
};

std::vector<Image> read_images(const ImageSet& set, std::size_t begin, std::size_t end) {
  std::vector<Image> images(end - begin);
  parallel_for(images.size(), 1, [&](std::size_t first, std::size_t last) {
    for (std::size_t i = first; i < last; ++i) images[i] = set.image(begin + i);
  });
  return images;
}

/// Rows of a matrix as float32, whatever real type they are stored in.
class MatrixRows {
 public:
  explicit MatrixRows(NpyArray array) : array_(std::move(array)) {
    array_.require_rank(2, "[N, D]");
    require(array_.dtype() == DType::kF32 || array_.dtype() == DType::kF64,
            "{} holds {}; want features as F32 (or F64)", array_.name(), name_of(array_.dtype()));
    require(array_.shape()[0] > 0 && array_.shape()[1] > 0, "{} holds no features: its shape is {}",
            array_.name(), shape_text(array_.shape()));
  }

  std::size_t count() const { return array_.rows(); }
  std::size_t width() const { return static_cast<std::size_t>(array_.shape()[1]); }

  template <typename Visit>
  void for_each_chunk(const Visit& visit) const {
    const std::size_t step = std::max<std::size_t>(kChunkBytes / sizeof(float) / width(), 1);
    for (std::size_t begin = 0; begin < count(); begin += step) {
      const std::size_t end = std::min(begin + step, count());
      visit(rows(begin, end));
      array_.forget_rows(begin, end);
    }
  }

 private:
  std::span<const float> rows(std::size_t begin, std::size_t end) const {
    const std::size_t first = begin * width(), size = (end - begin) * width();
    if (array_.dtype() == DType::kF32) return array_.values<float>().subspan(first, size);
    const auto values = array_.values<double>().subspan(first, size);
    converted_.assign(values.begin(), values.end());
    return converted_;
  }

  NpyArray array_;
  mutable std::vector<float> converted_;
};

std::vector<double> read_numbers(const NpzFile& file, const char* name, const fs::path& path,
                                 std::initializer_list<std::size_t> shape) {
  const NpyArray array = file.at(name);
  const std::vector<std::int64_t> wanted(shape.begin(), shape.end());
  require(array.shape() == wanted, "{}: '{}' has the shape {}, want {}", path.string(), name,
          shape_text(array.shape()), shape_text(wanted));
  return array.to_doubles();
}

/// Means and covariances under the given names; `mean32` is the name of the means in float32.
FeatureStatistics read_statistics(const NpzFile& file, const fs::path& path, const char* mean,
                                  const char* covariance, const char* mean32) {
  FeatureStatistics statistics;
  statistics.mean = file.at(mean).to_doubles();
  const std::size_t width = statistics.mean.size();
  statistics.mean = read_numbers(file, mean, path, {width});
  statistics.covariance = read_numbers(file, covariance, path, {width, width});
  const auto is_infinite = [](double value) { return !std::isfinite(value); };
  require(std::ranges::none_of(statistics.mean, is_infinite) &&
              std::ranges::none_of(statistics.covariance, is_infinite),
          "{}: '{}' or '{}' holds values that are not finite", path.string(), mean, covariance);
  const std::vector<double> rounded =
      file.contains(mean32) ? read_numbers(file, mean32, path, {width}) : statistics.mean;
  statistics.float32_mean.emplace(rounded.begin(), rounded.end());
  // Files of others do not say how many; a covariance stands for two at least.
  statistics.count = 2;
  if (file.contains("n")) {
    const std::vector<double> count = file.at("n").to_doubles();
    require(count.size() == 1 && count[0] >= 2, "{}: 'n' is no number of images", path.string());
    statistics.count = static_cast<std::int64_t>(count[0]);
  }
  return statistics;
}

/// The features themselves, `features` [N, D], where `write_statistics` left them.
void read_rows(const NpzFile& file, const fs::path& path, SetFeatures& features) {
  const NpyArray array = file.at("features");
  array.require_rank(2, "[N, D]");
  const auto values = array.values<float>();
  features.rows.assign(values.begin(), values.end());
  features.width = static_cast<std::size_t>(array.shape()[1]);
  features.count = array.rows();
  require_features({features.rows, features.width}, path.string());
}

}  // namespace

FeatureNeeds& FeatureNeeds::operator|=(const FeatureNeeds& other) {
  moments = moments || other.moments;
  spatial_moments = spatial_moments || other.spatial_moments;
  rows = rows || other.rows;
  if (other.score) score = other.score;
  return *this;
}

FeatureInput::FeatureInput(fs::path path)
    : path_(std::move(path)), kind_(kind_of_image_data(path_)) {}

void FeatureInput::check(const FeatureNeeds& needs) const {
  if (kind_ == ImageDataKind::kStatistics) {
    require(!needs.rows && !needs.score,
            "{} holds means and covariances; precision, recall, KID, Inception Score and FID's "
            "extrapolation need images or features",
            path_.string());
    require(!needs.spatial_moments || NpzFile(path_).contains("mu_s"),
            "{} lacks 'mu_s' and 'sigma_s', the statistics of spatial features for sFID",
            path_.string());
  }
  if (kind_ == ImageDataKind::kFeatures) MatrixRows{open_features()};
  if (kind_ == ImageDataKind::kImages) open_image_set(path_);
}

NpyArray FeatureInput::open_features() const {
  return path_.extension() == ".npz" ? NpzFile(path_).at("arr_0") : open_npy(path_);
}

SetFeatures FeatureInput::collect(const FeatureNeeds& needs, InceptionNetwork* network,
                                  std::size_t batch_size) const {
  return with_context([&] { return "reading " + path_.string(); },
                      [&] {
                        if (kind_ == ImageDataKind::kFeatures) return from_features(needs);
                        if (kind_ == ImageDataKind::kStatistics)
                          return read_statistics_file(path_, needs);
                        return from_images(needs, *network, batch_size);
                      });
}

SetFeatures FeatureInput::from_images(const FeatureNeeds& needs, InceptionNetwork& network,
                                      std::size_t batch_size) const {
  const auto set = open_image_set(path_);
  const std::size_t step = batch_size == 0 ? kUsualBatch : batch_size;
  const auto read = [&](std::size_t begin) {
    return read_images(*set, std::min(begin, set->size()), std::min(begin + step, set->size()));
  };
  FeatureSink sink(needs, set->size());
  std::vector<Image> images = read(0);
  for (std::size_t begin = 0; begin < set->size(); begin += step) {
    // The next images are read while the network looks at these.
    auto next = std::async(std::launch::async, read, begin + step);
    const InceptionFeatures features = network.features(images);
    sink.add_pool(features.pool, InceptionFeatures::kPool);
    sink.add_spatial(features.spatial, InceptionFeatures::kSpatial);
    sink.add_logits(features.logits, InceptionFeatures::kLogits);
    images = next.get();
  }
  return sink.finish(network.weights_sha256());
}

SetFeatures FeatureInput::from_features(const FeatureNeeds& needs) const {
  const MatrixRows matrix(open_features());
  FeatureSink sink(needs, matrix.count());
  matrix.for_each_chunk([&](std::span<const float> rows) {
    sink.add_pool(rows, matrix.width());
    sink.add_spatial(rows, matrix.width());
    sink.add_logits(rows, matrix.width());
  });
  return sink.finish("given");
}

SetFeatures read_statistics_file(const fs::path& path, const FeatureNeeds& needs,
                                 std::string_view key) {
  const NpzFile file(path);
  if (!key.empty()) {
    const NpyArray array = file.at("key");
    const auto kept = array.values<std::uint8_t>();
    require(std::ranges::equal(kept, key), "{}: 'key' is another: these are other statistics",
            path.string());
  }
  SetFeatures features{.network = "given"};
  if (needs.moments) features.pool = read_statistics(file, path, "mu", "sigma", "mu_float32");
  if (needs.spatial_moments) {
    features.spatial = read_statistics(file, path, "mu_s", "sigma_s", "mu_s_float32");
  }
  if (needs.rows) read_rows(file, path, features);
  if (features.pool && file.contains("n")) {
    features.count = static_cast<std::size_t>(features.pool->count);
  } else if (features.spatial && file.contains("n")) {
    features.count = static_cast<std::size_t>(features.spatial->count);
  }
  return features;
}

void write_statistics(const fs::path& path, const SetFeatures& features, std::string_view key) {
  std::vector<NamedTensor> arrays;
  const std::int64_t count = static_cast<std::int64_t>(features.count);
  const auto add = [&](const FeatureStatistics& statistics, const std::string& suffix) {
    const auto width = static_cast<std::int64_t>(statistics.width());
    arrays.push_back({"mu" + suffix, view_of<double>(statistics.mean, {width})});
    arrays.push_back({"sigma" + suffix, view_of<double>(statistics.covariance, {width, width})});
    if (!statistics.float32_mean) return;
    arrays.push_back(
        {"mu" + suffix + "_float32", view_of<float>(*statistics.float32_mean, {width})});
  };
  if (features.pool) add(*features.pool, "");
  if (features.spatial) add(*features.spatial, "_s");
  if (count > 0) arrays.push_back({"n", view_of<std::int64_t>({&count, 1}, {})});
  if (!key.empty() && !features.rows.empty()) {
    const auto width = static_cast<std::int64_t>(features.width);
    arrays.push_back({"features", view_of<float>(features.rows, {count, width})});
  }
  const std::vector<std::uint8_t> letters(key.begin(), key.end());
  const auto length = static_cast<std::int64_t>(letters.size());
  if (!key.empty()) arrays.push_back({"key", view_of<std::uint8_t>(letters, {length})});
  write_npz(path, arrays);
}

}  // namespace sightline
