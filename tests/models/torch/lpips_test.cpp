#include "models/torch/lpips.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "harness/base/error.h"
#include "harness/base/hash.h"
#include "harness/media/decode.h"
#include "models/torch/lpips_distance.h"
#include "models/torch/lpips_trunk.h"
#include "tests/support/deterministic_weights.h"
#include "tests/support/errors.h"
#include "tests/support/images.h"
#include "tests/support/paths.h"

namespace sightline {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using testing::data_path;
using testing::error_of;
using ::testing::HasSubstr;
using testing::noise_image;
using testing::shared_path;
using testing::TemporaryFolder;
using testing::WeightKind;
using testing::WeightSpec;
using testing::write_deterministic_weights;

constexpr const char* kLinear = "third_party_data/lpips/lpips_linear_v0.1.safetensors";
const std::string kTrunks[] = {"alex", "vgg"};

const nlohmann::json& golden() {
  static const nlohmann::json expected =
      testing::read_json(data_path("images/metrics/expected.json"));
  return expected;
}

/// The goldens' trunk under torchvision's names.
std::vector<WeightSpec> trunk_specs(const std::string& trunk) {
  const std::string network = trunk == "alex" ? "alexnet." : "vgg16.";
  std::vector<WeightSpec> specs;
  for (const TrunkLayer& layer : lpips_trunk(trunk)) {
    const std::string name = "features." + std::to_string(layer.index);
    specs.push_back({.name = name + ".weight",
                     .shape = {layer.out, layer.in, layer.kernel, layer.kernel},
                     .fill_as = network + name + ".weight"});
    specs.push_back({.name = name + ".bias",
                     .shape = {layer.out},
                     .kind = WeightKind::kBias,
                     .fill_as = network + name + ".bias"});
  }
  return specs;
}

const fs::path& trunk_file(const std::string& trunk) {
  static const TemporaryFolder folder;
  static const std::map<std::string, fs::path> files = [] {
    std::map<std::string, fs::path> written;
    for (const std::string& name : kTrunks) {
      written[name] = folder / (name + ".safetensors");
      write_deterministic_weights(written[name], trunk_specs(name));
    }
    return written;
  }();
  return files.at(trunk);
}

/// Linear layers that weight every channel with 1/16, named by `name_of_layer`.
template <typename NameOfLayer>
void write_linear(const fs::path& file, const std::string& trunk, bool as_convolution,
                  NameOfLayer name_of_layer) {
  const std::vector<float> ones(512, 1.0F / 16);
  std::vector<NamedTensor> tensors;
  for (const TrunkLayer& layer : lpips_trunk(trunk)) {
    if (!layer.compared) continue;
    const auto values = std::span(ones).first(static_cast<std::size_t>(layer.out));
    std::vector<std::int64_t> shape = {layer.out};
    if (as_convolution) shape = {1, layer.out, 1, 1};
    tensors.push_back({name_of_layer(tensors.size()), view_of(values, shape)});
  }
  write_safetensors(file, tensors);
}

std::string own_name(const std::string& trunk, std::size_t layer) {
  return trunk + ".lin" + std::to_string(layer) + ".weight";
}

/// A distance with the goldens' trunk and plain linear layers.
std::unique_ptr<PerceptualDistance> plain(const std::string& trunk) {
  TemporaryFolder folder;
  write_linear(folder / "linear.safetensors", trunk, false,
               [&](std::size_t i) { return own_name(trunk, i); });
  return make_perceptual(
      {.trunk = trunk, .weights = trunk_file(trunk), .linear = folder / "linear.safetensors"});
}

TEST(LpipsTrunk, HasTheShapesAndWeightsOfTheGolden) {
  for (const std::string& trunk : kTrunks) {
    const std::vector<WeightSpec> specs = trunk_specs(trunk);
    const auto& fill = golden().at("weight_fill").at(trunk);
    ASSERT_EQ(fill.size(), specs.size());
    for (std::size_t i = 0; i < specs.size(); ++i) {
      EXPECT_EQ(fill[i].at("name"), specs[i].fill_as);
      EXPECT_EQ(fill[i].at("shape").get<std::vector<std::int64_t>>(), specs[i].shape);
      const auto first = fill[i].at("first4").get<std::vector<float>>();
      const std::vector<float> weights = testing::deterministic_weights(specs[i]);
      for (std::size_t k = 0; k < first.size(); ++k) EXPECT_EQ(weights[k], first[k]);
    }
  }
}

TEST(LpipsTrunk, KnowsTheSmallestImageItTakes) {
  EXPECT_EQ(smallest_side(lpips_trunk("alex")), 31);
  EXPECT_EQ(smallest_side(lpips_trunk("vgg")), 16);
  EXPECT_THROW(lpips_trunk("squeeze"), UsageError);
}

TEST(Lpips, EqualsTheReference) {
  SIGHTLINE_NEED_SHARED(kLinear);
  for (const std::string& trunk : kTrunks) {
    const auto network = make_perceptual(
        {.trunk = trunk, .weights = trunk_file(trunk), .linear = shared_path(kLinear)});
    std::vector<Image> reconstructions, originals;
    std::vector<std::pair<std::string, double>> wanted;
    for (const auto& pair : golden().at("pairs")) {
      const auto name = pair.at("name").get<std::string>();
      const std::string key = "lpips_" + trunk;
      if (!pair.contains(key) || pair.at(key).is_null()) continue;
      reconstructions.push_back(read_image(data_path("images/metrics/" + name + "_rec.png")));
      originals.push_back(read_image(data_path("images/metrics/" + name + "_ref.png")));
      wanted.emplace_back(name, pair.at(key).get<double>());
    }
    ASSERT_EQ(wanted.size(), 10U);
    const std::vector<double> got = network->distances(reconstructions, originals);
    double largest = 0;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      const auto& [name, want] = wanted[i];
      if (want > 0) largest = std::max(largest, std::abs(got[i] / want - 1));
      // Features are off by 1e-7 of their size, which shows where the images hardly differ.
      EXPECT_NEAR(got[i], want, 3e-6 * want + 1e-7 * std::sqrt(want)) << trunk << " " << name;
      EXPECT_NEAR(got[i], want, 1e-4 * want) << trunk << " " << name;
    }
    RecordProperty("largest_relative_error_" + trunk, std::to_string(largest * 1e9) + "e-9");
  }
}

