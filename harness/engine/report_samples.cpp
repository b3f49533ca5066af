#include "harness/engine/report_samples.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "harness/base/error.h"
#include "harness/engine/answer_codec.h"
#include "harness/engine/sample_choice.h"
#include "harness/engine/stored_run.h"
#include "metrics/captions/caption_scores.h"
#include "metrics/masks/polygon_mask.h"
#include "results/journal.h"
#include "results/report_columns.h"

namespace sightline {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr std::size_t kMostBoxes = 12;   // drawn of one answer
constexpr std::size_t kMostTruths = 40;  // drawn of one image

/// A run that has the task.
struct Source {
  std::size_t run = 0;
  const Journal* journal = nullptr;
  int number = 0;  ///< of the task in the journal
  const TaskResult* result = nullptr;
};

/// One task of all runs, as far as its samples go.
class GalleryReader {
 public:
  GalleryReader(std::string name, std::vector<Source> sources, const GallerySettings& settings)
      : name_(std::move(name)), sources_(std::move(sources)), settings_(settings) {}

  SampleGallery read(const std::vector<ReportColumn>& columns, const TaskTable& tasks,
                     const fs::path& data_root);

 private:
  void open(const TaskTable& tasks, const fs::path& data_root);
  void choose_metric();
  void read_scores(const std::vector<ReportColumn>& columns);
  void score_captions(const Source& source, RunScores& scores) const;

  void add_flips(const SampleChoice& choice);
  void add_failed(const SampleChoice& choice);
  void add_worst(const SampleChoice& choice);

  PageSample sample(const std::string& id);
  PageAnswer answer(std::size_t source, const JournalRow& row, const PageSample& sample) const;
  void add_boxes(const Answer& decoded, const FrameSize& frame, std::size_t index,
                 PageAnswer& shown) const;
  std::string category_name(std::int64_t id, std::size_t index) const;
  Kind kind_of(const JournalRow& row) const;
  void add_pictures();

