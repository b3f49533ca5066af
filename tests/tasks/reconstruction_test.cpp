// ImageNet reconstruction: which images, cropped how, compared with what.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "harness/media/decode.h"
#include "harness/media/encode.h"
#include "metrics/image/flowmo.h"
#include "metrics/image/psnr.h"
#include "metrics/image/ssim.h"
#include "models/api/image_networks.h"
#include "models/api/registry.h"
#include "tasks/feature_cache.h"
#include "tests/support/bad_json.h"
#include "tests/support/images.h"
#include "tests/support/npy.h"
#include "tests/tasks/support.h"

namespace sightline {
namespace {

using ::testing::AllOf;
using testing::data_path;
using testing::error_of;
using ::testing::HasSubstr;
using testing::open_task;
using testing::TemporaryFolder;
using testing::write_text;

TEST(Reconstruction, SamplesAreImagesInTheOrderOfTheirNames) {
  const TemporaryFolder root;
  for (const char* name :
       {"n02/ILSVRC2012_val_00000001.JPEG", "n01/ILSVRC2012_val_00000002.JPEG", "readme.txt"}) {
    write_text(root / "imagenet/val" / name, "x");
  }
  const Task task = open_task("imagenet_recon_val", {.data_root = root.path()});
  ASSERT_EQ(task.dataset->size(), 2U);
  EXPECT_EQ(task.dataset->id(0), "ILSVRC2012_val_00000001");
  EXPECT_EQ(task.dataset->request(1).id, "ILSVRC2012_val_00000002");
  EXPECT_EQ(task.kind, Kind::kReconstruct);
  EXPECT_EQ(task.dataset->request(1).images.at(0).path,
            root / "imagenet/val/n01/ILSVRC2012_val_00000002.JPEG");
}

TEST(Reconstruction, RefusesFoldersThatDoNotFit) {
  const TemporaryFolder root;
  const auto error = [&] {
    return error_of([&] { open_task("imagenet_recon_val", {.data_root = root.path()}); });
  };
  EXPECT_THAT(error(), AllOf(HasSubstr("imagenet/val"), HasSubstr("docs/data.md")));
  std::filesystem::create_directories(root / "imagenet/val/n01");
  EXPECT_THAT(error(), AllOf(HasSubstr("imagenet/val"), HasSubstr("holds no")));
  write_text(root / "imagenet/val/n01/a.JPEG", "x");
  EXPECT_EQ(error(), "no error");
  write_text(root / "imagenet/val/a.png", "x");
  EXPECT_THAT(error(), AllOf(HasSubstr("'a'"), HasSubstr("n01/a.JPEG"), HasSubstr("a.png")));
}

TEST(Reconstruction, SizesAreChecked) {
  for (const char* size : {"7", "4097", "256.0", "x", "", "-8"}) {
    EXPECT_THAT(error_of([&] {
                  open_task("imagenet_recon_val[size=" + std::string(size) + "]",
                            {.images = data_path("images/png")});
                }),
                HasSubstr("from 8 to 4096"))
        << size;
  }
}

TEST(Reconstruction, PreparesTheSquareThatTheProtocolSays) {
  const Image image = testing::gradient_image(60, 40, 3, 1);
  const auto prepared = [&](const std::string& options) {
    const Task task =
        open_task("imagenet_recon_val" + options, {.images = data_path("images/png")});
    const Image square = task.dataset->prepare(image);
    return std::pair(square.width, square.height);
  };
  EXPECT_EQ(prepared("[size=16]"), std::pair(16, 16));
  EXPECT_EQ(prepared("[size=16,crop=adm]"), std::pair(16, 16));
  EXPECT_EQ(prepared("[crop=none]"), std::pair(60, 40));
  EXPECT_EQ(prepared("[size=16,crop=center]"), std::pair(16, 16));
}

TEST(Reconstruction, OnlyTheCentreWithoutResizingRefusesSmallImages) {
  const Image image = testing::gradient_image(60, 40, 3, 1);
  for (const char* options : {"[size=48]", "[size=48,protocol=adm]", "[size=48,protocol=flowmo]"}) {
    const Task task =
        open_task("imagenet_recon_val" + std::string(options), {.images = data_path("images/png")});
    EXPECT_EQ(task.dataset->prepare(image).height, 48) << options << ": scaled up, as published";
  }
  const Task task =
      open_task("imagenet_recon_val[size=48,crop=center]", {.images = data_path("images/png")});
  EXPECT_THAT(error_of([&] { task.dataset->prepare(image); }),
              AllOf(HasSubstr("60 x 40"), HasSubstr("48 x 48"), HasSubstr("crop=center")));
}

TEST(Reconstruction, AProtocolSetsTheOtherOptionsAndTheyRefineIt) {
  struct Case {
    const char *chosen, *name, *protocol, *crop, *rounding, *rfid, *ssim;
  };
  const Case cases[] = {
      {"", "", "pytorch-fid", "resize_center", "none", "pytorch-fid", "skimage-uniform7"},
      {"[protocol=pytorch-fid]", "", "pytorch-fid", "resize_center", "none", "pytorch-fid",
       "skimage-uniform7"},
      {"[protocol=adm]", "[protocol=adm]", "adm", "adm", "none", "tf", "skimage-uniform7"},
      {"[protocol=adm,crop=adm,rfid=tf]", "[protocol=adm]", "adm", "adm", "none", "tf",
       "skimage-uniform7"},
      {"[protocol=adm,crop=resize_center]", "[protocol=adm,crop=resize_center]", "adm",
       "resize_center", "none", "tf", "skimage-uniform7"},
      {"[protocol=flowmo]", "[protocol=flowmo]", "flowmo", "resize_center", "truncate",
       "pytorch-fid", "flowmo-float32"},
      {"[rounding=truncate_original,protocol=flowmo]",
       "[protocol=flowmo,rounding=truncate_original]", "flowmo", "resize_center",
       "truncate_original", "pytorch-fid", "flowmo-float32"}};
  for (const Case& c : cases) {
    SCOPED_TRACE(c.chosen);
    const Task task = open_task("imagenet_recon_val" + std::string(c.chosen),
                                {.images = data_path("images/png")});
    EXPECT_EQ(task.name, "imagenet_recon_val" + std::string(c.name));
    for (const auto& [key, value] : {std::pair("protocol", c.protocol), std::pair("crop", c.crop),
                                     std::pair("rounding", c.rounding), std::pair("rfid", c.rfid),
                                     std::pair("ssim", c.ssim), std::pair("size", "256")}) {
      EXPECT_EQ(task.protocol.at(key), value) << key;
    }
  }
  EXPECT_THAT(error_of([&] {
                open_task("imagenet_recon_val[protocol=openai]",
                          {.images = data_path("images/png")});
              }),
              AllOf(HasSubstr("protocol=openai"), HasSubstr("pytorch-fid, flowmo, adm")));
}

TEST(Reconstruction, MeasuresTheAnswerAgainstThePreparedOriginal) {
  const Task task = open_task("imagenet_recon_val[size=16]", {.images = data_path("images/png")});
  const auto original = [&](std::size_t index) {
    return task.dataset->prepare(read_image(task.dataset->request(index).images.at(0).path));
  };
  const auto scorer = task.new_scorer(task.rules.front());
  Answer answer;
  answer.reconstruction.image = std::make_shared<const Image>(original(0));
  answer.reconstruction.bits = 512;
  task.measure(0, answer);
  EXPECT_FALSE(answer.reconstruction.image) << "pixels are given back as soon as measured";
  EXPECT_EQ(answer.reconstruction.measured.at("ssim"), 1);
  EXPECT_TRUE(std::isinf(answer.reconstruction.measured.at("psnr")));
  EXPECT_EQ(answer.reconstruction.measured.at("bpp"), 2);
  EXPECT_EQ(scorer->update(0, answer).size(), 3U);
  EXPECT_TRUE(scorer->update(1, Answer{}).empty());
  const TaskScores scores = scorer->compute();
  EXPECT_EQ(testing::value_of(scores, "ssim"), 1);
  EXPECT_THAT(testing::metric(scores, "ssim").note, HasSubstr("1 of 2 images"));
  Answer wrong;
  wrong.reconstruction.image = std::make_shared<const Image>(testing::noise_image(16, 15, 1));
  EXPECT_THAT(error_of([&] { task.measure(0, wrong); }),
              AllOf(HasSubstr("is 16 x 15 pixels, want 16 x 16"), HasSubstr(".png")));
}

/// FlowMo's golden: its originals lie on the grid of 8 bits, its reconstructions do not.
class FlowmoProtocol : public ::testing::Test {
 protected:
  FlowmoProtocol() {
    const auto x = read("flowmo_x_NCHW.npy");
    for (std::size_t i = 0; i < x.size(); ++i) {
      Image image = black_image(64, 64);
      for (std::size_t p = 0; p < image.pixels.size(); ++p) {
        const float sample = x[i][(p % 3) * 64 * 64 + p / 3];
        image.pixels[p] = static_cast<std::uint8_t>(std::lround((double{sample} + 1) * 127.5));
      }
      originals_.push_back(image);
    }
    reconstructions_ = read("flowmo_rec_NCHW.npy");
  }

