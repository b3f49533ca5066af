#include "models/api/weight_files.h"

#include <array>
#include <cstdlib>

#include "harness/base/error.h"

namespace sightline {

namespace fs = std::filesystem;

namespace {

const std::array<KnownWeights, 5>& table() {
  static const std::array<KnownWeights, 5> weights = {{
      {"inception",
       "the Inception-v3 weights of pytorch-fid",
       {"pt_inception-2015-12-05-6726825d.pth", "inception-2015-12-05.safetensors"},
       "91 MiB",
       "6726825d"},
      {"alexnet",
       "torchvision's AlexNet",
       {"alexnet-owt-7be5be79.pth", "alexnet.safetensors"},
       "233 MiB",
       "7be5be79"},
      {"vgg16",
       "torchvision's VGG16",
       {"vgg16-397923af.pth", "vgg16.safetensors"},
       "528 MiB",
       "397923af"},
      {"lpips_alex",
       "the linear layers of LPIPS v0.1 on AlexNet",
       {"lpips_alex.pth", "lpips_linear_v0.1.safetensors"},
       "6 KiB",
       ""},
      {"lpips_vgg",
       "the linear layers of LPIPS v0.1 on VGG16",
       {"lpips_vgg.pth", "lpips_linear_v0.1.safetensors"},
       "7 KiB",
       ""},
  }};
  return weights;
}

}  // namespace

std::span<const KnownWeights> known_weights() {
  return table();
}

const KnownWeights& known_weights(std::string_view role) {
  for (const KnownWeights& weights : table()) {
    if (weights.role == role) return weights;
  }
  fail("there are no known weights for the role '{}'", role);
}

fs::path weights_folder(const fs::path& named, const fs::path& data_root) {
  const char* variable = std::getenv("SIGHTLINE_WEIGHTS");
  const bool by_variable = named.empty() && variable != nullptr && *variable != '\0';
  const fs::path folder = by_variable ? fs::path(variable) : named;
  if (!folder.empty()) {
    require(fs::is_directory(folder), "{} {}: there is no such folder; want one with weight files",
            by_variable ? "SIGHTLINE_WEIGHTS" : "--weights", folder.string());
    return folder;
  }
  const fs::path usual = data_root / "weights";
  return !data_root.empty() && fs::is_directory(usual) ? usual : fs::path();
}

fs::path find_weights(const fs::path& folder, std::string_view role) {
  if (folder.empty()) return {};
  for (const std::string_view name : known_weights(role).names) {
    if (fs::exists(folder / name)) return folder / name;
  }
  return {};
}

std::string describe_missing(const KnownWeights& weights) {
  std::string names;
  for (const std::string_view name : weights.names) {
    names += (names.empty() ? "" : " or ") + std::string(name);
  }
  const std::string hash =
      weights.sha256_start.empty() ? "" : fmt::format(", SHA-256 {}…", weights.sha256_start);
  return fmt::format("needs {} ({}{}) as {} in the folder that --weights names", weights.what,
                     weights.size, hash, names);
}

}  // namespace sightline
