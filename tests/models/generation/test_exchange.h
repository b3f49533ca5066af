#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/rng.h"
#include "models/api/model.h"

namespace sightline::testing {

/// Offers requests and notes the answers, in the order in which they come.
class TestExchange final : public Exchange {
 public:
  explicit TestExchange(std::vector<Request> requests, std::size_t batch = 0)
      : requests_(requests.begin(), requests.end()), batch_(batch) {}

  std::size_t batch() const override { return batch_; }

  std::vector<Request> take(std::size_t most, bool wait) override {
    if (wait) {
      ++waits;
      require(in_hand == 0, "the model waits for more with {} requests unanswered", in_hand);
    } else {
      most = std::min(most, drip);
    }
    std::vector<Request> taken;
    while (!requests_.empty() && taken.size() < most) {
      taken.push_back(std::move(requests_.front()));
      requests_.pop_front();
    }
    in_hand += taken.size();
    most_in_hand = std::max(most_in_hand, in_hand);
    return taken;
  }

  void give(std::vector<Request> requests, std::vector<Response> responses) override {
    require(requests.size() == responses.size(), "{} answers to {} requests", responses.size(),
            requests.size());
    for (std::size_t i = 0; i < requests.size(); ++i) {
      require(answers.emplace(requests[i].id, std::move(responses[i])).second, "{} came twice",
              requests[i].id);
      order.push_back(requests[i].id);
      if (on_answer) on_answer(requests[i].id);
    }
    in_hand -= requests.size();
  }

  std::map<std::string, Response> answers;
  std::vector<std::string> order;
  std::size_t drip = 1000;  ///< most that come without waiting
  std::size_t waits = 0, in_hand = 0, most_in_hand = 0;
  std::function<void(const std::string& id)> on_answer;

 private:
  std::deque<Request> requests_;
  std::size_t batch_;
};

/// A request with a prompt of its own and `images`.
inline Request request_of(const std::string& id, const std::string& prompt, int max_new_tokens = 20,
                          std::vector<std::shared_ptr<const Image>> images = {}) {
  Request request;
  request.id = id;
  request.prompt = prompt;
  request.decoding.max_new_tokens = max_new_tokens;
  request.decoding.with_generation = true;
  for (auto& image : images) {
    ImageInput& input = request.images.emplace_back();
    input.path = "image.png";
    input.width = image->width;
    input.height = image->height;
    input.pixels = std::move(image);
  }
  return request;
}

/// Images whose pixels depend on `number` alone.
inline std::shared_ptr<const Image> image_of(std::uint64_t number, int height = 2) {
  Image image = black_image(3, height);
  Rng random(number);
  for (std::uint8_t& sample : image.pixels) sample = static_cast<std::uint8_t>(random.next());
  return std::make_shared<const Image>(std::move(image));
}

}  // namespace sightline::testing
