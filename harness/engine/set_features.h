#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/engine/image_set.h"
#include "harness/formats/npy.h"
#include "metrics/fidelity/feature_moments.h"
#include "metrics/fidelity/features.h"
#include "metrics/fidelity/inception_score.h"
#include "models/api/image_networks.h"

namespace sightline {

/// What metrics want to know of a set of images.
struct FeatureNeeds {
  bool moments = false;                           ///< mean and covariance of the pooled features
  bool spatial_moments = false;                   ///< the same of the spatial ones
  bool rows = false;                              ///< the pooled features themselves
  std::optional<InceptionScoreRules> score = {};  ///< the Inception Score

  FeatureNeeds& operator|=(const FeatureNeeds& other);
  bool any() const { return moments || spatial_moments || rows || score.has_value(); }
};

/// What is known of a set of images.
struct SetFeatures {
  std::size_t count = 0;  ///< images; 0: unknown, for statistics that do not say
  std::optional<FeatureStatistics> pool, spatial;
  std::vector<float> rows;  ///< [count, width]
  std::size_t width = 0;
  std::optional<InceptionScoreValue> score;
  std::string network;  ///< SHA-256 of the network's weights; "given" for features from a file

  FeatureRows feature_rows() const { return {rows, width}; }
};

/// One input of `fidelity`: images, features, or their statistics.
class FeatureInput {
 public:
  /// Looks at what is there. Throws `Error` as `kind_of_image_data` does.
  explicit FeatureInput(std::filesystem::path path);

  ImageDataKind kind() const { return kind_; }
  const std::filesystem::path& path() const { return path_; }

  /// Throws `Error` when this input cannot give what is needed, before anything is computed.
  void check(const FeatureNeeds& needs) const;

  /// Images go through `network` in batches, which may be null for other inputs. Memory does not
  /// grow with their number but for `rows`. Throws `Error` for values that are not finite.
  SetFeatures collect(const FeatureNeeds& needs, InceptionNetwork* network,
                      std::size_t batch_size) const;

 private:
  SetFeatures from_images(const FeatureNeeds& needs, InceptionNetwork& network,
                          std::size_t batch_size) const;
  SetFeatures from_features(const FeatureNeeds& needs) const;
  NpyArray open_features() const;

  std::filesystem::path path_;
  ImageDataKind kind_;
};

/// Reads statistics from an .npz; `needs` says which. With a `key`, the file must hold it as
/// `write_statistics` leaves it. Throws `Error` for what is missing, damaged or not finite.
SetFeatures read_statistics_file(const std::filesystem::path& path, const FeatureNeeds& needs,
                                 std::string_view key = {});

/// Writes the statistics that a set has as an .npz that pytorch-fid and ADM's evaluator read
/// (`mu`, `sigma`; `mu_s`, `sigma_s` where there are spatial ones), with the number of images (`n`)
/// and the means in float32; with a `key` also that (`key`) and the rows it has (`features`).
void write_statistics(const std::filesystem::path& path, const SetFeatures& features,
                      std::string_view key = {});

}  // namespace sightline
