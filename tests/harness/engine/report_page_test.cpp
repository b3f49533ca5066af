// What a page shows of run folders: samples, pictures, and what is said where something is missing.

#include "harness/engine/report_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "harness/base/file.h"
#include "harness/engine/run.h"
#include "harness/engine/stored_run.h"
#include "harness/media/decode.h"
#include "harness/media/encode.h"
#include "models/adapters/standard_models.h"
#include "tasks/declarations.h"
#include "tests/support/paths.h"

namespace sightline {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::Contains;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using testing::TemporaryFolder;

/// Four questions about two images, the second of which is no image.
class ReportPage : public ::testing::Test {
 protected:
  void SetUp() override {
    json rows = json::array();
    for (int i = 0; i < 4; ++i) {
      rows.push_back({{"id", "q" + std::to_string(i)},
                      {"image", i < 3 ? "good.jpg" : "broken.jpg"},
                      {"question", "What is " + std::to_string(i) + "?"},
                      {"answers", std::vector<std::string>(10, i == 0 ? "cup" : "spoon")}});
    }
    write("own/cups.json", json{{"name", "cups"},
                                {"kind", "questions"},
                                {"data", "data/cups.json"},
                                {"images", "images"}}
                               .dump());
    write("own/data/cups.json", rows.dump());
    write("own/images/good.jpg", encode_jpeg(black_image(640, 400), 90));
    write("own/images/broken.jpg", "no image");
    tasks_ = standard_tasks();
    add_tasks_from_folder(tasks_, folder_ / "own");
  }

  void write(const std::string& name, const std::string& content) {
    fs::create_directories((folder_ / name).parent_path());
    write_file_atomically(folder_ / name, content);
  }

  /// A run in which every answer is `answer`.
  fs::path answer_all(const std::string& answer) {
    RunSettings settings;
    settings.model = "null";
    settings.model_args = "answer=" + answer;
    settings.tasks = parse_task_choices("cups");
    settings.output_path = folder_ / answer;
    settings.progress = ProgressMode::kNone;
    Registry registry;
    add_standard_models(registry);
    const std::atomic<bool> stop = false;
    run(settings, registry, tasks_, stop);
    return settings.output_path;
  }

  HtmlReport read(const std::vector<fs::path>& folders, const GallerySettings& settings = {}) {
    std::vector<RunResults> runs;
    for (const fs::path& folder : folders) runs.push_back(load_run(folder, tasks_));
    return read_report(folders, runs, tasks_, {}, settings);
  }

  TemporaryFolder folder_;
  TaskTable tasks_;
};

std::vector<std::string> ids(const SampleGroup& group) {
  std::vector<std::string> found;
  for (const PageSample& sample : group.samples) found.push_back(sample.id);
  return found;
}

TEST_F(ReportPage, SamplesHaveQuestionAnswerReferenceAndPicture) {
  const HtmlReport report = read({answer_all("cup")});
  EXPECT_THAT(report.comparisons, IsEmpty());
  ASSERT_THAT(report.galleries, SizeIs(1));
  const SampleGallery& gallery = report.galleries[0];
  ASSERT_THAT(gallery.groups, SizeIs(3));
  const std::vector<PageSample>& worst = gallery.groups[2].samples;
  ASSERT_THAT(worst, SizeIs(4));
  EXPECT_EQ(worst.back().id, "q0") << "the only right one";
  EXPECT_EQ(worst.back().question, "What is 0?");
  EXPECT_THAT(worst.back().references, Each("cup"));
  ASSERT_THAT(worst.back().answers, SizeIs(1));
  EXPECT_EQ(worst.back().answers[0].text, "cup");
  EXPECT_EQ(worst.back().answers[0].scores.at(0).second, 1);
  ASSERT_TRUE(worst.back().picture);
}

TEST_F(ReportPage, AnImageIsStoredOnceAndSmall) {
  const SampleGallery gallery = read({answer_all("cup")}).galleries.at(0);
  ASSERT_THAT(gallery.pictures, SizeIs(1));
  const ImageInfo info = probe_image(gallery.pictures[0].jpeg);
  EXPECT_EQ(info.format, ImageFormat::kJpeg);
  EXPECT_EQ(info.width, 320);
  EXPECT_EQ(info.height, 200);
  EXPECT_EQ(gallery.pictures[0].frame, (FrameSize{640, 400}));
}

TEST_F(ReportPage, ABrokenImageIsSaidOnItsCard) {
  const SampleGallery gallery = read({answer_all("cup")}).galleries.at(0);
  for (const PageSample& sample : gallery.groups[2].samples) {
    EXPECT_EQ(sample.picture.has_value(), sample.id != "q3") << sample.id;
    if (sample.id == "q3") {
      EXPECT_THAT(sample.picture_note, HasSubstr("broken.jpg"));
    }
  }
  EXPECT_THAT(gallery.notes, Contains(HasSubstr("1 of 2 images cannot be shown")));
}

TEST_F(ReportPage, FlipsShowWhatWasLostAndWon) {
  const HtmlReport report =
      read({answer_all("cup"), answer_all("spoon")}, {.samples = 8, .pictures = {}});
  ASSERT_THAT(report.comparisons, SizeIs(1));
  EXPECT_TRUE(report.comparisons[0].comparison.comparable);
  const SampleGroup& flips = report.galleries.at(0).groups[0];
  ASSERT_THAT(flips.samples, SizeIs(4));
  EXPECT_EQ(flips.samples[0].id, "q0");
  EXPECT_TRUE(flips.samples[0].is_loss);
  EXPECT_EQ(flips.samples[0].tag, "lost -1.00");
  EXPECT_EQ(flips.samples[1].tag, "won +1.00");
  EXPECT_THAT(flips.samples[0].answers, SizeIs(2));
  EXPECT_THAT(report.galleries[0].groups[2].samples, IsEmpty()) << "each sample once";
}

TEST_F(ReportPage, WithoutDataThePageSaysSoAndKeepsAnswers) {
  const fs::path run = answer_all("cup");
  fs::remove(folder_ / "own/data/cups.json");
  const HtmlReport report = read({run});
  const SampleGallery& gallery = report.galleries.at(0);
  EXPECT_THAT(gallery.notes, Contains(HasSubstr("the data cannot be opened")));
  EXPECT_THAT(gallery.pictures, IsEmpty());
  const PageSample& sample = gallery.groups[2].samples.at(0);
  EXPECT_THAT(sample.question, HasSubstr("What is"));
  EXPECT_EQ(sample.answers.at(0).text, "cup");
  EXPECT_THAT(sample.references, IsEmpty());
  EXPECT_THAT(render_html(report), HasSubstr("What is"));
}

TEST_F(ReportPage, MissingImagesAreSaidAndTheRestStays) {
  const fs::path run = answer_all("cup");
  fs::remove_all(folder_ / "own/images");
  const SampleGallery gallery = read({run}).galleries.at(0);
  EXPECT_THAT(gallery.pictures, IsEmpty());
  EXPECT_THAT(gallery.groups[2].samples, SizeIs(4));
  EXPECT_THAT(gallery.groups[2].samples[0].picture_note, HasSubstr("is not there"));
}

TEST_F(ReportPage, TheNumberOfSamplesIsKept) {
  const fs::path run = answer_all("cup");
  EXPECT_THAT(read({run}, {.samples = 0, .pictures = {}}).galleries, IsEmpty());
  const SampleGallery gallery = read({run}, {.samples = 2, .pictures = {}}).galleries.at(0);
  EXPECT_THAT(ids(gallery.groups[2]), SizeIs(2));
}

}  // namespace
}  // namespace sightline