TEST(Lpips, OfEqualImagesIsZero) {
  for (const std::string& trunk : kTrunks) {
    const std::vector<Image> images = {noise_image(40, 50, 1), noise_image(40, 50, 2),
                                       noise_image(33, 32, 3)};
    for (const double distance : plain(trunk)->distances(images, images)) EXPECT_EQ(distance, 0);
  }
}

TEST(Lpips, DoesNotDependOnOrderOrBatch) {
  std::vector<Image> a, b;
  for (int i = 0; i < 7; ++i) {
    const int width = i % 3 == 0 ? 64 : 48;
    a.push_back(noise_image(width, 40, static_cast<std::uint64_t>(i)));
    b.push_back(testing::gradient_image(width, 40, 5, static_cast<std::uint64_t>(i)));
  }
  for (const std::string& trunk : kTrunks) {
    const auto network = plain(trunk);
    const std::vector<double> together = network->distances(a, b);
    const std::vector<double> swapped = network->distances(b, a);
    for (std::size_t i = 0; i < a.size(); ++i) {
      EXPECT_GT(together[i], 0);
      EXPECT_NEAR(swapped[i], together[i], 1e-6 * together[i]);
      const double alone =
          network->distances(std::span(a).subspan(i, 1), std::span(b).subspan(i, 1)).at(0);
      EXPECT_NEAR(alone, together[i], 1e-6 * together[i]);
    }
  }
}

TEST(Lpips, GivesNothingForNothing) {
  EXPECT_TRUE(plain("alex")->distances({}, {}).empty());
}

TEST(Lpips, RefusesPairsItCannotCompare) {
  const auto network = plain("alex");
  const auto refusal = [&](std::vector<Image> a, std::vector<Image> b) {
    return error_of([&] { network->distances(a, b); });
  };
  const Image good = noise_image(40, 40, 1);
  EXPECT_THAT(refusal({good, good}, {good, noise_image(40, 41, 1)}),
              AllOf(HasSubstr("pair 1"), HasSubstr("40 x 40"), HasSubstr("40 x 41")));
  EXPECT_THAT(refusal({noise_image(30, 40, 1)}, {noise_image(30, 40, 1)}),
              AllOf(HasSubstr("30 x 40"), HasSubstr("needs 31 x 31")));
  EXPECT_THAT(refusal({good}, {}), HasSubstr("1 reconstructions of 0 originals"));
  EXPECT_THAT(refusal({Image{}}, {Image{}}), HasSubstr("0 x 0"));
}

TEST(Lpips, TellsTheHashesOfItsWeights) {
  TemporaryFolder folder;
  const fs::path linear = folder / "linear.safetensors";
  write_linear(linear, "alex", false, [](std::size_t i) { return own_name("alex", i); });
  const auto network =
      make_perceptual({.trunk = "alex", .weights = trunk_file("alex"), .linear = linear});
  EXPECT_EQ(network->weights_sha256(),
            sha256_of_file(trunk_file("alex")) + "+" + sha256_of_file(linear));
}

TEST(LpipsWeights, MayHaveTheNamesOfTheirPackages) {
  TemporaryFolder folder;
  write_linear(folder / "linear.safetensors", "alex", true,
               [](std::size_t i) { return "lin" + std::to_string(i) + ".model.1.weight"; });
  std::vector<WeightSpec> specs = trunk_specs("alex");
  specs.push_back({.name = "classifier.1.weight", .shape = {4, 4}});
  write_deterministic_weights(folder / "alexnet.safetensors", specs);
  const auto network = make_perceptual({.trunk = "alex",
                                        .weights = folder / "alexnet.safetensors",
                                        .linear = folder / "linear.safetensors"});
  const std::vector<Image> a = {noise_image(40, 40, 1)}, b = {noise_image(40, 40, 2)};
  EXPECT_EQ(network->distances(a, b), plain("alex")->distances(a, b));
}

