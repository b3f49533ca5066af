#include "models/torch/inception.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <set>

#include "harness/base/error.h"
#include "harness/base/hash.h"
#include "harness/base/parallel.h"
#include "harness/media/decode.h"
#include "models/torch/inception_input.h"
#include "models/torch/inception_layers.h"
#include "tests/models/torch/inception_weights.h"
#include "tests/support/errors.h"
#include "tests/support/safetensors.h"

namespace sightline {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using testing::data_path;
using testing::deterministic_weights;
using testing::error_of;
using ::testing::HasSubstr;
using testing::inception_golden;
using testing::inception_specs;
using testing::inception_weights;
using testing::noise_image;
using testing::TemporaryFolder;
using testing::WeightSpec;
using testing::write_deterministic_weights;

constexpr InceptionInput kInputs[] = {InceptionInput::kPytorchFid, InceptionInput::kTf,
                                      InceptionInput::kClean};

std::vector<Image> golden_images() {
  std::vector<Image> images;
  for (int i = 0; i < 4; ++i) {
    images.push_back(read_image(data_path("inception/inception_img" + std::to_string(i) + ".png")));
  }
  return images;
}

/// The network with the goldens' weights, opened once for each setting.
InceptionNetwork& network(InceptionInput input, bool all = false) {
  static std::map<std::pair<InceptionInput, bool>, std::unique_ptr<InceptionNetwork>> opened;
  auto& found = opened[{input, all}];
  if (!found) {
    found = make_inception(
        {.weights = inception_weights(), .input = input, .spatial = all, .logits = all});
  }
  return *found;
}

std::span<const float> row(const std::vector<float>& rows, std::size_t i, std::size_t width) {
  return std::span(rows).subspan(i * width, width);
}

/// The largest difference over the largest number of `want`.
double relative_error(std::span<const float> got, std::span<const float> want) {
  EXPECT_EQ(got.size(), want.size());
  double largest = 0, error = 0;
  for (std::size_t i = 0; i < want.size(); ++i) {
    largest = std::max(largest, std::abs(double{want[i]}));
    error = std::max(error, std::abs(double{got[i]} - double{want[i]}));
  }
  return error / largest;
}

// The agreement that single precision allows; the goldens ask for 1e-3.
constexpr double kTolerance = 3e-6;

void expect_golden(const std::string& name, std::span<const float> got) {
  static const auto goldens =
      testing::read_safetensors(data_path("inception/inception_features.safetensors"));
  const double error = relative_error(got, goldens.at(name).values<float>());
  ::testing::Test::RecordProperty("error_of_" + name, std::to_string(error * 1e9) + "e-9");
  EXPECT_LT(error, kTolerance) << name;
}

TEST(DeterministicWeights, AreThoseOfTheGolden) {
  const auto specs = inception_specs();
  const auto& parameters = inception_golden().at("parameters");
  for (std::size_t i = 0; i < specs.size(); ++i) {
    const std::vector<float> weights = deterministic_weights(specs[i]);
    const auto first = parameters[i].at("first3").get<std::vector<float>>();
    for (std::size_t k = 0; k < first.size(); ++k) ASSERT_EQ(weights[k], first[k]) << specs[i].name;
  }
}

TEST(Inception, HasThePoolFeaturesOfEachReference) {
  const std::pair<InceptionInput, const char*> references[] = {
      {InceptionInput::kPytorchFid, "pytorch_fid"},
      {InceptionInput::kTf, "torch_fidelity"},
      {InceptionInput::kClean, "cleanfid"}};
  const std::vector<Image> images = golden_images();
  for (const auto& [input, reference] : references) {
    const InceptionFeatures features = network(input).features(images);
    ASSERT_EQ(features.pool.size(), 4 * InceptionFeatures::kPool);
    EXPECT_TRUE(features.spatial.empty());
    EXPECT_TRUE(features.logits.empty());
    for (std::size_t i = 0; i < images.size(); ++i) {
      expect_golden(std::string(reference) + "_img" + std::to_string(i) + "_pool3",
                    row(features.pool, i, InceptionFeatures::kPool));
    }
  }
}

TEST(Inception, HasTheSpatialFeaturesAndLogitsOfTheReference) {
  const InceptionFeatures features = network(InceptionInput::kTf, true).features(golden_images());
  for (std::size_t i = 0; i < 4; ++i) {
    const std::string image = "img" + std::to_string(i);
    expect_golden("sfid_spatial_" + image + "_17x17x7",
                  row(features.spatial, i, InceptionFeatures::kSpatial));
    expect_golden("torch_fidelity_" + image + "_logits_unbiased",
                  row(features.logits, i, InceptionFeatures::kLogits));
  }
}

TEST(InceptionInput, HasThePixelsOfEachReference) {
  const std::vector<Image> images = golden_images();
  std::vector<float> pixels(std::size_t{kInceptionSide} * kInceptionSide * 3);
  for (std::size_t i = 0; i < images.size(); ++i) {
    const auto& golden = inception_golden().at("images").at("img" + std::to_string(i));
    const auto expect_row = [&](InceptionInput input, const char* key, double factor,
                                double shift) {
      fill_inception_input(images[i], input, pixels);
      const auto want = golden.at(key).get<std::vector<double>>();
      for (std::size_t x = 0; x < want.size(); ++x) {
        const double got = pixels[(100U * kInceptionSide + x) * 3];
        EXPECT_NEAR(got * factor + shift, want[x], 1e-6 * factor) << key << " of image " << i;
      }
    };
    expect_row(InceptionInput::kPytorchFid, "pt_resized_row100_col0_7_ch0", 1, 0);
    expect_row(InceptionInput::kTf, "tf1_resized_row100_col0_7_ch0", 128, 128);
    expect_row(InceptionInput::kClean, "cleanfid_resized_row100_col0_7_ch0", 128, 128);
  }
}

TEST(Inception, DoesNotDependOnBatchOrThreads) {
  std::vector<Image> images = golden_images();
  for (int i = 0; i < 3; ++i) images.push_back(noise_image(40 + 7 * i, 50, 1));
  InceptionNetwork& inception = network(InceptionInput::kPytorchFid, true);
  set_thread_count(1);
  const InceptionFeatures whole = inception.features(images);
  ASSERT_EQ(whole.pool.size(), images.size() * InceptionFeatures::kPool);
  for (const std::size_t threads : {1U, 2U, 5U, 16U}) {
    set_thread_count(threads);
    for (const std::size_t batch : {1U, 3U, 7U}) {
      SCOPED_TRACE(::testing::Message() << threads << " threads, batches of " << batch);
      InceptionFeatures parts;
      for (std::size_t begin = 0; begin < images.size(); begin += batch) {
        const auto count = std::min(batch, images.size() - begin);
        const auto part = inception.features(std::span(images).subspan(begin, count));
        parts.pool.insert(parts.pool.end(), part.pool.begin(), part.pool.end());
        parts.spatial.insert(parts.spatial.end(), part.spatial.begin(), part.spatial.end());
        parts.logits.insert(parts.logits.end(), part.logits.begin(), part.logits.end());
      }
      EXPECT_TRUE(parts.pool == whole.pool);
      EXPECT_TRUE(parts.spatial == whole.spatial);
      EXPECT_TRUE(parts.logits == whole.logits);
    }
  }
  set_thread_count(0);
}

TEST(Inception, RepeatsItself) {
  const std::vector<Image> images = golden_images();
  InceptionNetwork& inception = network(InceptionInput::kTf, true);
  const InceptionFeatures first = inception.features(images), again = inception.features(images);
  EXPECT_EQ(first.pool, again.pool);
  EXPECT_EQ(first.spatial, again.spatial);
  EXPECT_EQ(first.logits, again.logits);
}

TEST(Inception, TakesImagesOfAnyShape) {
  const std::vector<Image> images = {noise_image(1, 1, 2), noise_image(20000, 20, 3),
                                     noise_image(20, 20000, 4)};
  for (const InceptionInput input : kInputs) {
    const InceptionFeatures features = network(input).features(images);
    ASSERT_EQ(features.pool.size(), 3 * InceptionFeatures::kPool);
    EXPECT_TRUE(std::ranges::all_of(features.pool, [](float f) { return std::isfinite(f); }));
  }
}

TEST(Inception, GivesNothingForNothing) {
  const InceptionFeatures features = network(InceptionInput::kTf, true).features({});
  EXPECT_TRUE(features.pool.empty());
  EXPECT_TRUE(features.spatial.empty());
  EXPECT_TRUE(features.logits.empty());
}

TEST(Inception, NamesTheImageThatHasNoPixels) {
  std::vector<Image> images(7, noise_image(9, 9, 1));
  images[5] = Image{};
  InceptionNetwork& inception = network(InceptionInput::kClean);
  EXPECT_THAT(error_of([&] { inception.features(images); }),
              AllOf(HasSubstr("0 x 0"), HasSubstr("preparing image 5")));
}

TEST(Inception, TellsTheHashOfItsWeights) {
  EXPECT_EQ(network(InceptionInput::kTf).weights_sha256(), sha256_of_file(inception_weights()));
}

TEST(InceptionLayers, AreTheParametersOfTheGolden) {
  std::set<std::string> found = {"fc.weight", "fc.bias"}, wanted;
  for (const WeightSpec& spec : inception_specs()) wanted.insert(spec.name);
  for (const InceptionBlock& block : inception_blocks()) {
    const std::string prefix = block.name.empty() ? "" : block.name + ".";
    for (const InceptionBranch& branch : block.branches) {
      for (const auto& convolutions : {branch.chain, branch.fork}) {
        for (const InceptionConvolution& convolution : convolutions) {
          for (const char* part :
               {".conv.weight", ".bn.weight", ".bn.bias", ".bn.running_mean", ".bn.running_var"}) {
            EXPECT_TRUE(found.insert(prefix + convolution.name + part).second);
          }
        }
      }
    }
  }
  EXPECT_EQ(found, wanted);
}

/// What opening says of the golden's weights after `change`.
template <typename Change>
std::string refusal(Change change) {
  TemporaryFolder folder;
  std::vector<WeightSpec> specs = inception_specs();
  change(specs);
  write_deterministic_weights(folder / "weights.safetensors", specs);
  return error_of([&] { make_inception({.weights = folder / "weights.safetensors"}); });
}

WeightSpec& named(std::vector<WeightSpec>& specs, const std::string& name) {
  return *std::ranges::find(specs, name, &WeightSpec::name);
}

const char* const kWanted = "pt_inception-2015-12-05-6726825d.pth";

TEST(InceptionWeights, OfWhichOneIsMissingAreRefused) {
  EXPECT_THAT(refusal([](auto& specs) {
                std::erase_if(specs, [](const WeightSpec& spec) {
                  return spec.name == "Mixed_6c.branch7x7_2.bn.running_var";
                });
              }),
              AllOf(HasSubstr("weights.safetensors"),
                    HasSubstr("Mixed_6c.branch7x7_2.bn.running_var"), HasSubstr(kWanted)));
}

TEST(InceptionWeights, OfAnotherShapeAreRefused) {
  EXPECT_THAT(refusal([](auto& specs) {
                named(specs, "Mixed_5b.branch1x1.conv.weight").shape = {64, 192, 1, 2};
              }),
              AllOf(HasSubstr("Mixed_5b.branch1x1.conv.weight"), HasSubstr("[64, 192, 1, 2]"),
                    HasSubstr("[64, 192, 1, 1]"), HasSubstr(kWanted)));
  EXPECT_THAT(refusal([](auto& specs) {
                named(specs, "fc.weight").shape = {1000, 2048};
              }),
              AllOf(HasSubstr("fc.weight"), HasSubstr("[1000, 2048]"), HasSubstr("[1008, 2048]")));
}

TEST(InceptionWeights, BeyondTheNetworkAreRefused) {
  EXPECT_THAT(refusal([](auto& specs) {
                specs.push_back({.name = "Mixed_8.conv.weight", .shape = {1}});
                specs.push_back({.name = "decoder.weight", .shape = {1}});
              }),
              AllOf(HasSubstr("Mixed_8.conv.weight (and 1 others)"), HasSubstr(kWanted)));
  EXPECT_THAT(refusal([](auto& specs) {
                specs.push_back({.name = "AuxLogits.conv0.conv.weight", .shape = {1}});
              }),
              AllOf(HasSubstr("torchvision"), HasSubstr("AuxLogits.conv0.conv.weight"),
                    HasSubstr(kWanted)));
}

TEST(InceptionWeights, MayCountTheBatchesOfTheirTraining) {
  EXPECT_EQ(refusal([](auto& specs) {
              specs.push_back({.name = "Mixed_5b.branch1x1.bn.num_batches_tracked", .shape = {}});
            }),
            "no error");
}

TEST(InceptionWeights, MustBeThere) {
  EXPECT_THAT(error_of([] { make_inception({}); }),
              AllOf(HasSubstr("no file"), HasSubstr(kWanted)));
  EXPECT_THAT(error_of([] { make_inception({.weights = "absent.pth"}); }),
              AllOf(HasSubstr("absent.pth"), HasSubstr(kWanted)));
}

TEST(InceptionWeights, ThatEndEarlyAreRefused) {
  TemporaryFolder folder;
  fs::copy_file(inception_weights(), folder / "cut.safetensors");
  fs::resize_file(folder / "cut.safetensors", 1'000'000);
  EXPECT_THAT(error_of([&] { make_inception({.weights = folder / "cut.safetensors"}); }),
              AllOf(HasSubstr("cut.safetensors"), HasSubstr(kWanted)));
}

/// The golden's weights as numbers of another type, converted by `convert`.
template <typename Number, typename Convert>
fs::path converted(const TemporaryFolder& folder, DType dtype, Convert convert) {
  std::vector<std::vector<Number>> values;
  std::vector<NamedTensor> tensors;
  for (const WeightSpec& spec : inception_specs()) {
    std::vector<Number> numbers;
    for (const float v : deterministic_weights(spec)) numbers.push_back(convert(v));
    values.push_back(std::move(numbers));
    tensors.push_back({spec.name, {dtype, spec.shape, {}}});
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    tensors[i].view.bytes = std::as_bytes(std::span(values[i]));
  }
  write_safetensors(folder / "converted.safetensors", tensors);
  return folder / "converted.safetensors";
}

TEST(InceptionWeights, MayBeBfloat16) {
  TemporaryFolder folder;
  const fs::path file = converted<std::uint16_t>(folder, DType::kBF16, [](float v) {
    return static_cast<std::uint16_t>((std::bit_cast<std::uint32_t>(v) + 0x8000U) >> 16);
  });
  const std::vector<Image> images = golden_images();
  const auto coarse = make_inception({.weights = file})->features(images);
  const auto exact = network(InceptionInput::kPytorchFid).features(images);
  // Eight bits of a weight remain, and 94 layers follow each other.
  EXPECT_LT(relative_error(coarse.pool, exact.pool), 0.1);
  EXPECT_GT(relative_error(coarse.pool, exact.pool), 1e-4);
}

TEST(InceptionWeights, OfOtherTypesAreRefused) {
  TemporaryFolder folder;
  const fs::path file = converted<double>(folder, DType::kF64, [](float v) { return double{v}; });
  EXPECT_THAT(error_of([&] { make_inception({.weights = file}); }),
              AllOf(HasSubstr("F64"), HasSubstr("F32"), HasSubstr("Conv2d_1a_3x3.conv.weight"),
                    HasSubstr("converted.safetensors")));
}

TEST(Inception, FloatSamplesOnTheGridOfEightBitsGiveTheSameFeatures) {
  const std::vector<Image> images = golden_images();
  std::vector<FloatImage> floats;
  for (const Image& image : images) {
    floats.push_back({image.width, image.height, {image.pixels.begin(), image.pixels.end()}});
  }
  for (const InceptionInput input : kInputs) {
    EXPECT_EQ(network(input).float_features(floats).pool, network(input).features(images).pool);
  }
  floats[0].samples[0] += 0.4F;
  EXPECT_NE(network(kInputs[0]).float_features(floats).pool,
            network(kInputs[0]).features(images).pool);
  floats[0].samples.pop_back();
  EXPECT_THAT(error_of([&] { network(kInputs[0]).float_features(floats); }), HasSubstr("samples"));
}

}  // namespace
}  // namespace sightline
