#include "harness/engine/pipeline.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>

#include "harness/base/error.h"
#include "harness/base/json_text.h"
#include "harness/engine/answer_codec.h"
#include "harness/media/decode.h"

namespace sightline {

namespace {

using Clock = std::chrono::steady_clock;

/// Adds the time of its scope to a counter.
class Timer {
 public:
  explicit Timer(std::atomic<std::int64_t>& total) : total_(total) {}
  ~Timer() {
    total_ += std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start_).count();
  }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

 private:
  std::atomic<std::int64_t>& total_;
  const Clock::time_point start_ = Clock::now();
};

bool answers(const ModelInfo& info, Kind kind) {
  return std::find(info.kinds.begin(), info.kinds.end(), kind) != info.kinds.end();
}

/// Images one by one, so that threads share them evenly; words in larger portions.
std::size_t chunk_size(const PipelineParts& parts) {
  constexpr std::size_t kWords = 512, kWatched = 16;  // little is asked for in vain
  if (parts.model.info().opens_images) return 1;
  return parts.enough ? kWatched : kWords;
}

std::size_t ready_capacity(std::size_t chunk, const PipelineSettings& settings) {
  if (chunk > 1) return 8;
  return std::max(2 * settings.batch, 2 * settings.threads);
}

/// {"prompt": ..., "images": [...]}, and for boxes the "size" of the image they lie in.
std::string describe(const Request& request) {
  std::string json = "{\"prompt\":";
  append_json_string(json, request.prompt.empty() ? request.text : request.prompt);
  if (!request.images.empty()) json += ",\"images\":[";
  for (std::size_t i = 0; i < request.images.size(); ++i) {
    if (i > 0) json += ',';
    append_json_string(json, request.images[i].path.filename().native());
  }
  if (!request.images.empty()) json += ']';
  const bool boxes = request.kind == Kind::kDetect || request.kind == Kind::kGround;
  if (boxes && !request.images.empty()) {
    json += fmt::format(",\"size\":[{},{}]", request.images[0].width, request.images[0].height);
  }
  return json + "}";
}

std::string describe(const SampleScore& score) {
  std::string json = "{";
  for (const auto& [key, value] : score) {
    if (json.size() > 1) json += ',';
    append_json_string(json, key);
    json += ':';
    append_json_number(json, value);
  }
  return json + "}";
}

/// A scorer used for the scores of single samples. It is replaced now and then, because a scorer
/// remembers all it has seen.
class SampleScorer {
 public:
  explicit SampleScorer(const Task& task) : task_(task) {}
  Scorer& get() {
    if (!scorer_ || ++uses_ % kUses == 0) scorer_ = task_.new_scorer(task_.rules.front());
    return *scorer_;
  }

 private:
  static constexpr std::size_t kUses = 1 << 16;
  const Task& task_;
  std::unique_ptr<Scorer> scorer_;
  std::size_t uses_ = 0;
};

}  // namespace

Pipeline::Pipeline(PipelineParts parts, PipelineSettings settings, StageTimes& times,
                   Progress& progress)
    : parts_(parts),
      settings_(std::move(settings)),
      times_(times),
      progress_(progress),
      as_text_(!answers(parts.model.info(), parts.task.kind)),
      chunk_(chunk_size(parts_)),
      images_(
          [this](const std::filesystem::path& path) {
            const DecodeOptions options{.apply_exif_orientation = settings_.apply_exif_orientation};
            Image stored = [&] {
              const Timer timer(times_.decode);
              return read_image(path, options);
            }();
            const Timer timer(times_.preprocess);
            return parts_.task.dataset->prepare(std::move(stored));
          },
          4 * settings_.threads),
      ready_(ready_capacity(chunk_, settings_)),
      finished_(8),
      rows_(8) {
  if (as_text_ && !answers(parts_.model.info(), Kind::kText)) {
    throw UsageError(fmt::format("the model {} does not answer '{}' requests, which {} asks",
                                 parts_.model.info().name, name_of(parts_.task.kind),
                                 parts_.task.name));
  }
}

