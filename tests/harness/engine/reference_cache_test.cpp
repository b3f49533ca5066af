// What is kept of reference images: found again by content, never trusted when it is damaged.

#include "harness/engine/reference_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "harness/base/error.h"
#include "harness/engine/fidelity.h"
#include "harness/formats/npz.h"
#include "harness/media/encode.h"
#include "tests/support/errors.h"
#include "tests/support/images.h"
#include "tests/support/paths.h"

namespace sightline {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using testing::gradient_image;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::TemporaryFolder;

/// Features that are simple functions of an image; counts the images it sees.
class CountingInception final : public InceptionNetwork {
 public:
  CountingInception(const InceptionSettings& settings, std::size_t& seen, std::string sha256)
      : settings_(settings), seen_(seen), sha256_(std::move(sha256)) {}

  InceptionFeatures features(std::span<const Image> images) override {
    seen_ += images.size();
    InceptionFeatures made;
    for (const Image& image : images) {
      const auto fill = [&](std::vector<float>& rows, std::size_t width) {
        for (std::size_t i = 0; i < width; ++i) {
          rows.push_back(static_cast<float>(image.pixels[i % image.pixels.size()]) / 255);
        }
      };
      fill(made.pool, InceptionFeatures::kPool);
      if (settings_.spatial) fill(made.spatial, InceptionFeatures::kSpatial);
    }
    return made;
  }
  const std::string& weights_sha256() const override { return sha256_; }

 private:
  InceptionSettings settings_;
  std::size_t& seen_;
  std::string sha256_;
};

/// Two folders of five images, and a cache.
class CachedStatistics : public ::testing::Test {
 protected:
  CachedStatistics() {
    write_file_atomically(folder_ / "pt_inception-2015-12-05-6726825d.pth", "weights");
    for (const std::string side : {"made", "wanted"}) {
      fs::create_directory(folder_ / side);
      for (int i = 0; i < 5; ++i) write_image(side + "/" + std::to_string(i), i + side[0]);
    }
    registry_.inception = [this](const InceptionSettings& settings) {
      return std::make_unique<CountingInception>(settings, seen_, weights_);
    };
  }

  void write_image(const std::string& name, int seed) {
    const Image image = gradient_image(32, 24, 60, static_cast<std::uint64_t>(seed));
    write_file_atomically(folder_ / (name + ".png"), encode_png(image));
  }

  std::map<std::string, double> measure(std::vector<std::string> metrics = {"fid"},
                                        std::vector<std::string> rules = {}) {
    seen_ = 0;
    const FidelityResult result = measure_fidelity({.input1 = folder_ / "made",
                                                    .input2 = folder_ / reference_,
                                                    .metrics = std::move(metrics),
                                                    .rules = std::move(rules),
                                                    .weights = folder_.path(),
                                                    .cache = &cache_},
                                                   registry_);
    hits_.clear();
    for (const ReferenceUse& use : result.reference) {
      hits_.push_back(use.hit);
      file_ = use.file;
    }
    std::map<std::string, double> values;
    for (const FidelityMetric& metric : result.metrics) {
      values[metric.value.key] = metric.value.value.value();
      EXPECT_EQ(metric.n_reference, 5U);
      EXPECT_EQ(metric.features, weights_);
    }
    return values;
  }