  std::string name_;
  std::vector<Source> sources_;
  const GallerySettings& settings_;
  std::optional<Task> task_;     // none: the data cannot be opened
  std::size_t opened_from_ = 0;  // the source whose indices are those of `task_`
  std::string key_;              // of the score that chooses; "": none
  bool higher_is_better_ = true, rates_captions_ = false;
  std::vector<RunScores> scores_;                                     // one a source
  std::vector<std::unordered_map<std::string, std::size_t>> places_;  // id -> place in scores_
  SampleGallery gallery_;
  std::vector<fs::path> files_;                            // of pictures, in order of first use
  std::unordered_map<std::string, std::size_t> pictures_;  // file -> place in files_
};

double parse_score(const json& value) {
  if (value.is_number()) return value.get<double>();
  if (value == "inf") return std::numeric_limits<double>::infinity();
  if (value == "-inf") return -std::numeric_limits<double>::infinity();
  return std::numeric_limits<double>::quiet_NaN();
}

/// The scores of a row: what is no object of them counts as none.
std::vector<std::pair<std::string, double>> scores_of(const JournalRow& row) {
  std::vector<std::pair<std::string, double>> scores;
  const json document = json::parse(row.scores, nullptr, false);
  if (!document.is_object()) return scores;
  for (const auto& [key, value] : document.items()) scores.emplace_back(key, parse_score(value));
  return scores;
}

bool has_failed(const JournalRow& row) {
  return row.outcome != name_of(Outcome::kOk);
}

void GalleryReader::open(const TaskTable& tasks, const fs::path& data_root) {
  std::string why;
  for (std::size_t i = 0; i < sources_.size() && !task_; ++i) {
    try {
      task_ = reopen_task(*sources_[i].journal, sources_[i].number, tasks, data_root).task;
      opened_from_ = i;
    } catch (const Error& error) {
      if (why.empty()) why = error.message();
    }
  }
  if (!task_) {
    gallery_.notes.push_back("Without pictures and references, since the data cannot be opened: " +
                             why);
  }
}

/// The first metric that samples have scores of. Of captions, whose metrics are those of the set,
/// ROUGE-L is taken for each sample.
void GalleryReader::choose_metric() {
  rates_captions_ = task_ && task_->references != nullptr;
  if (rates_captions_) {
    key_ = "rouge_l";
    return;
  }
  std::vector<std::string> present;
  for (const RunScores& scores : scores_) {
    const Source& source = sources_[static_cast<std::size_t>(&scores - scores_.data())];
    if (scores.samples.empty()) continue;
    const auto row = source.journal->row(source.number, scores.samples.front().index);
    for (const auto& [key, value] : scores_of(*row)) present.push_back(key);
  }
  for (const MetricValue& metric : sources_[0].result->metrics) {
    if (metric.unit == "characters" || std::ranges::count(present, metric.key) == 0) continue;
    key_ = metric.key;
    higher_is_better_ = metric.higher_is_better;
    return;
  }
}

void GalleryReader::score_captions(const Source& source, RunScores& scores) const {
  CaptionRules rules = CaptionRules::kPycocoevalcap;
  if (source.result->rules == rules_name(CaptionRules::kNoTokenizer)) {
    rules = CaptionRules::kNoTokenizer;
  }
  CaptionMetrics metrics(rules);
  const bool is_own = sources_[opened_from_].journal == source.journal;
  const auto& known = places_[opened_from_];
  std::vector<std::size_t> rated;
  std::size_t place = 0;
  source.journal->for_each(source.number, [&](const JournalRow& row) {
    const std::size_t here = place++;
    std::size_t index = row.index;
    if (!is_own) {
      const auto found = known.find(row.id);
      if (found == known.end()) return;
      index = scores_[opened_from_].samples[found->second].index;
    }
    const std::string& words = row.answer.empty() ? row.response : row.answer;
    const std::span<const std::string> captions = task_->references(index);
    const std::vector<std::string_view> references(captions.begin(), captions.end());
    metrics.update(has_failed(row) ? std::string_view() : words, references);
    rated.push_back(here);
  });
  const CaptionScores computed = metrics.compute();
  for (std::size_t i = 0; i < rated.size(); ++i) {
    scores.samples[rated[i]].score = computed.image_rouge_l[i];
  }
}

void GalleryReader::read_scores(const std::vector<ReportColumn>& columns) {
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    RunScores& scores = scores_.emplace_back();
    scores.run = sources_[i].run;
    scores.comparable = columns[i].mark.empty();
    sources_[i].journal->for_each_score(sources_[i].number, [&](const JournalRow& row) {
      scores.samples.push_back({.id = row.id, .index = row.index, .failed = has_failed(row)});
    });
    auto& places = places_.emplace_back();
    for (std::size_t place = 0; place < scores.samples.size(); ++place) {
      places[scores.samples[place].id] = place;
    }
  }
  choose_metric();
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    if (rates_captions_) {
      score_captions(sources_[i], scores_[i]);
      continue;
    }
    std::size_t place = 0;
    sources_[i].journal->for_each_score(sources_[i].number, [&](const JournalRow& row) {
      ScoredSample& sample = scores_[i].samples[place++];
      for (const auto& [key, value] : scores_of(row)) {
        if (key == key_) sample.score = value;
      }
    });
  }
}

Kind GalleryReader::kind_of(const JournalRow& row) const {
  if (task_) return task_->kind;
  // Without the task its answers say what they are.
  const json answer = json::parse(row.answer, nullptr, false);
  if (!answer.is_object()) return Kind::kText;
  if (answer.contains("measured")) return Kind::kReconstruct;
  return answer.contains("boxes") ? Kind::kDetect : Kind::kText;
}

std::string GalleryReader::category_name(std::int64_t id, std::size_t index) const {
  if (!task_ || id == PredictedBox::kNoCategory) return "";
  const auto categories = task_->dataset->request(index).categories;
  if (!categories) return "";
  const auto found = std::ranges::find(*categories, id, &Category::id);
  return found == categories->end() ? "" : found->name;
}

/// Boxes of an answer, of masks the boxes around them; the ones of highest score.
void GalleryReader::add_boxes(const Answer& decoded, const FrameSize& frame, std::size_t index,
                              PageAnswer& shown) const {
  struct Guess {
    PageBox box;
    std::int64_t category = PredictedBox::kNoCategory;
  };
  std::vector<Guess> guesses;
  for (const PredictedBox& box : decoded.boxes) {
    guesses.push_back({{box.box, box.label, box.score}, box.category_id});
  }
  shown.all_boxes = guesses.size() + decoded.masks.size();
  for (const PredictedMask& mask : decoded.masks) {
    if (frame.width <= 0 || frame.height <= 0) break;
    const Mask pixels = segmentation_mask(mask.segmentation, frame.height, frame.width);
    guesses.push_back({{pixels.box(), "", mask.score}, mask.category_id});
  }
  std::ranges::stable_sort(guesses, [](const Guess& a, const Guess& b) {
    return a.box.score.value_or(0) > b.box.score.value_or(0);
  });
  if (guesses.size() > kMostBoxes) guesses.resize(kMostBoxes);
  for (Guess& guess : guesses) {
    if (guess.box.label.empty()) guess.box.label = category_name(guess.category, index);
    shown.boxes.push_back(std::move(guess.box));
  }
}