void Pipeline::guard(const std::function<void()>& stage) {
  try {
    stage();
  } catch (...) {
    const std::lock_guard lock(error_mutex_);
    if (!error_) error_ = std::current_exception();
    failed_ = true;
    ready_.close();
    finished_.close();
    rows_.close();
  }
}

void Pipeline::run(std::span<const std::size_t> indices) {
  next_ = 0;
  std::thread writer([&] { guard([&] { write_rows(); }); });
  std::vector<std::thread> finishers, loaders;
  for (std::size_t i = 0; i < settings_.threads; ++i) {
    finishers.emplace_back([&] { guard([&] { finish_batches(); }); });
    loaders.emplace_back([&, indices] { guard([&] { load_chunks(indices); }); });
  }
  std::thread closer([&] {
    for (std::thread& loader : loaders) loader.join();
    ready_.close();
  });
  std::exception_ptr model_error;
  try {
    serve();
  } catch (...) {
    model_error = std::current_exception();
  }
  next_ = indices.size();
  ready_.close();
  closer.join();
  finished_.close();
  for (std::thread& finisher : finishers) finisher.join();
  rows_.close();
  writer.join();
  if (error_) std::rethrow_exception(error_);
  if (model_error) std::rethrow_exception(model_error);
}

void Pipeline::serve() {
  const Clock::time_point start = Clock::now();
  parts_.model.serve(*this);
  const auto all = std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start);
  times_.model += all.count() - waited_;
}

std::vector<Request> Pipeline::take(std::size_t most, bool wait) {
  const Timer timer(waited_);
  most = std::min(most, settings_.batch);
  std::vector<Request> taken;
  while (taken.size() < most && !is_ending()) {
    if (left_over_.empty()) {
      std::optional<std::vector<Request>> chunk = wait ? ready_.pop() : ready_.try_pop();
      if (!chunk) break;
      left_over_.assign(std::make_move_iterator(chunk->begin()),
                        std::make_move_iterator(chunk->end()));
    }
    const std::size_t count = std::min(most - taken.size(), left_over_.size());
    const auto end = left_over_.begin() + static_cast<std::ptrdiff_t>(count);
    std::move(left_over_.begin(), end, std::back_inserter(taken));
    left_over_.erase(left_over_.begin(), end);
  }
  return taken;
}

void Pipeline::give(std::vector<Request> requests, std::vector<Response> responses) {
  const Timer timer(waited_);
  require(requests.size() == responses.size(), "{} responses to {} requests", responses.size(),
          requests.size());
  finished_.push({std::move(requests), std::move(responses)});
}

void Pipeline::load_chunks(std::span<const std::size_t> indices) {
  while (!is_ending()) {
    const std::size_t begin = next_.fetch_add(chunk_);
    if (begin >= indices.size()) return;
    std::vector<Request> loaded;
    Finished unusable;
    for (const std::size_t index :
         indices.subspan(begin, std::min(chunk_, indices.size() - begin))) {
      Request request;
      Response failure;
      if (load(index, request, failure)) {
        loaded.push_back(std::move(request));
      } else {
        unusable.requests.push_back(std::move(request));
        unusable.responses.push_back(std::move(failure));
      }
    }
    if (!unusable.requests.empty()) finished_.push(std::move(unusable));
    if (!loaded.empty() && !ready_.push(std::move(loaded))) return;
  }
}

