#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "harness/base/parallel.h"
#include "models/api/request.h"
#include "models/api/response.h"
#include "models/generation/decoding_plan.h"
#include "models/generation/image_store.h"
#include "models/generation/network.h"
#include "models/prompts/style.h"

namespace sightline {

/// A request as the network is to see it, or why it cannot be.
struct PreparedRequest {
  Request request;
  DecodingPlan plan;
  Prompt prompt;
  std::shared_ptr<ImageSet> images;  ///< processed; null without images
  std::optional<Response> failure;
  double seconds = 0;
};

/// What requests are prepared with. All outlive the preparer.
struct PreparingParts {
  const Network& network;
  const PromptStyle& style;
  ImageStore& images;
  std::uint64_t seed = 0;  ///< of requests that bring none
  bool video = false;      ///< the images of a request are the frames of one video
};

/// Plan, images and prompt of one request. What is wrong with the sample (images refused, too long
/// a prompt) is its failure; a `UsageError` is about all of them and is thrown.
PreparedRequest prepare(Request request, const PreparingParts& parts);

/// Prepares requests on threads of its own, so that the network need not wait for images.
class Preparer {
 public:
  /// Without threads the work is done in `next`.
  Preparer(const PreparingParts& parts, std::size_t threads);
  /// What has not been begun is dropped.
  ~Preparer();
  Preparer(const Preparer&) = delete;
  Preparer& operator=(const Preparer&) = delete;

  void submit(std::vector<Request> requests);
  /// Requests that came in and did not go out.
  std::size_t size() const { return results_.size(); }
  /// The next in order: with `wait` unless there is none; otherwise if it is ready.
  std::optional<PreparedRequest> next(bool wait);

 private:
  using Job = std::packaged_task<PreparedRequest()>;

  void work();

  PreparingParts parts_;
  std::deque<std::future<PreparedRequest>> results_;
  BoundedQueue<Job> jobs_;
  std::atomic<bool> stopping_{false};
  std::vector<std::thread> threads_;
};

}  // namespace sightline
