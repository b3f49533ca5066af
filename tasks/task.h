#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "metrics/bootstrap.h"
#include "metrics/metric_value.h"
#include "models/api/predictions.h"
#include "models/api/request.h"
#include "models/api/response.h"

namespace sightline {

class Registry;       // models/api/registry.h
struct FeatureCache;  // tasks/feature_cache.h

/// The samples of a task: const, callable from several threads.
class Dataset {
 public:
  virtual ~Dataset() = default;
  virtual std::size_t size() const = 0;
  /// The sample's id, stable across runs and machines ("262148000").
  virtual std::string id(std::size_t index) const = 0;
  /// A second id under which a prediction may stand for several samples ("ref:17"); "": none.
  virtual std::string group_id(std::size_t /*index*/) const { return ""; }
  /// Samples of one image share a cluster; numbers are dense from 0.
  virtual std::uint32_t cluster(std::size_t index) const = 0;
  /// The question to a model, without `prompt` and without pixels.
  virtual Request request(std::size_t index) const = 0;
  /// File -> SHA-256 of what was read.
  virtual std::map<std::string, std::string> hashes() const = 0;
  /// Throws `Error` for a prediction that no sample of the data set can have: a box of a category
  /// that it lacks. For files of predictions; what a model makes up is its own.
  virtual void check_prediction(std::size_t /*index*/, const Answer& /*answer*/) const {}
  /// The pixels a model gets for a stored image: the image itself, or for reconstruction what the
  /// protocol's crop and resize make of it.
  virtual Image prepare(Image stored) const { return stored; }
};

/// Per-sample numbers, metric key first.
using SampleScore = std::vector<std::pair<std::string_view, double>>;

/// What a task comes to under one set of rules.
struct TaskScores {
  std::vector<MetricValue> metrics;  ///< headline first
  Breakdowns breakdowns;
};

/// A task's accumulators over (sample, answer). Updates come in data-set order within one scorer.
class Scorer {
 public:
  virtual ~Scorer() = default;
  /// Adds the sample; a missing answer is an empty one. Returns the sample's own scores.
  virtual SampleScore update(std::size_t index, const Answer& answer) = 0;
  /// Adds what `next` has seen: samples behind these. Merging any split equals one pass.
  virtual void merge(Scorer& next) = 0;
  virtual TaskScores compute() const = 0;
  /// The metrics that are no means over samples, by key, and what they are on resampled images;
  /// none for a task that has no such metric.
  virtual std::map<std::string, ResampledNumber> resampled(const Bootstrap& /*bootstrap*/) const {
    return {};
  }
};

/// What a sample is scored against, for people who look at its answer. Never part of a request.
struct SampleReference {
  /// An object of the sample's image, in pixels of the image as stored.
  struct LabelledBox {
    Box box;
    std::string label;  ///< its category; may be empty
  };
  std::vector<std::string> texts;  ///< accepted answers or captions, as often as people gave them
  std::vector<LabelledBox> boxes;
};

/// Where a task's files are: a root with the official layout, or files named one by one.
struct TaskSources {
  std::filesystem::path data_root;
  std::filesystem::path annotations, questions, refs, images;  ///< empty: from `data_root`
  std::filesystem::path weights;  ///< folder of network weights; empty: the usual places
  Registry* registry = nullptr;   ///< opens the networks of metrics; null: those are not computed
  std::filesystem::path cache;    ///< folder for `features` between runs; empty: nothing is kept
  /// Keeps features of originals between runs; null: they are computed each time.
  const FeatureCache* features = nullptr;
  bool for_scoring = false;  ///< read only what scoring needs: no questions, no images
};

/// An option of a task: part of the protocol.
struct TaskOption {
  std::string name, fallback, meaning;
  std::vector<std::string> choices;  ///< empty: any value
};

/// A task that is ready to run.
struct Task {
  std::string name;     ///< with its options where they are not the defaults
  std::string version;  ///< changes with whatever moves a score
  Kind kind = Kind::kText;
  std::vector<std::string> rules;               ///< names of scoring rules, the default first
  std::map<std::string, std::string> protocol;  ///< split, options, decoding: what a score means
  PredictionFormat predictions;
  std::shared_ptr<const Dataset> dataset;
  std::function<std::unique_ptr<Scorer>(const std::string& rules)> new_scorer;
  bool scored_in_order = false;  ///< one scorer sees all samples: a merge would round otherwise
  bool has_references = true;    ///< false: a submission file only
  /// Captions: what people wrote about the image of a sample. Empty for other tasks.
  std::function<std::span<const std::string>(std::size_t index)> references;
  /// What the sample is scored against, to be shown. Callable from several threads. Empty for tasks
  /// without public references and for reconstruction, whose reference is the image.
  std::function<SampleReference(std::size_t index)> reference;
  bool rates_sentences = false;  ///< captions are paragraphs, whose sentences are rated or judged
  /// Reconstruction: compares the image of the answer with the original and leaves the numbers in
  /// `answer.reconstruction.measured`; callable from several threads. Empty for other tasks.
  std::function<void(std::size_t index, Answer& answer)> measure;
  /// Throws `Error` for an answer that cannot be one to the sample, such as a mask of another size
  /// than its image: a run charges it to that sample. Callable from several threads; may be empty.
  std::function<void(std::size_t index, const Answer& answer)> check;
};

/// A declaration: what `list tasks` shows, and how to open it.
struct TaskDeclaration {
  std::string name;
  std::string summary;
  std::vector<std::string> files;    ///< under the data root
  std::vector<std::string> metrics;  ///< keys
  std::vector<TaskOption> options;
  PredictionFormat predictions;  ///< how official predictions look
  using Options = std::map<std::string, std::string>;
  /// Values of the option `kProtocolOption` and the fallbacks of other options under each: what is
  /// chosen beside a protocol refines it.
  std::map<std::string, Options> protocols = {};
  std::function<Task(const TaskSources&, const Options&)> open;
};

/// The option whose values are the protocols of a declaration.
inline constexpr const char* kProtocolOption = "protocol";

/// A task's name and the options in brackets behind it: "textvqa_val[ocr=on]".
struct TaskChoice {
  std::string name;
  TaskDeclaration::Options options;
};
/// Splits "a,b[x=1,y=2]" into choices. Throws `UsageError`.
std::vector<TaskChoice> parse_task_choices(std::string_view text);

/// The option that every task has: "on" turns images upright. Published numbers are without.
inline constexpr const char* kExifRotation = "exif_rotation";

/// All tasks by name. A value, built once; own task files add to it.
class TaskTable {
 public:
  void add(TaskDeclaration declaration);
  const std::vector<TaskDeclaration>& all() const { return declarations_; }
  /// Throws `UsageError` naming the nearest known task.
  const TaskDeclaration& find(const std::string& name) const;
  /// Opens a task with all its options filled in. Throws `UsageError` for an unknown option.
  Task open(const TaskChoice& choice, const TaskSources& sources) const;

 private:
  std::vector<TaskDeclaration> declarations_;
};

/// The tasks that come with Sightline.
TaskTable standard_tasks();

}  // namespace sightline