  static std::vector<std::vector<float>> read(const std::string& name) {
    const auto array = testing::read_npy<float>(data_path("images/metrics/" + name), "<f4");
    const auto size = static_cast<std::ptrdiff_t>(array.values.size() / array.shape.at(0));
    std::vector<std::vector<float>> images;
    for (auto at = array.values.begin(); at != array.values.end(); at += size) {
      images.emplace_back(at, at + size);
    }
    return images;
  }

  /// The task on `count` images, the golden's in turn.
  Task task_of(std::size_t count, const std::string& more = "") {
    for (std::size_t i = 0; i < count; ++i) {
      write_file_atomically(folder_ / fmt::format("{:03}.png", i),
                            encode_png(originals_[i % originals_.size()]));
    }
    return open_task("imagenet_recon_val[protocol=flowmo,crop=none" + more + "]",
                     {.images = folder_.path()});
  }

  /// What a model answers that gives samples in floating point.
  Answer answer(std::size_t index) const {
    Answer answer;
    const std::vector<float>& samples = reconstructions_[index % reconstructions_.size()];
    answer.reconstruction.samples = std::make_shared<const std::vector<float>>(samples);
    answer.reconstruction.image = std::make_shared<const Image>(flowmo_image(samples, 64, 64));
    return answer;
  }

