#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "harness/base/parallel.h"
#include "harness/engine/image_loader.h"
#include "harness/engine/progress.h"
#include "models/api/model.h"
#include "models/prompts/style.h"
#include "results/journal.h"
#include "tasks/task.h"

namespace sightline {

/// Nanoseconds spent in each stage, summed over threads.
struct StageTimes {
  std::atomic<std::int64_t> decode{0};      ///< reading and decoding images
  std::atomic<std::int64_t> preprocess{0};  ///< requests, prompts, crops
  std::atomic<std::int64_t> model{0};       ///< the model alone
  std::atomic<std::int64_t> score{0};       ///< parsing, measuring, per-sample scores
  std::atomic<std::int64_t> journal{0};     ///< transactions
};

struct PipelineSettings {
  std::size_t batch = 1;    ///< most requests a model is handed at a time
  std::size_t threads = 1;  ///< that load, and that score
  std::map<std::string, std::string> gen_kwargs;
  std::optional<int> max_new_tokens;
  bool apply_exif_orientation = false;
};

/// What a pipeline works on. All outlive it.
struct PipelineParts {
  const Task& task;
  Model& model;
  const PromptStyle& style;
  BoxGeometry geometry;
  Journal& journal;
  int journal_task;
  const std::atomic<bool>& stop;  ///< set: finish what is in flight and return
  /// Sees rows once they are in the journal; true ends the task as `stop` does. May be empty.
  std::function<bool(std::span<const JournalRow>)> enough = {};
};

/// Takes the samples of one task through load -> model -> score -> journal, with bounded queues
/// between the stages, so that memory does not grow with the data set.
///
/// Several threads load and score, the calling thread runs the model, one thread writes. Rows
/// are written as soon as the writer is free, all that wait in one transaction.
class Pipeline final : private Exchange {
 public:
  Pipeline(PipelineParts parts, PipelineSettings settings, StageTimes& times, Progress& progress);

  /// Asks the model about the samples, in this order as far as threads allow. Returns early when
  /// `stop` is set or `enough` says so. Rethrows the first error
  /// of any stage after all that was finished is in the journal.
  void run(std::span<const std::size_t> indices);

 private:
  struct Finished {
    std::vector<Request> requests;
    std::vector<Response> responses;
  };

  std::size_t batch() const override { return settings_.batch; }
  std::vector<Request> take(std::size_t most, bool wait) override;
  void give(std::vector<Request> requests, std::vector<Response> responses) override;

  void load_chunks(std::span<const std::size_t> indices);
  bool load(std::size_t index, Request& request, Response& failure);
  void load_images(Request& request);
  void finish_batches();
  JournalRow finish(Request& request, Response& response, Scorer& scorer);
  void write_rows();
  bool is_ending() const { return parts_.stop || failed_ || enough_; }
  void guard(const std::function<void()>& stage);
  void serve();

  PipelineParts parts_;
  PipelineSettings settings_;
  StageTimes& times_;
  Progress& progress_;
  bool as_text_;       // the task's kind is asked for in words
  std::size_t chunk_;  // samples a loader takes at a time
  ImageLoader images_;
  BoundedQueue<std::vector<Request>> ready_;
  BoundedQueue<Finished> finished_;
  BoundedQueue<std::vector<JournalRow>> rows_;
  std::deque<Request> left_over_;  // of a chunk larger than what the model took
  std::atomic<std::size_t> next_{0};
  std::atomic<std::int64_t> waited_{0};  // time of the model's thread not spent in the model
  std::mutex error_mutex_;
  std::exception_ptr error_;
  std::atomic<bool> failed_{false}, enough_{false};
};

}  // namespace sightline