bool Pipeline::load(std::size_t index, Request& request, Response& failure) {
  request.ticket = index;
  try {
    {
      const Timer timer(times_.preprocess);
      request = parts_.task.dataset->request(index);
      if (settings_.max_new_tokens) request.decoding.max_new_tokens = *settings_.max_new_tokens;
      request.decoding.extra = settings_.gen_kwargs;
    }
    if (parts_.model.info().opens_images) load_images(request);
    if (as_text_ || request.kind == Kind::kText) request.prompt = parts_.style.compose(request);
    if (as_text_) request.kind = Kind::kText;
    return true;
  } catch (const UsageError&) {
    throw;
  } catch (const Error& error) {
    if (request.id.empty()) request.id = parts_.task.dataset->id(index);
    failure = failed_response(Outcome::kBadInput, error.what());
    return false;
  }
}

void Pipeline::load_images(Request& request) {
  const bool pixels = parts_.model.info().wants_pixels || request.kind == Kind::kReconstruct;
  for (ImageInput& image : request.images) {
    image.path = std::filesystem::absolute(image.path);
    if (pixels) {
      image.pixels = images_.load(image.path);
      image.width = image.pixels->width;
      image.height = image.pixels->height;
    } else {
      const Timer timer(times_.decode);
      const ImageInfo info = probe_image_file(image.path);
      image.width = info.width;
      image.height = info.height;
    }
  }
}

void Pipeline::finish_batches() {
  SampleScorer scorer(parts_.task);
  while (std::optional<Finished> batch = finished_.pop()) {
    const Timer timer(times_.score);
    std::vector<JournalRow> rows;
    rows.reserve(batch->requests.size());
    for (std::size_t i = 0; i < batch->requests.size(); ++i) {
      rows.push_back(finish(batch->requests[i], batch->responses[i], scorer.get()));
    }
    rows_.push(std::move(rows));
  }
}

JournalRow Pipeline::finish(Request& request, Response& response, Scorer& scorer) {
  request.kind = parts_.task.kind;
  Answer answer;
  if (response.outcome == Outcome::kOk && response.answer) {
    answer = std::move(*response.answer);
  } else if (response.outcome == Outcome::kOk) {
    ParsedAnswer parsed = parts_.style.parse(request, response.text, parts_.geometry);
    response.outcome = parsed.outcome;
    response.error = std::move(parsed.reason);
    answer = std::move(parsed.answer);
  }
  if (response.outcome == Outcome::kOk) {
    try {
      if (parts_.task.check) parts_.task.check(request.ticket, answer);
      if (parts_.task.measure) parts_.task.measure(request.ticket, answer);
    } catch (const Error& error) {
      response.outcome = Outcome::kParseFail;
      response.error = error.what();
      answer = {};
    }
  }
  JournalRow row{.index = request.ticket, .id = std::move(request.id)};
  row.outcome = name_of(response.outcome);
  row.request = describe(request);
  row.answer = encode_answer(request.kind, answer);
  row.response = std::move(response.text);
  if (row.answer == row.response) row.answer.clear();
  row.error = std::move(response.error);
  row.prompt_tokens = response.prompt_tokens;
  row.generated_tokens = response.generated_tokens;
  row.seconds = response.seconds;
  const SampleScore score =
      parts_.task.has_references ? scorer.update(row.index, answer) : SampleScore{};
  row.scores = describe(score);
  const bool scored = !score.empty() && std::isfinite(score.front().second);
  progress_.add(1, response.outcome == Outcome::kOk ? 0 : 1, scored ? score.front().second : 0.0,
                scored ? 1 : 0);
  return row;
}

void Pipeline::write_rows() {
  constexpr std::size_t kMostRows = 1 << 15;
  while (std::optional<std::vector<JournalRow>> rows = rows_.pop()) {
    while (rows->size() < kMostRows) {
      std::optional<std::vector<JournalRow>> more = rows_.try_pop();
      if (!more) break;
      std::move(more->begin(), more->end(), std::back_inserter(*rows));
    }
    const Timer timer(times_.journal);
    parts_.journal.append(parts_.journal_task, *rows);
    if (parts_.enough && parts_.enough(*rows)) enough_ = true;
  }
}

}  // namespace sightline
