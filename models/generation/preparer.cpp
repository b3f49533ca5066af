#include "models/generation/preparer.h"

#include <chrono>
#include <limits>
#include <utility>

#include "harness/base/error.h"

namespace sightline {

namespace {

using Clock = std::chrono::steady_clock;

std::shared_ptr<ImageSet> image_set(const Request& request, const PreparingParts& parts) {
  if (request.images.empty()) return nullptr;
  require(parts.network.info().takes_images, "the network {} reads no images, and there are {}",
          parts.network.info().family, request.images.size());
  std::vector<std::shared_ptr<const Image>> images;
  for (const ImageInput& image : request.images) {
    require(image.pixels != nullptr, "image {} comes without pixels", image.path.string());
    images.push_back(image.pixels);
  }
  return parts.images.get(std::move(images));
}

/// The text with one placeholder for each image, or for the video that all images are together;
/// "<video>" in the user's words stands for it.
std::string wrap(const Request& request, const PreparingParts& parts) {
  if (!parts.video || request.images.empty()) {
    return parts.style.wrap(request.prompt, request.images.size());
  }
  constexpr std::string_view kVideo = "<video>", kImage = "<image>";
  std::string text = request.prompt;
  for (std::size_t at = 0; (at = text.find(kVideo, at)) != std::string::npos; at += kImage.size()) {
    text.replace(at, kVideo.size(), kImage);
  }
  return parts.style.wrap(text, 1);
}

void check_length(const Prompt& prompt, const NetworkInfo& info) {
  require(!prompt.ids.empty(), "the prompt has no tokens");
  if (info.max_positions == 0 || prompt.ids.size() < info.max_positions) return;
  fail(
      "the prompt has {} tokens, {} of them of images, which leaves no room for an answer in the "
      "{} positions of the network {}",
      prompt.ids.size(), prompt.vision_rows.size(), info.max_positions, info.family);
}

void fill(PreparedRequest& prepared, const PreparingParts& parts) {
  const Request& request = prepared.request;
  prepared.plan = plan_decoding(request.decoding, parts.seed);
  prepared.images = image_set(request, parts);
  std::vector<ImageLayout> layouts;
  if (prepared.images) layouts = prepared.images->process(parts.network, parts.video);
  prepared.prompt = parts.network.prompt(wrap(request, parts), layouts);
  check_length(prepared.prompt, parts.network.info());
}

}  // namespace

PreparedRequest prepare(Request request, const PreparingParts& parts) {
  const Clock::time_point start = Clock::now();
  PreparedRequest prepared;
  prepared.request = std::move(request);
  try {
    fill(prepared, parts);
  } catch (const UsageError&) {
    throw;
  } catch (const Error& error) {
    prepared.failure = failed_response(Outcome::kBadInput, error.what());
  } catch (const std::bad_alloc&) {
    prepared.failure = failed_response(Outcome::kOom, "no memory to process the images");
  }
  prepared.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  return prepared;
}

Preparer::Preparer(const PreparingParts& parts, std::size_t threads)
    : parts_(parts), jobs_(std::numeric_limits<std::size_t>::max()) {
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

Preparer::~Preparer() {
  stopping_ = true;
  jobs_.close();
  for (std::thread& thread : threads_) thread.join();
}

void Preparer::submit(std::vector<Request> requests) {
  for (Request& request : requests) {
    Job job([this, request = std::move(request)]() mutable {
      return prepare(std::move(request), parts_);
    });
    results_.push_back(job.get_future());
    jobs_.push(std::move(job));
  }
}

std::optional<PreparedRequest> Preparer::next(bool wait) {
  if (results_.empty()) return std::nullopt;
  if (threads_.empty()) (*jobs_.try_pop())();
  const bool ready =
      results_.front().wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  if (!ready && !wait) return std::nullopt;
  std::future<PreparedRequest> result = std::move(results_.front());
  results_.pop_front();
  return result.get();
}

void Preparer::work() {
  while (std::optional<Job> job = jobs_.pop()) {
    if (!stopping_) (*job)();
  }
}

}  // namespace sightline
