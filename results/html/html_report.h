#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/box.h"
#include "harness/media/image.h"
#include "results/comparison/comparison.h"
#include "results/run_results.h"

namespace sightline {

/// A small picture of an image. Every sample of a gallery that shows the image shares it.
struct PagePicture {
  std::string jpeg;  ///< bytes of the file
  FrameSize size;    ///< of the small picture
  FrameSize frame;   ///< of the image, in whose pixels boxes are given
};

struct PageBox {
  Box box;
  std::string label;
  std::optional<double> score;
};

/// What one run answered.
struct PageAnswer {
  std::size_t run = 0;  ///< in `HtmlReport::runs`
  std::string text;
  std::vector<PageBox> boxes;  ///< those that are drawn
  std::size_t all_boxes = 0;   ///< how many the model gave
  std::string outcome = "ok";
  std::string error;                                   ///< why it failed
  std::vector<std::pair<std::string, double>> scores;  ///< metric key -> the sample's own
};

struct PageSample {
  std::string id, question;
  std::optional<std::size_t> picture;  ///< in `SampleGallery::pictures`
  std::string picture_name;            ///< file name of the image; "": the sample has none
  std::string picture_note;            ///< why there is no picture
  FrameSize frame;                     ///< of the image, where it is known without the picture
  std::vector<std::string> references;
  std::vector<PageBox> truths;
  std::vector<PageAnswer> answers;     ///< in order of the runs
  std::string tag;                     ///< what became of it: "lost 1.00"
  std::optional<std::size_t> tag_run;  ///< in which run
  bool is_loss = false, is_gain = false;
};

struct SampleGroup {
  std::string title;
  std::string note;  ///< how the samples were chosen
  std::vector<PageSample> samples;
};

/// The samples of a task that the page shows.
struct SampleGallery {
  std::string task;
  std::vector<PagePicture> pictures;
  std::vector<SampleGroup> groups;
  std::vector<std::string> notes;  ///< what is missing and why
};

/// `HtmlReport::runs[run]` against the first run.
struct RunComparison {
  std::size_t run = 0;
  Comparison comparison;
};

/// All that a page shows. The first run is the base of all differences.
struct HtmlReport {
  std::vector<RunResults> runs;
  std::vector<RunComparison> comparisons;
  std::vector<SampleGallery> galleries;
  std::vector<PublishedNumber> published;  ///< stand beside the runs', marked as not measured here
  std::vector<std::string> notes;          ///< about the page as a whole
};

/// One HTML document in UTF-8 that needs nothing else: no script, no network, pictures inside, and
/// a content security policy that forbids the rest. Every text is escaped, whatever it holds.
/// Equal values give equal bytes.
std::string render_html(const HtmlReport& report);

}  // namespace sightline
