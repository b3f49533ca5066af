#include "models/api/image_networks.h"

#include <array>
#include <utility>

#include "harness/base/error.h"

namespace sightline {

namespace {

constexpr const char* kModule = "sightline_torch";

constexpr std::array<std::pair<InceptionInput, std::string_view>, 3> kInputs = {
    {{InceptionInput::kPytorchFid, "pytorch-fid"},
     {InceptionInput::kTf, "tf"},
     {InceptionInput::kClean, "clean-fid"}}};

}  // namespace

std::string_view name_of(InceptionInput input) {
  for (const auto& [known, name] : kInputs) {
    if (known == input) return name;
  }
  return "";
}

InceptionInput parse_inception_input(std::string_view name) {
  for (const auto& [input, known] : kInputs) {
    if (known == name) return input;
  }
  throw UsageError(fmt::format(
      "there is no way named '{}' to resize for Inception; there are pytorch-fid, tf, clean-fid",
      name));
}

InceptionFeatures InceptionNetwork::float_features(std::span<const FloatImage> /*images*/) {
  fail("this Inception network takes 8-bit images only");
}

std::vector<double> PerceptualDistance::float_distances(
    std::span<const FloatImage> /*reconstructions*/, std::span<const FloatImage> /*originals*/) {
  fail("this LPIPS takes 8-bit images only");
}

std::unique_ptr<InceptionNetwork> open_inception(Registry& registry,
                                                 const InceptionSettings& settings) {
  if (!registry.inception) load_module_by_name(kModule, registry);
  return registry.inception(settings);
}

std::unique_ptr<PerceptualDistance> open_perceptual(Registry& registry,
                                                    const PerceptualSettings& settings) {
  if (!registry.perceptual) load_module_by_name(kModule, registry);
  return registry.perceptual(settings);
}

}  // namespace sightline