PageAnswer GalleryReader::answer(std::size_t source, const JournalRow& row,
                                 const PageSample& sample) const {
  PageAnswer shown{.run = sources_[source].run,
                   .text = row.response,
                   .boxes = {},
                   .outcome = row.outcome,
                   .error = row.error,
                   .scores = scores_of(row)};
  const double score = scores_[source].samples[places_[source].at(row.id)].score;
  if (rates_captions_ && !std::isnan(score))
    shown.scores.insert(shown.scores.begin(), {key_, score});
  if (has_failed(row)) return shown;
  try {
    const Kind kind = kind_of(row);
    const Answer decoded = decode_answer(kind, row.answer.empty() ? row.response : row.answer);
    if (kind == Kind::kText && shown.text.empty()) shown.text = decoded.text;
    if (kind != Kind::kText && row.answer.empty()) shown.text.clear();  // its typed answer
    add_boxes(decoded, sample.frame, row.index, shown);
  } catch (const Error& error) {
    shown.error = error.message();
  }
  return shown;
}

/// What the stored request says, for runs without their data.
void describe_stored_request(const JournalRow& row, PageSample& sample) {
  const json request = json::parse(row.request, nullptr, false);
  if (!request.is_object()) return;
  sample.question = request.value("prompt", "");
  if (request.contains("images") && !request.at("images").empty()) {
    sample.picture_name = request.at("images").at(0).get<std::string>();
  }
  if (request.contains("size")) {
    sample.frame = {request.at("size").at(0).get<int>(), request.at("size").at(1).get<int>()};
  }
}

PageSample GalleryReader::sample(const std::string& id) {
  PageSample shown;
  shown.id = id;
  std::vector<std::pair<std::size_t, JournalRow>> rows;
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    const auto place = places_[i].find(id);
    if (place == places_[i].end()) continue;
    const std::size_t index = scores_[i].samples[place->second].index;
    auto row = sources_[i].journal->row(sources_[i].number, index);
    if (row) rows.emplace_back(i, std::move(*row));
  }
  if (!rows.empty()) describe_stored_request(rows.front().second, shown);
  const auto own = places_[opened_from_].find(id);
  if (task_ && own != places_[opened_from_].end()) {
    const std::size_t index = scores_[opened_from_].samples[own->second].index;
    try {
      const Request request = task_->dataset->request(index);
      shown.question = request.text;
      if (!request.images.empty()) {
        const ImageInput& image = request.images[0];
        shown.picture_name = image.path.filename().string();
        if (image.width > 0) shown.frame = {image.width, image.height};
        const auto [known, is_new] = pictures_.try_emplace(image.path.string(), files_.size());
        if (is_new) files_.push_back(image.path);
        shown.picture = known->second;
      }
    } catch (const Error& error) {
      shown.picture_note = error.message();
    }
    if (task_->reference) {
      SampleReference reference = task_->reference(index);
      shown.references = std::move(reference.texts);
      if (reference.boxes.size() > kMostTruths) reference.boxes.resize(kMostTruths);
      for (auto& box : reference.boxes) shown.truths.push_back({box.box, box.label, std::nullopt});
    }
  } else if (!shown.picture_name.empty()) {
    shown.picture_note = "no picture: " + shown.picture_name;
  }
  for (const auto& [source, row] : rows) shown.answers.push_back(answer(source, row, shown));
  return shown;
}

/// "-1.00" as people read a change of a score between 0 and 1, or of any other.
std::string change_text(double change) {
  return fmt::format("{:+.2f}", change);
}

