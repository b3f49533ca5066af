#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sightline {

/// A published file of network weights that a metric needs and Sightline does not come with.
struct KnownWeights {
  std::string_view role;                ///< "inception", "lpips_alex", ...
  std::string_view what;                ///< "the Inception-v3 weights of pytorch-fid"
  std::vector<std::string_view> names;  ///< that it goes by; the published one first
  std::string_view size;                ///< "91 MiB"
  std::string_view sha256_start;  ///< first digits of the published file's SHA-256; empty: unknown
};

/// Inception-v3 for FID and its kin, the trunks of LPIPS, and their linear layers.
std::span<const KnownWeights> known_weights();
const KnownWeights& known_weights(std::string_view role);

/// The folder of weight files: `named` if not empty, else what SIGHTLINE_WEIGHTS names, else
/// "weights" under `data_root`; empty when that does not exist. Throws `Error` when a folder that
/// was named does not exist.
std::filesystem::path weights_folder(const std::filesystem::path& named,
                                     const std::filesystem::path& data_root = {});

/// The file of that role in `folder`, under any of its names; empty: not there.
std::filesystem::path find_weights(const std::filesystem::path& folder, std::string_view role);

/// What to get and where to put it, to follow "not computed: ".
std::string describe_missing(const KnownWeights& weights);

}  // namespace sightline
