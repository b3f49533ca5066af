#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace sightline {

/// Looks on N feature vectors of `width` float32 values each, row behind row.
struct FeatureRows {
  std::span<const float> values;
  std::size_t width = 0;

  std::size_t count() const { return width == 0 ? 0 : values.size() / width; }
  std::span<const float> row(std::size_t index) const {
    return values.subspan(index * width, width);
  }
  FeatureRows rows(std::size_t begin, std::size_t end) const {
    return {values.subspan(begin * width, (end - begin) * width), width};
  }
};

/// Throws `Error` unless the values are whole rows of `width` > 0 finite numbers. The message names
/// the features (`what`: "real features"), row and column; the first row counts as `first_row`.
void require_features(const FeatureRows& features, std::string_view what,
                      std::size_t first_row = 0);

/// The same for two sets of features, which must also have the same width.
void require_comparable(const FeatureRows& a, std::string_view what_a, const FeatureRows& b,
                        std::string_view what_b);

}  // namespace sightline
