#include "harness/engine/reference_cache.h"

#include <cstdlib>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/hash.h"
#include "harness/base/parallel.h"
#include "harness/engine/manifest.h"
#include "harness/media/image_files.h"
#include "models/api/image_networks.h"

namespace sightline {

namespace fs = std::filesystem;

namespace {

fs::path from_environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? fs::path() : fs::path(value);
}

/// SHA-256 of the content of all images in their order.
std::string hash_of_images(const fs::path& images) {
  if (!fs::is_directory(images)) return sha256_of_file(images);
  const std::vector<fs::path> files = list_images(images);
  std::vector<std::string> hashes(files.size());
  parallel_for(files.size(), 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) hashes[i] = sha256_of_file(files[i]);
  });
  Sha256 all;
  for (const std::string& hash : hashes) all.update(hash);
  return all.finish();
}

void require_width(const std::optional<FeatureStatistics>& statistics, std::size_t width) {
  require(statistics && statistics->width() == width, "the statistics are not {} wide", width);
  require(statistics->float32_mean.has_value(), "the means in float32 are missing");
}

}  // namespace

fs::path usual_cache_folder() {
  if (const fs::path named = from_environment("SIGHTLINE_CACHE"); !named.empty()) return named;
  if (const fs::path xdg = from_environment("XDG_CACHE_HOME"); !xdg.empty()) {
    return xdg / "sightline";
  }
  const fs::path home = from_environment("HOME");
  return home.empty() ? fs::path() : home / ".cache" / "sightline";
}

fs::path cache_folder(const fs::path& given) {
  if (given == "none") return {};
  return given.empty() ? usual_cache_folder() : given;
}

ReferenceCache::ReferenceCache(fs::path folder, Warn warn)
    : folder_(std::move(folder)), warn_(std::move(warn)) {
  features_.find = [this](const std::string& key) { return find(key); };
  features_.keep = [this](const std::string& key, std::span<const float> features) {
    keep(key, features);
  };
}

std::string ReferenceCache::key_of_statistics(const fs::path& images, const std::string& network,
                                              const FeatureNeeds& needs) {
  return sha256_hex(fmt::format("statistics\n{}\n{}\n{}\n{} {} {}", version(),
                                hash_of_images(images), network, needs.moments,
                                needs.spatial_moments, needs.rows));
}

fs::path ReferenceCache::file_of_statistics(const std::string& key) const {
  return folder_ / ("statistics-" + key + ".npz");
}

std::optional<SetFeatures> ReferenceCache::find_statistics(const std::string& key,
                                                           const FeatureNeeds& needs) const {
  const fs::path file = file_of_statistics(key);
  std::error_code ignored;
  if (!fs::exists(file, ignored)) return std::nullopt;
  try {
    SetFeatures found = read_statistics_file(file, needs, key);
    if (needs.moments) require_width(found.pool, InceptionFeatures::kPool);
    if (needs.spatial_moments) require_width(found.spatial, InceptionFeatures::kSpatial);
    require(!needs.rows || found.width == InceptionFeatures::kPool, "the features are {} wide",
            found.width);
    require(found.count > 1, "the number of images is missing");
    return found;
  } catch (const Error& error) {
    warn_(fmt::format("{} is damaged and is made anew: {}", file.string(), error.message()));
    return std::nullopt;
  }
}

void ReferenceCache::keep_statistics(const std::string& key, const SetFeatures& features) const {
  try {
    std::error_code failed;
    fs::create_directories(folder_, failed);
    require(!failed, "{}: {}", folder_.string(), failed.message());
    write_statistics(file_of_statistics(key), features, key);
  } catch (const Error& error) {
    warn_(fmt::format("reference statistics are not kept: {}", error.message()));
  }
}

void ReferenceCache::give_up(const std::string& reason) {
  given_up_ = true;
  store_.reset();
  warn_(
      fmt::format("features of originals are computed anew and not kept: {}; delete that file, or "
                  "name another folder with --cache_dir",
                  reason));
}

FeatureStore* ReferenceCache::store() {
  if (given_up_ || store_) return store_.get();
  const fs::path file = folder_ / FeatureStore::kFileName;
  try {
    std::error_code failed;
    fs::create_directories(folder_, failed);
    require(!failed, "{}: {}", file.string(), failed.message());
    store_ = std::make_unique<FeatureStore>(file);
  } catch (const Error& error) {
    give_up(error.message());
  }
  return store_.get();
}

std::optional<std::vector<float>> ReferenceCache::find(const std::string& key) {
  const std::lock_guard lock(mutex_);
  std::optional<std::vector<float>> found;
  if (FeatureStore* cache = store()) {
    try {
      found = cache->find(version() + " " + key);
    } catch (const Error& error) {
      if (!damage_said_) warn_(fmt::format("{}; they are computed anew", error.message()));
      damage_said_ = true;
    }
  }
  ++(found ? hits_ : misses_);
  return found;
}

void ReferenceCache::keep(const std::string& key, std::span<const float> features) {
  const std::lock_guard lock(mutex_);
  FeatureStore* cache = store();
  if (cache == nullptr) return;
  try {
    cache->keep(version() + " " + key, features);
  } catch (const Error& error) {
    give_up(error.message());
  }
}

}  // namespace sightline
