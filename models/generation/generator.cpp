#include "models/generation/generator.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

namespace sightline {

Generator::Generator(Network& network, const PromptStyle& style, const GeneratorSettings& settings)
    : network_(network),
      settings_(settings),
      images_(settings.sharing.share ? settings.sharing.feature_bytes : 0),
      parts_{network_, style, images_, settings.seed, settings.video},
      runner_(network_, active_, images_, settings.sharing, statistics_) {}

void Generator::serve(Exchange& exchange) {
  active_.clear();
  paused_.clear();
  preparer_ = std::make_unique<Preparer>(parts_, settings_.threads);
  batch_ = exchange.batch() > 0 ? exchange.batch() : settings_.max_batch;
  while (fetch(exchange)) {
    while (admit(exchange)) {
      runner_.start();
      give_finished(exchange);
    }
    runner_.decode();
    give_finished(exchange);
  }
  preparer_.reset();
}

/// Takes what will soon be needed. False when everything is done.
bool Generator::fetch(Exchange& exchange) {
  const std::size_t ahead = std::min(batch_, 4 * settings_.threads);
  const std::size_t in_hand = active_.size() + paused_.size() + preparer_->size();
  const std::size_t room = batch_ + ahead - std::min(batch_ + ahead, in_hand);
  if (room == 0) return true;
  preparer_->submit(exchange.take(room, false));
  if (active_.size() + paused_.size() + preparer_->size() > 0) return true;
  preparer_->submit(exchange.take(1, true));
  return preparer_->size() > 0;
}

/// Makes waiting requests active while there is room for them; false when none was.
bool Generator::admit(Exchange& exchange) {
  const std::size_t before = active_.size();
  while (active_.size() < most_active()) {
    std::unique_ptr<Sequence> sequence = next_sequence(exchange);
    if (sequence == nullptr) break;
    active_.push_back(std::move(sequence));
  }
  return active_.size() > before;
}

std::size_t Generator::most_active() const {
  return std::min(batch_, runner_.most_sequences());
}

/// Null when none is ready; then it waits only if there is nothing else to do.
std::unique_ptr<Sequence> Generator::next_sequence(Exchange& exchange) {
  if (!paused_.empty()) {
    std::unique_ptr<Sequence> sequence = std::move(paused_.front());
    paused_.pop_front();
    sequence->resume();
    return sequence;
  }
  while (std::optional<PreparedRequest> prepared = preparer_->next(active_.empty())) {
    if (!prepared->failure) {
      return std::make_unique<Sequence>(*std::move(prepared), network_,
                                        settings_.skip_special_tokens);
    }
    prepared->failure->seconds = prepared->seconds;
    ++statistics_.requests;
    std::vector<Request> request;
    request.push_back(std::move(prepared->request));
    exchange.give(std::move(request), {*std::move(prepared->failure)});
  }
  return nullptr;
}

/// Hands back what is done, and puts what has no memory among those that wait.
void Generator::give_finished(Exchange& exchange) {
  std::vector<Request> requests;
  std::vector<Response> responses;
  for (std::unique_ptr<Sequence>& sequence : active_) {
    if (sequence->paused()) paused_.push_back(std::move(sequence));
    if (sequence == nullptr || !sequence->done()) continue;
    runner_.keep_prefix(*sequence);
    auto [request, response] = sequence->take_response();
    requests.push_back(std::move(request));
    responses.push_back(std::move(response));
    sequence.reset();
  }
  std::erase(active_, nullptr);
  if (requests.empty()) return;
  statistics_.requests += requests.size();
  exchange.give(std::move(requests), std::move(responses));
}

}  // namespace sightline