  TemporaryFolder folder_;
  std::string reference_ = "wanted", weights_ = "0123";
  Registry registry_;
  std::vector<std::string> warnings_;
  ReferenceCache cache_{folder_ / "cache",
                        [this](const std::string& text) { warnings_.push_back(text); }};
  std::size_t seen_ = 0;
  std::vector<bool> hits_;
  fs::path file_;
};

TEST_F(CachedStatistics, GiveTheSameNumberWithoutLookingAgain) {
  const auto first = measure();
  EXPECT_THAT(hits_, ElementsAre(false));
  EXPECT_EQ(seen_, 10U);
  EXPECT_EQ(measure(), first);
  EXPECT_THAT(hits_, ElementsAre(true));
  EXPECT_EQ(seen_, 5U) << "only the first input";
  EXPECT_THAT(warnings_, IsEmpty());
  const NpzFile file(file_);
  EXPECT_EQ(file.at("mu").shape(), (std::vector<std::int64_t>{2048}));
  EXPECT_EQ(file.at("sigma").shape(), (std::vector<std::int64_t>{2048, 2048}));
  EXPECT_EQ(file.at("n").to_doubles(), std::vector<double>{5});
}

TEST_F(CachedStatistics, AreOfTheContentOfTheImages) {
  measure();
  fs::rename(folder_ / "wanted", folder_ / "moved");
  fs::rename(folder_ / "moved/4.png", folder_ / "moved/five.png");
  reference_ = "moved";
  measure();
  EXPECT_THAT(hits_, ElementsAre(true)) << "neither places nor names matter";
  write_image("moved/2", 1234);
  measure();
  EXPECT_THAT(hits_, ElementsAre(false));
  measure();
  EXPECT_THAT(hits_, ElementsAre(true));
}

TEST_F(CachedStatistics, AreOfWeightsResizingAndNeeds) {
  measure();
  weights_ = "other";
  measure();
  EXPECT_THAT(hits_, ElementsAre(false));
  measure({"fid"}, {"fid/clean-fid"});
  EXPECT_THAT(hits_, ElementsAre(false));
  const auto both = measure({"fid", "sfid"}, {"fid/tf"});
  EXPECT_THAT(hits_, ElementsAre(false));
  EXPECT_EQ(measure({"fid", "sfid"}, {"fid/tf"}), both);
  EXPECT_THAT(hits_, ElementsAre(true));
}

TEST_F(CachedStatistics, HoldTheFeaturesWhereTheyAreNeeded) {
  const std::vector<std::string> metrics = {"fid", "sfid", "prc"};
  const auto first = measure(metrics, {"fid/tf"});
  EXPECT_THAT(hits_, ElementsAre(false));
  EXPECT_EQ(measure(metrics, {"fid/tf"}), first);
  EXPECT_THAT(hits_, ElementsAre(true));
  EXPECT_EQ(seen_, 5U);
  const auto alone = measure({"prc"});
  EXPECT_EQ(measure({"prc"}), alone);
  EXPECT_THAT(hits_, ElementsAre(true));
  EXPECT_EQ(alone.at("precision"), first.at("precision"));
  EXPECT_EQ(NpzFile(file_).at("features").shape(), (std::vector<std::int64_t>{5, 2048}));
}

TEST_F(CachedStatistics, ThatAreDamagedAreMadeAnewAndSaid) {
  const auto first = measure();
  const std::string whole = read_file(file_);
  std::string flipped = whole;
  flipped[flipped.size() / 2] = static_cast<char>(flipped[flipped.size() / 2] ^ 1);
  for (const std::string& damaged :
       {std::string(), std::string("no archive"), whole.substr(0, whole.size() / 2), flipped}) {
    SCOPED_TRACE(damaged.size());
    write_file_atomically(file_, damaged);
    warnings_.clear();
    EXPECT_EQ(measure(), first);
    EXPECT_THAT(hits_, ElementsAre(false));
    EXPECT_THAT(warnings_, ElementsAre(HasSubstr("is damaged and is made anew")));
    EXPECT_EQ(read_file(file_), whole);
  }
  const fs::path of_others = file_;
  weights_ = "other";
  measure();
  fs::copy_file(of_others, file_, fs::copy_options::overwrite_existing);
  warnings_.clear();
  measure();
  EXPECT_THAT(hits_, ElementsAre(false));
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("these are other statistics")));
}

TEST_F(CachedStatistics, AFolderThatCannotBeWrittenIsSaidAndNothingElse) {
  write_file_atomically(folder_ / "cache", "a file");
  const auto first = measure();
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("are not kept")));
  EXPECT_EQ(measure(), first);
}

TEST(ReferenceCache, FeaturesOfImagesAreCounted) {
  const TemporaryFolder folder;
  std::vector<std::string> warnings;
  const auto warn = [&](const std::string& text) { warnings.push_back(text); };
  const std::vector<float> features = {1, 2, 3};
  {
    const ReferenceCache cache(folder / "a/b", warn);
    EXPECT_EQ(cache.features()->find("x"), std::nullopt);
    cache.features()->keep("x", features);
    EXPECT_EQ(cache.features()->find("x"), features);
    EXPECT_EQ(cache.hits(), 1U);
    EXPECT_EQ(cache.misses(), 1U);
  }
  const ReferenceCache later(folder / "a/b", warn);
  EXPECT_EQ(later.features()->find("x"), features);
  EXPECT_THAT(warnings, IsEmpty());
}

TEST(ReferenceCache, AFileOfFeaturesThatIsNoneIsSaidOnce) {
  const TemporaryFolder folder;
  write_file_atomically(folder / FeatureStore::kFileName, std::string(9000, 'x'));
  std::vector<std::string> warnings;
  const ReferenceCache cache(folder.path(),
                             [&](const std::string& text) { warnings.push_back(text); });
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(cache.features()->find("x"), std::nullopt);
    cache.features()->keep("x", std::vector<float>{1});
  }
  EXPECT_EQ(cache.misses(), 3U);
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("delete that file")));
}

TEST(ReferenceCache, IsWhereTheEnvironmentSays) {
  ::unsetenv("SIGHTLINE_CACHE");
  ::setenv("XDG_CACHE_HOME", "/x", 1);
  EXPECT_EQ(cache_folder(""), "/x/sightline");
  ::unsetenv("XDG_CACHE_HOME");
  ::setenv("HOME", "/h", 1);
  EXPECT_EQ(cache_folder(""), "/h/.cache/sightline");
  ::setenv("SIGHTLINE_CACHE", "/mine", 1);
  EXPECT_EQ(cache_folder(""), "/mine");
  EXPECT_EQ(cache_folder("given"), "given");
  EXPECT_EQ(cache_folder("none"), "");
  const ReferenceCache none("", {});
  EXPECT_EQ(none.features(), nullptr);
}

}  // namespace
}  // namespace sightline