TEST(LpipsWeights, ThatDoNotFitAreRefused) {
  TemporaryFolder folder;
  const fs::path linear = folder / "linear.safetensors", weights = folder / "weights.safetensors";
  write_linear(linear, "alex", false, [](std::size_t i) { return own_name("alex", i); });
  const auto refusal = [&](const std::string& trunk, const fs::path& file) {
    return error_of([&] { make_perceptual({.trunk = trunk, .weights = file, .linear = linear}); });
  };
  EXPECT_THAT(refusal("vgg", trunk_file("vgg")),
              AllOf(HasSubstr("vgg.lin0.weight"), HasSubstr("lin0.model.1.weight"),
                    HasSubstr("linear.safetensors"), HasSubstr("vgg16-397923af.pth")));
  EXPECT_THAT(refusal("alex", trunk_file("vgg")),
              AllOf(HasSubstr("features.0.weight"), HasSubstr("[64, 3, 3, 3]"),
                    HasSubstr("[64, 3, 11, 11]"), HasSubstr("alexnet-owt-7be5be79.pth")));
  EXPECT_THAT(refusal("alex", folder / "absent.pth"), HasSubstr("absent.pth"));
  EXPECT_THAT(refusal("alex", {}), HasSubstr("no file"));
  EXPECT_THAT(refusal("squeeze", trunk_file("alex")), HasSubstr("alex, vgg"));

  std::vector<WeightSpec> specs = trunk_specs("alex");
  specs.push_back({.name = "features.12.weight", .shape = {4, 4}});
  write_deterministic_weights(weights, specs);
  EXPECT_THAT(refusal("alex", weights), HasSubstr("features.12.weight"));
  specs.resize(specs.size() - 2);
  write_deterministic_weights(weights, specs);
  EXPECT_THAT(refusal("alex", weights), HasSubstr("features.10.bias"));
}

TEST(LpipsLayerDistance, EqualsASlowLoop) {
  for (const std::size_t channels : {16U, 64U, 192U, 512U}) {
    for (const std::size_t pixels : {1U, 7U, 1300U}) {
      const testing::WeightSequence numbers("distance");
      std::vector<float> a(pixels * channels), b(a.size()), weights(channels);
      for (std::size_t i = 0; i < a.size(); ++i) {
        a[i] = static_cast<float>(std::max(0.0, numbers.at(i)));
        b[i] = static_cast<float>(std::max(0.0, numbers.at(i + a.size())));
      }
      for (std::size_t c = 0; c < channels; ++c) {
        weights[c] = static_cast<float>(std::abs(numbers.at(c)));
      }
      double want = 0;
      for (std::size_t p = 0; p < pixels; ++p) {
        const auto length = [&](const std::vector<float>& f) {
          double sum = 0;
          for (std::size_t c = 0; c < channels; ++c) sum += std::pow(f[p * channels + c], 2);
          return std::sqrt(sum) + 1e-10;
        };
        for (std::size_t c = 0; c < channels; ++c) {
          const std::size_t i = p * channels + c;
          const double difference = double{a[i]} / length(a) - double{b[i]} / length(b);
          want += double{weights[c]} * difference * difference;
        }
      }
      want /= static_cast<double>(pixels);
      EXPECT_NEAR(lpips_layer_distance(a, b, weights), want, 2e-6 * want)
          << pixels << " pixels, " << channels << " channels";
    }
  }
}

TEST(LpipsLayerDistance, TakesFeaturesThatAreAllZero) {
  const std::vector<float> none(64), some(64, 1.0F), weights(32, 1.0F);
  EXPECT_EQ(lpips_layer_distance(none, none, weights), 0);
  EXPECT_NEAR(lpips_layer_distance(none, some, weights), 1, 1e-6);
}

TEST(LpipsLayerDistance, RefusesSizesThatDoNotFit) {
  const std::vector<float> a(64), b(32), odd(30), weights(16), uneven(10);
  EXPECT_THROW(lpips_layer_distance(a, b, weights), Error);
  EXPECT_THROW(lpips_layer_distance(odd, odd, weights), Error);
  EXPECT_THROW(lpips_layer_distance(odd, odd, uneven), Error);
  EXPECT_THROW(lpips_layer_distance({}, {}, weights), Error);
}

TEST(Lpips, FloatSamplesOnTheGridOfEightBitsAreAsFar) {
  const std::vector<Image> images = {testing::noise_image(40, 36, 1),
                                     testing::noise_image(40, 36, 2)};
  std::vector<FloatImage> floats;
  for (const Image& image : images) {
    floats.push_back({image.width, image.height, {image.pixels.begin(), image.pixels.end()}});
  }
  for (const std::string& trunk : kTrunks) {
    const auto network = plain(trunk);
    const std::span<const Image> bytes = images;
    const std::span<const FloatImage> samples = floats;
    EXPECT_EQ(network->float_distances(samples.first(1), samples.subspan(1)),
              network->distances(bytes.first(1), bytes.subspan(1)));
    EXPECT_EQ(network->float_distances(samples.first(1), samples.first(1)).at(0), 0);
  }
}

}  // namespace
}  // namespace sightline
