// `fidelity` from files to numbers: features, statistics, images, and what it refuses.

#include "harness/engine/fidelity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <numeric>

#include "harness/base/error.h"
#include "harness/engine/set_features.h"
#include "harness/formats/npy.h"
#include "harness/formats/npz.h"
#include "harness/media/encode.h"
#include "models/api/weight_files.h"
#include "tests/support/errors.h"
#include "tests/support/images.h"
#include "tests/support/paths.h"
#include "tests/support/safetensors.h"

namespace sightline {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using testing::data_path;
using testing::error_of;
using testing::gradient_image;
using ::testing::HasSubstr;
using testing::read_json;
using testing::TemporaryFolder;

std::map<std::string, FidelityMetric> measure(FidelitySettings settings) {
  Registry registry;
  std::map<std::string, FidelityMetric> metrics;
  for (const FidelityMetric& metric : measure_fidelity(settings, registry).metrics) {
    metrics[metric.value.key] = metric;
  }
  return metrics;
}

std::string refusal(const FidelitySettings& settings) {
  return error_of([&] { measure(settings); });
}

fs::path features(const std::string& name) {
  return data_path("fid/" + name + ".npy");
}

/// A feature matrix of `rows` rows; `spoil` may change its values.
fs::path write_features(const fs::path& path, std::int64_t rows, std::int64_t width,
                        const std::function<void(std::vector<float>&)>& spoil = {}) {
  std::vector<float> values(static_cast<std::size_t>(rows * width));
  Rng rng(static_cast<std::uint64_t>(rows));
  for (float& value : values) value = static_cast<float>(rng.normal());
  if (spoil) spoil(values);
  write_npy(path, view_of<float>(values, {rows, width}));
  return path;
}

struct FeatureCase {
  const char* name;
  double relative;
};

class GoldenFeatures : public ::testing::TestWithParam<FeatureCase> {};

TEST_P(GoldenFeatures, GiveTheEvaluatorsNumbers) {
  const auto& [name, relative] = GetParam();
  const std::string set = name;
  const auto golden = read_json(data_path("fid/expected_fid.json")).at("sets").at(set);
  const fs::path x = features(set + "_x"), y = features(set + "_y");
  auto ours = measure({.input1 = y,
                       .input2 = x,
                       .metrics = {"fid", "prc", "kid"},
                       .kid_subsets = 10,
                       .kid_subset_size = 100});
  const double exact = golden.at("exact_float64_svd");
  EXPECT_NEAR(*ours["fid"].value.value, exact, relative * exact);
  EXPECT_EQ(ours["fid"].rules, "fid/pytorch-fid");
  EXPECT_EQ(ours["fid"].features, "given");
  const auto precision_recall = golden.at("torch_fidelity_precision_recall_real_x_gen_y");
  EXPECT_NEAR(*ours["precision"].value.value, precision_recall.at(0).get<double>(), 1e-7);
  EXPECT_NEAR(*ours["recall"].value.value, precision_recall.at(1).get<double>(), 1e-7);
  EXPECT_EQ(ours["kid"].rules, "kid/torch-fidelity[subsets=10,subset_size=100]");

  auto tf = measure({.input1 = x, .input2 = y, .metrics = {"fid"}, .rules = {"fid/tf"}});
  const double torch_fidelity = golden.at("torch_fidelity");
  EXPECT_NEAR(*tf["fid"].value.value, torch_fidelity, 1e-6 * torch_fidelity);
  EXPECT_EQ(tf["fid"].rules, "fid/tf");
}

INSTANTIATE_TEST_SUITE_P(Sets, GoldenFeatures,
                         ::testing::Values(FeatureCase{"a600x64", 1e-12},
                                           FeatureCase{"b500v700x48", 1e-12},
                                           FeatureCase{"e_shift256x16", 1e-12},
                                           FeatureCase{"f_degenerate_dims200x24", 1e-9}),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(Fidelity, KidDrawsTheEvaluatorsSubsets) {
  const auto golden = read_json(data_path("fid/expected_fid.json")).at("sets").at("a600x64");
  auto ours = measure({.input1 = features("a600x64_x"),
                       .input2 = features("a600x64_y"),
                       .metrics = {"kid"},
                       .kid_subsets = 10,
                       .kid_subset_size = 100});
  const auto expected = golden.at("kid_subsets10_size100_seed2020");
  // torch-fidelity computes in float32.
  EXPECT_NEAR(*ours["kid"].value.value, expected.at("kernel_inception_distance_mean").get<double>(),
              1e-6);
  EXPECT_NEAR(*ours["kid_std"].value.value,
              expected.at("kernel_inception_distance_std").get<double>(), 1e-6);
}

TEST(Fidelity, InceptionScoreNeedsNoSecondInput) {
  const auto golden = read_json(data_path("fid/expected_fid.json"))
                          .at("inception_score")
                          .at("torch_fidelity_splits10_shuffle_seed2020");
  auto ours = measure({.input1 = features("is_logits530x96"), .metrics = {"is"}});
  EXPECT_NEAR(*ours["is_mean"].value.value, golden.at("inception_score_mean").get<double>(), 1e-12);
  EXPECT_NEAR(*ours["is_std"].value.value, golden.at("inception_score_std").get<double>(), 1e-12);
}

TEST(Fidelity, OfASetWithItselfIsZero) {
  auto ours = measure({.input1 = features("d_identical400x32_x"),
                       .input2 = features("d_identical400x32_x"),
                       .metrics = {"fid", "prc"}});
  EXPECT_NEAR(*ours["fid"].value.value, 0, 1e-12);
  EXPECT_EQ(ours["precision"].value.value, 1);
  EXPECT_EQ(ours["recall"].value.value, 1);
}

TEST(Fidelity, SavedStatisticsStandForTheirSet) {
  const TemporaryFolder folder;
  const FidelitySettings settings{.input1 = features("a600x64_x"),
                                  .input2 = features("a600x64_y"),
                                  .metrics = {"fid"},
                                  .save_statistics1 = folder / "x.npz",
                                  .save_statistics2 = folder / "y.npz"};
  for (const char* rules : {"fid/pytorch-fid", "fid/tf"}) {
    FidelitySettings from_features = settings;
    from_features.rules = {rules};
    auto whole = measure(from_features);
    auto mixed = measure({.input1 = features("a600x64_x"),
                          .input2 = folder / "y.npz",
                          .metrics = {"fid"},
                          .rules = {rules}});
    auto saved = measure({.input1 = folder / "x.npz",
                          .input2 = folder / "y.npz",
                          .metrics = {"fid"},
                          .rules = {rules}});
    EXPECT_EQ(whole["fid"].value.value, mixed["fid"].value.value);
    EXPECT_EQ(whole["fid"].value.value, saved["fid"].value.value);
    EXPECT_EQ(saved["fid"].value.n, 600);
    EXPECT_EQ(saved["fid"].n_reference, 600U);
  }
}

TEST(Fidelity, TakesStatisticsAsPytorchFidWritesThem) {
  const TemporaryFolder folder;
  measure({.input1 = features("a600x64_x"),
           .input2 = features("a600x64_y"),
           .metrics = {"fid"},
           .save_statistics2 = folder / "ours.npz"});
  const NpzFile ours(folder / "ours.npz");
  const std::vector<NamedTensor> published = {{"mu", ours.at("mu").view()},
                                              {"sigma", ours.at("sigma").view()}};
  write_npz(folder / "published.npz", published);
  auto metrics = measure(
      {.input1 = features("a600x64_x"), .input2 = folder / "published.npz", .metrics = {"fid"}});
  EXPECT_NEAR(*metrics["fid"].value.value, 0.6255177926910189, 1e-12);
  EXPECT_EQ(metrics["fid"].n_reference, 0U) << "such a file does not say how many images";
}

TEST(Fidelity, ExtrapolatesWhenFeaturesAreKept) {
  const TemporaryFolder folder;
  const fs::path x = write_features(folder / "x.npy", 4000, 8);
  const fs::path y = write_features(folder / "y.npy", 4001, 8);
  auto ours = measure({.input1 = x, .input2 = y, .metrics = {"fid"}, .keep_features = true});
  const double fid = *ours["fid"].value.value, limit = *ours["fid_infinity"].value.value;
  EXPECT_LT(limit, fid);
  EXPECT_TRUE(ours["fid_infinity"].value.standard_error);
  EXPECT_THAT(ours["fid_infinity"].value.note, HasSubstr("4000 images"));
}

/// Writes three pairs of images as files and as arrays.
class Pairs : public ::testing::Test {
 protected:
  Pairs() {
    for (const char* side : {"made", "wanted"}) {
      fs::create_directory(folder_ / side);
      std::vector<std::uint8_t> pixels;
      for (int i = 0; i < 3; ++i) {
        const bool equal = i == 2;
        const Image image = gradient_image(32, 24, side[0] == 'm' && !equal ? 20 : 0, 7);
        write_file_atomically(folder_ / side / (std::to_string(i) + ".png"), encode_png(image));
        pixels.insert(pixels.end(), image.pixels.begin(), image.pixels.end());
      }
      write_npy(folder_ / (std::string(side) + ".npy"),
                view_of<std::uint8_t>(pixels, {3, 24, 32, 3}));
    }
  }

  FidelityResult compare(const std::string& suffix, std::vector<std::string> metrics) {
    Registry registry;
    return measure_fidelity({.input1 = folder_ / ("made" + suffix),
                             .input2 = folder_ / ("wanted" + suffix),
                             .metrics = std::move(metrics)},
                            registry);
  }

  TemporaryFolder folder_;
};

TEST_F(Pairs, OfFilesAndOfArraysAreTheSame) {
  const std::vector<std::string> metrics = {"psnr", "ssim", "ssim_gaussian11", "ssim_flowmo"};
  const FidelityResult files = compare("", metrics), arrays = compare(".npy", metrics);
  EXPECT_EQ(files.pairs->values, arrays.pairs->values);
  EXPECT_THAT(files.pairs->names, ::testing::ElementsAre("0", "1", "2"));
  EXPECT_EQ(files.metrics[0].rules, "psnr/per-image");
  EXPECT_EQ(files.metrics[1].rules, "ssim/skimage-uniform7");
}

TEST_F(Pairs, IdenticalOnesAreInfiniteAndSaid) {
  const FidelityResult result = compare("", {"psnr", "ssim"});
  EXPECT_TRUE(std::isinf(result.pairs->values[0][2]));
  EXPECT_EQ(result.pairs->values[1][2], 1);
  EXPECT_TRUE(std::isinf(*result.metrics[0].value.value));
  EXPECT_FALSE(result.metrics[0].value.standard_error);
  EXPECT_THAT(result.metrics[0].value.note, HasSubstr("1 of 3 pairs are identical"));
  EXPECT_TRUE(result.metrics[1].value.standard_error);
}

TEST_F(Pairs, FlowmosPsnrPoolsFiveAndIsNoMean) {
  EXPECT_FALSE(compare("", {"psnr_flowmo"}).metrics[0].value.value);
  for (int i = 3; i < 5; ++i) {
    for (const char* side : {"made", "wanted"}) {
      fs::copy_file(folder_ / side / "0.png", folder_ / side / (std::to_string(i) + ".png"));
    }
  }
  const FidelityResult result = compare("", {"psnr_flowmo", "psnr"});
  double error = 0;
  for (const double psnr : result.pairs->values[1]) error += std::pow(10, -psnr / 10) / 5;
  EXPECT_NEAR(*result.metrics[0].value.value, -10 * std::log10(error), 1e-4);
}

TEST_F(Pairs, MustHaveTheSameNamesAndSizes) {
  fs::rename(folder_ / "made/1.png", folder_ / "made/one.png");
  EXPECT_THAT(error_of([&] { compare("", {"psnr"}); }), HasSubstr("'one' is in the first set"));
  fs::remove(folder_ / "made/one.png");
  EXPECT_THAT(error_of([&] { compare("", {"psnr"}); }), HasSubstr("'1' is in the second set"));
  write_file_atomically(folder_ / "made/1.png", encode_png(gradient_image(31, 24, 0, 1)));
  EXPECT_THAT(error_of([&] { compare("", {"psnr"}); }),
              AllOf(HasSubstr("images named 1"), HasSubstr("31"), HasSubstr("32")));
}

TEST_F(Pairs, NeedImages) {
  fs::create_directory(folder_ / "empty");
  FidelitySettings settings{
      .input1 = folder_ / "empty", .input2 = folder_ / "wanted", .metrics = {"psnr"}};
  EXPECT_THAT(refusal(settings), HasSubstr("empty"));
  settings.input1 = features("a600x64_x");
  EXPECT_THAT(refusal(settings), HasSubstr("holds no images"));
  write_file_atomically(folder_ / "empty/0.png", "no image");
  settings.input1 = folder_ / "empty";
  EXPECT_THAT(refusal(settings), HasSubstr("in the second set of images only (2 such images)"));
}

TEST(Fidelity, RefusesFeaturesThatAreNone) {
  const TemporaryFolder folder;
  const fs::path good = write_features(folder / "good.npy", 20, 4);
  const auto refused = [&](const fs::path& input, const char* metric = "fid") {
    return refusal({.input1 = input, .input2 = good, .metrics = {metric}});
  };
  EXPECT_THAT(refused(write_features(folder / "nan.npy", 20, 4,
                                     [](std::vector<float>& values) { values[4 * 7 + 2] = NAN; })),
              AllOf(HasSubstr("nan.npy"), HasSubstr("7"), HasSubstr("2")));
  EXPECT_THAT(refused(write_features(folder / "infinite.npy", 20, 4,
                                     [](std::vector<float>& values) { values[0] = INFINITY; })),
              HasSubstr("infinite.npy"));
  EXPECT_THAT(refused(write_features(folder / "wide.npy", 20, 5)),
              AllOf(HasSubstr("5"), HasSubstr("4")));
  EXPECT_THAT(refused(write_features(folder / "one.npy", 1, 4)), HasSubstr("one.npy"));
  EXPECT_THAT(refused(write_features(folder / "few.npy", 3, 4), "prc"), HasSubstr("3"));
  EXPECT_THAT(refused(write_features(folder / "none.npy", 0, 4)), HasSubstr("[0, 4]"));
  EXPECT_THAT(refused(good, "kid"), HasSubstr("1000"));

  const std::vector<float> numbers(24);
  write_npy(folder / "cube.npy", view_of<float>(numbers, {2, 3, 4}));
  EXPECT_THAT(refused(folder / "cube.npy"), AllOf(HasSubstr("cube.npy"), HasSubstr("[2, 3, 4]")));
  const std::vector<std::int64_t> integers(80);
  write_npy(folder / "integers.npy", view_of<std::int64_t>(integers, {20, 4}));
  EXPECT_THAT(refused(folder / "integers.npy"), AllOf(HasSubstr("I64"), HasSubstr("F32")));
  write_file_atomically(folder / "cut.npy", read_file(good).substr(0, 200));
  EXPECT_THAT(refused(folder / "cut.npy"), HasSubstr("cut.npy"));
  EXPECT_THAT(refused(folder / "absent.npy"), HasSubstr("no such file"));
  EXPECT_THAT(refused(folder.path()), HasSubstr("holds no"));
}

TEST(Fidelity, RefusesStatisticsThatDoNotFit) {
  const TemporaryFolder folder;
  const fs::path good = write_features(folder / "good.npy", 20, 4);
  const std::vector<double> mu(4), sigma(16), nan(16, NAN), small(9);
  const auto refused = [&](const std::vector<NamedTensor>& arrays, const char* metric = "fid") {
    write_npz(folder / "bad.npz", arrays);
    return refusal({.input1 = good, .input2 = folder / "bad.npz", .metrics = {metric}});
  };
  const NamedTensor mean{"mu", view_of<double>(mu, {4})};
  EXPECT_THAT(refused({mean}), HasSubstr("sigma"));
  EXPECT_THAT(refused({mean, {"sigma", view_of<double>(small, {3, 3})}}), HasSubstr("[4, 4]"));
  EXPECT_THAT(refused({mean, {"sigma", view_of<double>(nan, {4, 4})}}), HasSubstr("not finite"));
  const NamedTensor covariance{"sigma", view_of<double>(sigma, {4, 4})};
  EXPECT_THAT(refused({mean, covariance}, "prc"), HasSubstr("need images or features"));
  EXPECT_THAT(refused({mean, covariance}, "sfid"), HasSubstr("mu_s"));
  EXPECT_THAT(refused({{"other", view_of<double>(mu, {4})}}), HasSubstr("neither statistics"));
}

TEST(Fidelity, OfFlowmosGoldenIsItsOwn) {
  const TemporaryFolder folder;
  const auto golden = testing::read_safetensors(data_path("images/flowmo/metrics.safetensors"));
  const auto write = [&](const std::string& name) {
    const std::vector<double> rows = golden.at(name).values<double>();
    write_npy(folder / (name + ".npy"), view_of<double>(rows, {80, 12}));
    return folder / (name + ".npy");
  };
  auto ours = measure({.input1 = write("feat_rec"),
                       .input2 = write("feat_x"),
                       .metrics = {"fid"},
                       .protocol = "flowmo"});
  const double want = read_json(data_path("images/flowmo/metrics.json")).at("fid_feat");
  // The golden's features are in double; ours are float32, as a network's are.
  EXPECT_NEAR(*ours["fid"].value.value, want, 1e-6 * want);
}

TEST(Fidelity, AProtocolSetsTheRulesThatAreNotGiven) {
  const fs::path x = features("a600x64_x");
  const auto rules = [&](const std::string& protocol, std::vector<std::string> chosen) {
    auto ours = measure({.input1 = x,
                         .input2 = x,
                         .metrics = {"fid", "is", "prc", "sfid"},
                         .rules = std::move(chosen),
                         .protocol = protocol});
    return std::vector<std::string>{ours["fid"].rules, ours["is_mean"].rules,
                                    ours["precision"].rules, ours["sfid"].rules};
  };
  using ::testing::ElementsAre;
  EXPECT_THAT(rules("pytorch-fid", {}), ElementsAre("fid/pytorch-fid", "is/torch-fidelity",
                                                    "prc/torch-fidelity", "sfid/adm"));
  EXPECT_THAT(rules("flowmo", {}), ElementsAre("fid/pytorch-fid", "is/torch-fidelity",
                                               "prc/torch-fidelity", "sfid/adm"));
  EXPECT_THAT(rules("adm", {}), ElementsAre("fid/tf", "is/adm", "prc/adm", "sfid/adm"));
  EXPECT_THAT(rules("adm", {"fid/clean-fid"}),
              ElementsAre("fid/clean-fid", "is/adm", "prc/adm", "sfid/adm"));
  EXPECT_THAT(refusal({.input1 = x, .input2 = x, .metrics = {"fid"}, .protocol = "openai"}),
              AllOf(HasSubstr("--protocol openai"), HasSubstr("adm")));
}

TEST(Fidelity, NamesWhatItDoesNotKnow) {
  const fs::path x = features("a600x64_x");
  EXPECT_THAT(refusal({.input1 = x, .input2 = x, .metrics = {"fdi"}}),
              HasSubstr("did you mean 'fid'"));
  EXPECT_THAT(refusal({.input1 = x, .input2 = x, .metrics = {"fid"}, .rules = {"fid/tff"}}),
              HasSubstr("fid/tf"));
  EXPECT_THAT(refusal({.input1 = x, .input2 = x, .metrics = {"fid"}, .rules = {"is/adm"}}),
              HasSubstr("no metric asked for"));
  EXPECT_THAT(refusal({.input1 = x, .metrics = {"fid"}}), HasSubstr("--input2"));
  EXPECT_THAT(refusal({.input1 = x, .input2 = x, .metrics = {"prc"}, .keep_features = true}),
              HasSubstr("--keep_features"));
  EXPECT_THAT(refusal({.input1 = x, .input2 = x, .metrics = {"prc"}, .save_statistics1 = "s.npz"}),
              HasSubstr("add fid"));
}

/// Features that are simple functions of an image, in place of the network.
class MeanColours final : public InceptionNetwork {
 public:
  explicit MeanColours(const InceptionSettings& settings) : settings_(settings) {}

  InceptionFeatures features(std::span<const Image> images) override {
    InceptionFeatures made;
    for (const Image& image : images) {
      std::vector<float> pool(InceptionFeatures::kPool);
      for (std::size_t i = 0; i < image.pixels.size(); ++i) {
        pool[i % pool.size()] += static_cast<float>(image.pixels[i]) / 255;
      }
      made.pool.insert(made.pool.end(), pool.begin(), pool.end());
      if (settings_.spatial) {
        made.spatial.insert(made.spatial.end(), pool.begin(),
                            pool.begin() + InceptionFeatures::kSpatial);
      }
      if (settings_.logits) {
        made.logits.insert(made.logits.end(), pool.begin(),
                           pool.begin() + InceptionFeatures::kLogits);
      }
    }
    return made;
  }
  const std::string& weights_sha256() const override { return sha256_; }

 private:
  InceptionSettings settings_;
  std::string sha256_ = "0123";
};

class ImageSets : public ::testing::Test {
 protected:
  ImageSets() {
    write_file_atomically(folder_ / "pt_inception-2015-12-05-6726825d.pth", "weights");
    for (const char* side : {"a", "b"}) {
      fs::create_directory(folder_ / side);
      for (int i = 0; i < 40; ++i) {
        const Image image = gradient_image(40, 30, 60, static_cast<std::uint64_t>(i + side[0]));
        write_file_atomically(folder_ / side / fmt::format("{:02}.png", i), encode_png(image));
      }
    }
    registry_.inception = [this](const InceptionSettings& settings) {
      opened_.push_back(settings.input);
      return std::make_unique<MeanColours>(settings);
    };
  }

  std::map<std::string, double> measure_sets(std::vector<std::string> metrics,
                                             std::size_t batch_size = 0) {
    std::map<std::string, double> values;
    const FidelityResult result = measure_fidelity({.input1 = folder_ / "a",
                                                    .input2 = folder_ / "b",
                                                    .metrics = std::move(metrics),
                                                    .weights = folder_.path(),
                                                    .batch_size = batch_size,
                                                    .kid_subset_size = 20},
                                                   registry_);
    for (const FidelityMetric& metric : result.metrics) {
      EXPECT_EQ(metric.features, "0123");
      EXPECT_EQ(metric.value.n, 40);
      values[metric.value.key] = metric.value.value.value();
    }
    return values;
  }

  TemporaryFolder folder_;
  Registry registry_;
  std::vector<InceptionInput> opened_;
};

TEST_F(ImageSets, GoThroughTheNetworkOnceForEachWayOfResizing) {
  const auto values = measure_sets({"fid", "sfid", "is", "prc", "kid"});
  EXPECT_THAT(opened_,
              ::testing::UnorderedElementsAre(InceptionInput::kPytorchFid, InceptionInput::kTf));
  for (const char* key : {"fid", "sfid", "is_mean", "is_std", "precision", "recall", "kid"}) {
    EXPECT_TRUE(values.contains(key)) << key;
  }
}

TEST_F(ImageSets, GiveTheSameNumbersInBatchesOfAnySize) {
  const auto whole = measure_sets({"is", "prc", "kid"});
  for (const std::size_t batch : {1U, 7U, 40U, 1000U}) {
    EXPECT_EQ(measure_sets({"is", "prc", "kid"}, batch), whole) << batch;
  }
}

TEST_F(ImageSets, WithoutWeightsSayWhichFileIsNeeded) {
  fs::remove(folder_ / "pt_inception-2015-12-05-6726825d.pth");
  EXPECT_THAT(error_of([&] { measure_sets({"fid"}); }),
              AllOf(HasSubstr("pt_inception-2015-12-05-6726825d.pth"), HasSubstr("91 MiB"),
                    HasSubstr("6726825d"), HasSubstr("--weights")));
}

}  // namespace
}  // namespace sightline