  TaskScores score(const Task& task, std::size_t split = 0) const {
    const auto scorer = task.new_scorer(task.rules.front());
    const auto behind = task.new_scorer(task.rules.front());
    for (std::size_t i = 0; i < task.dataset->size(); ++i) {
      Answer measured = answer(i);
      task.measure(i, measured);
      EXPECT_FALSE(measured.reconstruction.samples);
      (split > 0 && i >= split ? behind : scorer)->update(i, measured);
    }
    scorer->merge(*behind);
    return scorer->compute();
  }

  TemporaryFolder folder_;
  std::vector<Image> originals_;
  std::vector<std::vector<float>> reconstructions_;
  nlohmann::json want_ = testing::read_json(data_path("images/metrics/expected_flowmo.json"));
};

TEST_F(FlowmoProtocol, GivesTheGoldensMeans) {
  const TaskScores scores = score(task_of(4));
  EXPECT_NEAR(testing::value_of(scores, "psnr"), want_.at("psnr_mean_of_per_image"), 1e-9);
  EXPECT_NEAR(testing::value_of(scores, "ssim"), want_.at("ssim_reported"), 1e-6);
  const MetricValue& pooled = testing::metric(scores, "psnr_flowmo");
  EXPECT_FALSE(pooled.value);
  EXPECT_THAT(pooled.note, HasSubstr("batches of 5, and there are 4 images"));
  EXPECT_EQ(pooled.rules, "psnr/flowmo-batch5");
}

TEST_F(FlowmoProtocol, PoolsFiveImagesInTheirOrder) {
  const auto error_of_image = [&](std::size_t i) {
    return std::pow(10, -want_.at("psnr_per_image").at(i % 4).get<double>() / 10);
  };
  double expected = 0;
  for (const std::size_t batch : {0U, 5U}) {
    double error = 0;
    for (std::size_t i = batch; i < batch + 5; ++i) error += error_of_image(i) / 5;
    expected += -10 * std::log10(error) / 2;
  }
  const Task task = task_of(10);
  const double pooled = testing::value_of(score(task), "psnr_flowmo");
  EXPECT_NEAR(pooled, expected, 1e-9);
  EXPECT_LT(pooled, testing::value_of(score(task), "psnr") - 1);
  for (const std::size_t split : {1U, 5U, 7U}) {
    EXPECT_EQ(testing::value_of(score(task, split), "psnr_flowmo"), pooled) << split;
  }
}

TEST_F(FlowmoProtocol, ABatchThatLacksAnImageHasNoPooledValue) {
  const Task task = task_of(5);
  const auto scorer = task.new_scorer(task.rules.front());
  for (std::size_t i = 0; i < 5; ++i) {
    Answer measured = i == 2 ? Answer{} : answer(i);
    task.measure(i, measured);
    scorer->update(i, measured);
  }
  const TaskScores scores = scorer->compute();
  EXPECT_FALSE(testing::metric(scores, "psnr_flowmo").value);
  EXPECT_THAT(testing::metric(scores, "psnr_flowmo").note, HasSubstr("1 of 5 images have no"));
  EXPECT_TRUE(testing::metric(scores, "psnr").value);
}

TEST_F(FlowmoProtocol, RoundsImagesOfEightBitsAsToldTo) {
  const Image& original = originals_[1];
  const Image made = testing::noise_image(64, 64, 3);
  const auto measured = [&](const std::string& rounding, const Image& image) {
    const Task task = task_of(2, ",rounding=" + rounding);
    Answer answer;
    answer.reconstruction.image = std::make_shared<const Image>(image);
    task.measure(1, answer);
    return answer.reconstruction.measured;
  };
  const auto psnr_of = [&](const Image& a, const Image& b) {
    return psnr_of_error(squared_error_float32(a, b) / (64 * 64 * 3), 1);
  };
  const Image truncated = flowmo_round_trip(original);
  EXPECT_EQ(measured("none", made).at("psnr"), psnr_of(made, original));
  EXPECT_EQ(measured("truncate", made).at("psnr"), psnr_of(flowmo_round_trip(made), truncated));
  EXPECT_EQ(measured("truncate_original", made).at("psnr"), psnr_of(made, truncated));
  EXPECT_EQ(measured("truncate_original", made).at("ssim"), ssim_float32(made, truncated));
  EXPECT_TRUE(std::isinf(measured("truncate", original).at("psnr")));
  EXPECT_TRUE(std::isinf(measured("truncate_original", truncated).at("psnr")));
}

TEST_F(FlowmoProtocol, RefusesSamplesThatDoNotFit) {
  const Task task = task_of(1);
  Answer wrong = answer(0);
  wrong.reconstruction.samples = std::make_shared<const std::vector<float>>(7);
  EXPECT_THAT(error_of([&] { task.measure(0, wrong); }), HasSubstr("7 samples"));
}

/// Features that tell images apart, and how often they were asked for.
class CountingInception final : public InceptionNetwork {
 public:
  struct Counts {
    int bytes = 0, floats = 0;
  };
  explicit CountingInception(Counts& counts) : counts_(counts) {}

