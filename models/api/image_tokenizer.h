#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/media/image.h"
#include "models/api/precision.h"

namespace sightline {

/// How the code of an image is made up: `tokens` times one symbol for each entry of `levels`.
struct CodeLayout {
  std::size_t tokens = 0;
  /// How many values a symbol has, by channel: LFQ has 2 in each, FSQ its levels.
  std::vector<std::uint32_t> levels;

  std::size_t symbols() const { return tokens * levels.size(); }
  /// Bits of a packed code, which the rate is computed from (packed_code.h).
  std::size_t bits() const;
  bool operator==(const CodeLayout&) const = default;
};

/// An image as its tokenizer keeps it.
struct ImageCode {
  int width = 0, height = 0;          ///< of the image, in pixels
  std::vector<std::uint8_t> symbols;  ///< [tokens, channels], each below its channel's levels
  bool operator==(const ImageCode&) const = default;
};

/// An image before it is rounded: channels R, G, B one behind the other, in [-1, 1].
struct PlanarImage {
  int width = 0, height = 0;
  std::vector<float> values;  ///< [3, height, width]
};
/// Samples are (value + 1) / 2 * 255 in float32, truncated, as FlowMo's evaluation has it. Throws
/// `Error` for NaN.
Image truncate_to_image(const PlanarImage& image);

/// Where the noise of a decoder that draws some comes from: the same for one seed and id, whatever
/// is decoded with it.
struct NoiseSource {
  std::uint64_t seed = 0;
  std::string_view id;  ///< of the image
};

struct ImageTokenizerInfo {
  std::string family;  ///< "flowmo"
  Precision precision = Precision::kFp32;
  CodeLayout layout;
  int width = 0, height = 0;                    ///< the images it takes; 0: any size
  std::size_t max_batch = 1;                    ///< images that it likes to work on at a time
  std::map<std::string, std::string> protocol;  ///< departures from published settings
  std::map<std::string, std::string> hashes;    ///< file -> SHA-256
  std::size_t weight_bytes = 0;                 ///< memory that all weights take
  std::vector<std::string> quantised;           ///< layers whose weights are kept in 8 or 4 bits
};

/// A network that turns images into codes and codes into images. One thread at a time calls it.
/// A result depends on its own image, code and noise alone: to the last bit with Sightline's own
/// products (`kernels`), which a CPU has, up to rounding with libtorch's.
class ImageTokenizer {
 public:
  virtual ~ImageTokenizer() = default;
  virtual const ImageTokenizerInfo& info() const = 0;
  /// Throws `Error` for an image of a size that it does not take, before it computes anything.
  virtual void check_size(int width, int height) const = 0;
  /// The codes of images that are all of one size.
  virtual std::vector<ImageCode> encode(std::span<const Image* const> images) = 0;
  /// The images of codes that are all of one size. `noise` is as long as `codes`. Throws `Error`
  /// for codes that are not of its layout.
  virtual std::vector<PlanarImage> decode(std::span<const ImageCode* const> codes,
                                         std::span<const NoiseSource> noise) = 0;
};

/// What to open and how.
struct ImageTokenizerSettings {
  std::filesystem::path path;          ///< a checkpoint's folder, or a file of weights
  std::string family;                  ///< empty: by the configuration
  std::filesystem::path config;        ///< empty: config.json of the folder, else the published one
  std::optional<Precision> precision;  ///< none: fp32 on a CPU, bf16 on a GPU
  bool double_quantise = false;        ///< kNf4: scales in 8 bits
  std::string device = "cpu";
  bool hash_weights = true;      ///< `ImageTokenizerInfo::hashes`; reads the files whole
  bool kernels = true;           ///< on a CPU: Sightline's own products, else libtorch's
  bool batch_invariant = false;  ///< on a GPU: products of one fixed shape
  /// Options of the family's sampler as they were given, by the names of its published
  /// configuration.
  std::map<std::string, std::string> sampling;

  bool operator==(const ImageTokenizerSettings&) const = default;
};

class Registry;
/// Opens a tokenizer through `registry.image_tokenizer`, loading its module first. Throws `Error`
/// naming file and tensor or field for a checkpoint that cannot be used, `UsageError` for options.
std::unique_ptr<ImageTokenizer> open_image_tokenizer(Registry& registry,
                                                     const ImageTokenizerSettings& settings);

}  // namespace sightline
