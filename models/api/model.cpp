#include "models/api/model.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "harness/base/error.h"

namespace sightline {

void BatchModel::serve(Exchange& exchange) {
  for (;;) {
    std::vector<Request> requests = exchange.take(info().max_batch, true);
    if (requests.empty()) return;
    std::vector<Response> responses = with_context(
        [&] {
          return fmt::format("asking {} for {} answers from sample {} on", info().name,
                             requests.size(), requests.front().id);
        },
        [&] { return answer(requests); });
    require(responses.size() == requests.size(), "model {} gave {} answers to {} requests",
            info().name, responses.size(), requests.size());
    exchange.give(std::move(requests), std::move(responses));
  }
}

namespace {

/// Offers a list of requests and collects the responses in its order; tickets are positions.
class ListExchange final : public Exchange {
 public:
  explicit ListExchange(std::vector<Request> requests)
      : requests_(std::move(requests)), responses_(requests_.size()) {
    for (std::size_t i = 0; i < requests_.size(); ++i) requests_[i].ticket = i;
  }

  std::vector<Request> take(std::size_t most, bool) override {
    const std::size_t count = std::min(most, requests_.size() - taken_);
    const auto first = requests_.begin() + static_cast<std::ptrdiff_t>(taken_);
    taken_ += count;
    return {std::make_move_iterator(first),
            std::make_move_iterator(first + static_cast<std::ptrdiff_t>(count))};
  }

  void give(std::vector<Request> requests, std::vector<Response> responses) override {
    require(requests.size() == responses.size(), "{} answers to {} requests", responses.size(),
            requests.size());
    for (std::size_t i = 0; i < requests.size(); ++i) {
      responses_.at(requests[i].ticket) = std::move(responses[i]);
    }
    given_ += requests.size();
  }

  std::vector<Response> responses(const std::string& model) && {
    require(given_ == responses_.size(), "model {} answered {} of {} requests", model, given_,
            responses_.size());
    return std::move(responses_);
  }

 private:
  std::vector<Request> requests_;
  std::vector<Response> responses_;
  std::size_t taken_ = 0;
  std::size_t given_ = 0;
};

}  // namespace

std::vector<Response> ask(Model& model, std::vector<Request> requests) {
  ListExchange exchange(std::move(requests));
  model.serve(exchange);
  return std::move(exchange).responses(model.info().name);
}

}  // namespace sightline