  InceptionFeatures features(std::span<const Image> images) override {
    EXPECT_EQ(images.size(), 1U) << "an image's features are its own";
    ++counts_.bytes;
    return {.pool = {std::vector<float>(InceptionFeatures::kPool, mean(images[0].pixels))}};
  }
  InceptionFeatures float_features(std::span<const FloatImage> images) override {
    ++counts_.floats;
    return {.pool = {std::vector<float>(InceptionFeatures::kPool, mean(images[0].samples))}};
  }
  const std::string& weights_sha256() const override { return sha256_; }

 private:
  template <typename Samples>
  static float mean(const Samples& samples) {
    double sum = 0;
    for (const auto sample : samples) sum += static_cast<double>(sample);
    return static_cast<float>(sum / static_cast<double>(samples.size()));
  }

  Counts& counts_;
  std::string sha256_ = "4567";
};

TEST_F(FlowmoProtocol, InceptionSeesWhatWasNotRoundedAndOriginalsOnce) {
  const TemporaryFolder weights;
  write_text(weights / "pt_inception-2015-12-05-6726825d.pth", "weights");
  CountingInception::Counts counts;
  Registry registry;
  registry.inception = [&](const InceptionSettings&) {
    return std::make_unique<CountingInception>(counts);
  };
  std::map<std::string, std::vector<float>> kept;
  const FeatureCache cache{
      .find = [&](const std::string& key) -> std::optional<std::vector<float>> {
        const auto found = kept.find(key);
        if (found == kept.end()) return std::nullopt;
        return found->second;
      },
      .keep =
          [&](const std::string& key, std::span<const float> features) {
            kept[key] = {features.begin(), features.end()};
          }};
  task_of(3);
  std::vector<Reconstruction> first;
  for (int run = 0; run < 2; ++run) {
    counts = {};
    const Task task =
        open_task("imagenet_recon_val[protocol=flowmo,crop=none]", {.images = folder_.path(),
                                                                    .weights = weights.path(),
                                                                    .registry = &registry,
                                                                    .features = &cache});
    for (std::size_t i = 0; i < 3; ++i) {
      Answer measured = answer(i);
      task.measure(i, measured);
      if (run == 0) first.push_back(measured.reconstruction);
      EXPECT_EQ(measured.reconstruction.features, first[i].features);
      EXPECT_EQ(measured.reconstruction.original_features, first[i].original_features);
    }
    EXPECT_EQ(counts.floats, 3);
    EXPECT_EQ(counts.bytes, run == 0 ? 3 : 0) << "originals come from the cache";
  }
  EXPECT_EQ(kept.size(), 3U);
  counts = {};
  const Task task = open_task("imagenet_recon_val[crop=none]", {.images = folder_.path(),
                                                                .weights = weights.path(),
                                                                .registry = &registry,
                                                                .features = &cache});
  Answer measured = answer(0);
  task.measure(0, measured);
  EXPECT_EQ(counts.floats, 0) << "other protocols are of 8-bit images";
  EXPECT_EQ(measured.reconstruction.original_features, first[0].original_features);
}

}  // namespace
}  // namespace sightline
