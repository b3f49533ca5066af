#include "harness/engine/conclude.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/base/hash.h"
#include "harness/base/json_text.h"
#include "harness/engine/answer_codec.h"
#include "harness/engine/judged_sentences.h"
#include "harness/engine/scoring.h"

namespace sightline {

namespace {

const std::string& answer_text(const JournalRow& row) {
  return row.answer.empty() ? row.response : row.answer;
}

/// Scores journal rows block by block, so that memory does not hold all answers at once.
class BlockScorer {
 public:
  BlockScorer(const Task& task, const std::string& rules, bool leave_out_failures)
      : task_(task), rules_(rules), leave_out_failures_(leave_out_failures) {}

  void add(const JournalRow& row) {
    const bool failed = row.outcome != name_of(Outcome::kOk);
    if (failed && leave_out_failures_) return;
    indices_.push_back(row.index);
    answers_.push_back(failed ? Answer{} : decode_answer(task_.kind, answer_text(row)));
    bytes_ += answer_text(row).size();
    if (answers_.size() == kBlock || bytes_ > kBlockBytes) flush();
  }

  TaskScores scores(const Bootstrap& bootstrap = {}) {
    flush();
    if (!total_) total_ = task_.new_scorer(rules_);
    return compute_scores(*total_, bootstrap);
  }

  std::map<std::string, ResampledNumber> resampled(const Bootstrap& bootstrap) {
    std::map<std::string, ResampledNumber> numbers;
    for (const MetricValue& metric : scores().metrics) {
      if (metric.value) numbers[metric.key].value = *metric.value;
    }
    if (bootstrap.replicates == 0) return numbers;
    for (auto& [key, number] : total_->resampled(bootstrap)) {
      if (numbers.contains(key)) numbers[key] = std::move(number);
    }
    return numbers;
  }

 private:
  static constexpr std::size_t kBlock = 1 << 16;
  static constexpr std::size_t kBlockBytes = 64 << 20;

  void flush() {
    if (answers_.empty()) return;
    score_block(
        task_, rules_, indices_,
        [&](std::size_t place) -> const Answer& { return answers_[place]; }, total_);
    indices_.clear();
    answers_.clear();
    bytes_ = 0;
  }