void GalleryReader::add_flips(const SampleChoice& choice) {
  SampleGroup group{.title = "Flipped",
                    .note = fmt::format("Samples with another {} than in the first run: the "
                                        "greatest losses, then the greatest gains.",
                                        key_),
                    .samples = {}};
  for (const auto* flips : {&choice.losses, &choice.gains}) {
    for (const SampleChoice::Flip& flip : *flips) {
      PageSample shown = sample(flip.id);
      shown.is_loss = flips == &choice.losses;
      shown.is_gain = !shown.is_loss;
      shown.tag_run = flip.run;
      shown.tag = (shown.is_loss ? "lost " : "won ") + change_text(flip.change);
      group.samples.push_back(std::move(shown));
    }
  }
  gallery_.groups.push_back(std::move(group));
}

void GalleryReader::add_failed(const SampleChoice& choice) {
  SampleGroup group{
      .title = "Failed", .note = "Samples that a run has no answer to.", .samples = {}};
  for (const std::string& id : choice.failed) group.samples.push_back(sample(id));
  gallery_.groups.push_back(std::move(group));
}

void GalleryReader::add_worst(const SampleChoice& choice) {
  SampleGroup group;
  group.title = key_.empty() ? "Answers" : "Worst";
  group.note = key_.empty()
                   ? "The samples have no scores of their own: a choice of all."
                   : fmt::format("{} {} first{}; of equal ones a choice from the whole set.",
                                 higher_is_better_ ? "Lowest" : "Highest", key_,
                                 sources_.size() > 1 ? ", on average over the runs" : "");
  for (const std::string& id : choice.worst) group.samples.push_back(sample(id));
  gallery_.groups.push_back(std::move(group));
}

void GalleryReader::add_pictures() {
  if (!task_) return;
  std::vector<PictureOutcome> made = make_pictures(files_, *task_, settings_.pictures);
  std::vector<std::optional<std::size_t>> places(made.size());
  std::size_t missing = 0;
  for (std::size_t i = 0; i < made.size(); ++i) {
    if (!made[i].picture) {
      ++missing;
      continue;
    }
    places[i] = gallery_.pictures.size();
    gallery_.pictures.push_back(std::move(*made[i].picture));
  }
  for (SampleGroup& group : gallery_.groups) {
    for (PageSample& sample : group.samples) {
      if (!sample.picture) continue;
      const std::size_t file = *sample.picture;
      sample.picture = places[file];
      if (!sample.picture) sample.picture_note = made[file].why_not;
    }
  }
  if (missing > 0) {
    gallery_.notes.push_back(
        fmt::format("{} of {} images cannot be shown; their cards say why.", missing, made.size()));
  }
}

SampleGallery GalleryReader::read(const std::vector<ReportColumn>& columns, const TaskTable& tasks,
                                  const fs::path& data_root) {
  gallery_.task = name_;
  open(tasks, data_root);
  read_scores(columns);
  const SampleChoice choice = choose_samples(scores_, higher_is_better_, settings_.samples);
  add_flips(choice);
  add_failed(choice);
  add_worst(choice);
  add_pictures();
  return std::move(gallery_);
}

/// The runs that have the task, in order.
std::vector<Source> sources_of(const std::string& name, const std::vector<RunResults>& runs,
                               const std::vector<Journal>& journals) {
  std::vector<Source> sources;
  for (std::size_t run = 0; run < runs.size(); ++run) {
    const auto result = std::ranges::find(runs[run].tasks, name, &TaskResult::name);
    if (result == runs[run].tasks.end()) continue;
    const std::vector<JournalTask> stored = journals[run].tasks();
    const auto task = std::ranges::find(stored, name, &JournalTask::name);
    if (task == stored.end()) continue;
    sources.push_back({.run = run,
                       .journal = &journals[run],
                       .number = static_cast<int>(task - stored.begin()),
                       .result = &*result});
  }
  return sources;
}

}  // namespace

std::vector<SampleGallery> read_galleries(const std::vector<fs::path>& folders,
                                          const std::vector<RunResults>& runs,
                                          const TaskTable& tasks, const fs::path& data_root,
                                          const GallerySettings& settings) {
  std::vector<SampleGallery> galleries;
  if (settings.samples == 0) return galleries;
  std::vector<Journal> journals;
  for (const fs::path& folder : folders) journals.push_back(Journal::open_to_read(folder));
  for (const std::string& name : task_names(runs)) {
    const std::vector<Source> sources = sources_of(name, runs, journals);
    const std::vector<ReportColumn> columns = columns_of(runs, name);
    if (sources.size() != columns.size()) continue;
    galleries.push_back(GalleryReader(name, sources, settings).read(columns, tasks, data_root));
  }
  return galleries;
}

}  // namespace sightline
