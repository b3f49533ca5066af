// ImageNet reconstruction: which images, cropped how, compared with what.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "harness/media/decode.h"
#include "tests/support/bad_json.h"
#include "tests/support/images.h"
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

}  // namespace
}  // namespace sightline