  const Task& task_;
  std::string rules_;
  bool leave_out_failures_;
  std::vector<std::size_t> indices_;
  std::vector<Answer> answers_;
  std::size_t bytes_ = 0;  // of the answers, as text
  std::unique_ptr<Scorer> total_;
};

void for_each_selected(const Journal& journal, int journal_task,
                       std::span<const std::size_t> indices,
                       const std::function<void(const JournalRow&)>& visit) {
  std::size_t place = 0;
  journal.for_each(journal_task, [&](const JournalRow& row) {
    while (place < indices.size() && indices[place] < row.index) ++place;
    if (place < indices.size() && indices[place] == row.index) visit(row);
  });
}

/// Each field of the answer with its length in front, so that none can pass into the next.
void add_row(const JournalRow& row, Sha256& hash) {
  std::string bytes;
  for (const std::string* field :
       {&row.id, &row.outcome, &row.response, &row.answer, &row.scores}) {
    bytes += fmt::format("{}:{}", field->size(), *field);
  }
  hash.update(bytes);
}

void add_bounds(const TaskScores& left_out, TaskResult& result) {
  for (std::size_t i = 0; i < result.metrics.size(); ++i) {
    result.bounds[result.metrics[i].key] = {result.metrics[i].value, left_out.metrics[i].value};
  }
}

}  // namespace

TaskResult conclude_task(const Task& task, const std::string& rules, const Journal& journal,
                         int journal_task, std::span<const std::size_t> indices,
                         const Bootstrap& bootstrap) {
  TaskResult result{.name = task.name, .version = task.version};
  result.rules = rules.empty() ? task.rules.front() : rules;
  nlohmann::json protocol = task.protocol;
  protocol["rules"] = result.rules;
  result.protocol = protocol.dump();
  result.samples = static_cast<std::int64_t>(indices.size());
  result.samples_in_dataset = static_cast<std::int64_t>(task.dataset->size());
  BlockScorer scorer(task, result.rules, false);
  Sha256 hash;
  for_each_selected(journal, journal_task, indices, [&](const JournalRow& row) {
    ++result.outcomes[row.outcome];
    add_row(row, hash);
    if (task.has_references) scorer.add(row);
  });
  result.answers_sha256 = hash.finish();
  if (!task.has_references) return result;
  TaskScores scores = scorer.scores(bootstrap);
  result.bootstrap_replicates = static_cast<std::int64_t>(bootstrap.replicates);
  result.metrics = std::move(scores.metrics);
  result.breakdowns = std::move(scores.breakdowns);
  const bool failures = std::any_of(result.outcomes.begin(), result.outcomes.end(),
                                    [](const auto& o) { return o.first != name_of(Outcome::kOk); });
  if (failures) {
    BlockScorer succeeded(task, result.rules, true);
    for_each_selected(journal, journal_task, indices,
                      [&](const JournalRow& row) { succeeded.add(row); });
    add_bounds(succeeded.scores(), result);
  }
  if (!task.rates_sentences) return result;
  const auto judged = stored_judgement(task, journal, journal_task, indices);
  if (judged) result.metrics.push_back(*judged);
  return result;
}

std::map<std::string, ResampledNumber> resample_task(const Task& task, const std::string& rules,
                                                     const Journal& journal, int journal_task,
                                                     std::span<const std::size_t> indices,
                                                     const Bootstrap& bootstrap) {
  BlockScorer scorer(task, rules, false);
  for_each_selected(journal, journal_task, indices,
                    [&](const JournalRow& row) { scorer.add(row); });
  return scorer.resampled(bootstrap);
}

void write_samples(const Journal& journal, int journal_task, const std::filesystem::path& file) {
  std::string lines;
  journal.for_each(journal_task, [&](const JournalRow& row) {
    lines += "{\"id\":";
    append_json_string(lines, row.id);
    lines += ",\"outcome\":";
    append_json_string(lines, row.outcome);
    lines += ",\"request\":" + row.request + ",\"response\":";
    append_json_string(lines, row.response);
    lines += ",\"answer\":";
    append_json_string(lines, answer_text(row));
    lines += ",\"scores\":" + row.scores + ",\"error\":";
    append_json_string(lines, row.error);
    lines += "}\n";
  });
  write_file_atomically(file, lines);
}

namespace {

using nlohmann::ordered_json;

/// An id as the official files have it: a number where it is one.
ordered_json official_id(const std::string& id) {
  const bool digits =
      !id.empty() && id.size() < 19 &&
      std::all_of(id.begin(), id.end(), [](char c) { return c >= '0' && c <= '9'; });
  return digits ? ordered_json(std::stoll(id)) : ordered_json(id);
}

/// The rows of one image's boxes.
void append_boxes(const JournalRow& row, const Answer& answer, ordered_json& rows) {
  for (const PredictedBox& predicted : answer.boxes) {
    if (predicted.category_id == PredictedBox::kNoCategory) continue;
    const Box& box = predicted.box;
    ordered_json item = {{"image_id", official_id(row.id)},
                         {"category_id", predicted.category_id},
                         {"bbox", {box.x, box.y, box.w, box.h}}};
    if (predicted.score) item["score"] = *predicted.score;
    rows.push_back(std::move(item));
  }
}

/// The rows of one image's masks.
void append_masks(const JournalRow& row, const Answer& answer, ordered_json& rows) {
  for (const PredictedMask& predicted : answer.masks) {
    ordered_json item = {{"image_id", official_id(row.id)},
                         {"category_id", predicted.category_id},
                         {"segmentation", to_coco_json(predicted.segmentation)}};
    if (predicted.score) item["score"] = *predicted.score;
    rows.push_back(std::move(item));
  }
}

void append_official(const Task& task, const JournalRow& row, const Answer& answer,
                     ordered_json& rows) {
  using Shape = PredictionFormat::Shape;
  const PredictionFormat& format = task.predictions;
  if (format.shape == Shape::kTexts) {
    rows.push_back({{format.id_field, official_id(row.id)}, {format.text_field, answer.text}});
  }
  if (format.shape == Shape::kGroundings && !answer.boxes.empty()) {
    const Box& box = answer.boxes.front().box;
    rows.push_back({{"sent_id", official_id(row.id)}, {"bbox", {box.x, box.y, box.w, box.h}}});
  }
  if (format.shape == Shape::kGroundedMasks && !answer.masks.empty()) {
    rows.push_back({{"sent_id", official_id(row.id)},
                    {"segmentation", to_coco_json(answer.masks.front().segmentation)}});
  }
  if (format.shape == Shape::kDetections) append_boxes(row, answer, rows);
  if (format.shape == Shape::kMasks) append_masks(row, answer, rows);
}

}  // namespace

void write_predictions(const Task& task, const Journal& journal, int journal_task,
                       const std::filesystem::path& file) {
  ordered_json rows = ordered_json::array();
  journal.for_each(journal_task, [&](const JournalRow& row) {
    const bool ok = row.outcome == name_of(Outcome::kOk);
    append_official(task, row, ok ? decode_answer(task.kind, answer_text(row)) : Answer{}, rows);
  });
  write_file_atomically(file, rows.dump(-1, ' ', false, ordered_json::error_handler_t::replace));
}

}  // namespace sightline
