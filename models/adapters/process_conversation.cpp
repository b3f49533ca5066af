#include "models/adapters/process_conversation.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "harness/base/error.h"
#include "harness/base/parallel.h"

namespace sightline {

using std::chrono::milliseconds;

/// An answer line and the request it belongs to.
struct ProcessConversation::Answered {
  Pending pending;
  nlohmann::json line;
  std::shared_ptr<const CategoryNames> names;
};

ProcessConversation::ProcessConversation(ProcessModel& model, Exchange& exchange)
    : model_(model), exchange_(exchange) {}

ProcessConversation::~ProcessConversation() {
  if (!unanswered_.empty()) model_.child_.reset();
}

void ProcessConversation::run() {
  while (ask_more()) {
    if (unanswered_.empty()) continue;
    const Fault fault = listen();
    if (fault.outcome != Outcome::kOk) start_over(fault);
  }
}

/// Sends what may be sent now; false when there is nothing left to do.
bool ProcessConversation::ask_more() {
  if (suspects_.empty()) {
    const std::size_t room = model_.hello_.max_batch - unanswered_.size();
    std::vector<Request> requests = exchange_.take(room, unanswered_.empty());
    if (requests.empty()) return !unanswered_.empty();
    send_new(std::move(requests));
    return true;
  }
  exchange_.take(0, false);
  if (unanswered_.empty()) {
    Pending next = std::move(suspects_.front());
    suspects_.pop_front();
    send(std::move(next));
  }
  return true;
}

void ProcessConversation::drop_image(const Pending& pending) {
  const Request& request = pending.request;
  require(request.images.size() == 1 && request.images[0].pixels != nullptr,
          "sample {} comes without its prepared pixels", request.id);
  ImageDrop::write(pending.image, *request.images[0].pixels);
}

void ProcessConversation::send_new(std::vector<Request> requests) {
  std::vector<Pending> pending(requests.size());
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const std::vector<Kind>& kinds = model_.hello_.kinds;
    const Kind kind = requests[i].kind;
    const bool native = std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
    pending[i] = {.request = std::move(requests[i]),
                  .asked = native ? kind : Kind::kText,
                  .image = kind == Kind::kReconstruct ? images_.place(taken_) : "",
                  .number = taken_};
    ++taken_;
  }
  const bool with_pixels = !pending[0].image.empty();
  parallel_for(with_pixels ? pending.size() : 0, 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) drop_image(pending[i]);
  });
  for (Pending& one : pending) send(std::move(one));
}

void ProcessConversation::send(Pending pending) {
  std::string wire_id = pending.request.id;
  if (wire_id.empty() || unanswered_.count(wire_id) > 0) {
    wire_id += fmt::format("#{}", pending.number);
  }
  std::string line;
  try {
    line = write_request(pending.request, pending.asked, wire_id, pending.image);
  } catch (const Error& error) {
    return give_failure(std::move(pending), failed_response(Outcome::kBadInput, error.message()));
  }
  if (unanswered_.empty()) {
    ensure_running();
    last_sign_ = Clock::now();
  }
  model_.child_->send(line);
  unanswered_.emplace(std::move(wire_id), std::move(pending));
}

/// The program may have ended, or written what nobody asked for, while it had nothing to do.
void ProcessConversation::ensure_running() {
  if (model_.child_ != nullptr) {
    const bool stray = !model_.child_->pump(milliseconds(0)).empty();
    if (!stray && !model_.child_->at_end()) return;
    spdlog::warn("{} {} while it had no request; it is started again", model_.hello_.name,
                 stray ? "wrote a line" : model_.child_->describe_end());
    model_.child_.reset();
  }
  model_.start_again();
}

/// How long to wait for the program before looking at the exchange or the clock again.
milliseconds ProcessConversation::patience() const {
  constexpr milliseconds kWithRoom{5}, kFull{100};
  const bool room = suspects_.empty() && unanswered_.size() < model_.hello_.max_batch;
  const auto left =
      std::chrono::ceil<milliseconds>(last_sign_ + model_.options_.timeout - Clock::now());
  return std::clamp(left, milliseconds(0), room ? kWithRoom : kFull);
}

ProcessConversation::Fault ProcessConversation::listen() {
  ChildProcess& child = *model_.child_;
  const std::vector<std::string> lines = child.pump(patience());
  if (!lines.empty()) {
    std::vector<Answered> answered;
    Fault fault = match(lines, answered);
    give(std::move(answered));
    if (fault.outcome != Outcome::kOk) return fault;
  }
  if (unanswered_.empty()) return {};
  if (child.line_too_long()) {
    return {Outcome::kModelError,
            fmt::format("wrote a line longer than {} bytes", model_.options_.max_line_bytes)};
  }
  if (child.at_end()) return {Outcome::kCrashed, child.describe_end()};
  if (Clock::now() - last_sign_ < model_.options_.timeout) return {};
  const double seconds = std::chrono::duration<double>(model_.options_.timeout).count();
  return {Outcome::kTimeout, fmt::format("gave no answer for {} s (timeout)", seconds)};
}

ProcessConversation::Fault ProcessConversation::match(const std::vector<std::string>& lines,
                                                      std::vector<Answered>& answered) {
  constexpr std::size_t kExcerpt = 200;
  for (const std::string& line : lines) {
    std::optional<nlohmann::json> answer = read_answer_line(line);
    if (!answer) {
      return {Outcome::kModelError,
              fmt::format("wrote a line that is no JSON object: {}", line.substr(0, kExcerpt))};
    }
    const auto id = answer->find("id");
    const auto found = id != answer->end() && id->is_string()
                           ? unanswered_.find(id->get_ref<const std::string&>())
                           : unanswered_.end();
    if (found == unanswered_.end()) {
      return {Outcome::kModelError,
              fmt::format("wrote a line whose id is that of no unanswered request: {}",
                          line.substr(0, kExcerpt))};
    }
    auto names = names_of(found->second.request);
    answered.push_back({std::move(found->second), std::move(*answer), std::move(names)});
    unanswered_.erase(found);
  }
  return {};
}

void ProcessConversation::give(std::vector<Answered> answered) {
  if (answered.empty()) return;
  const auto now = Clock::now();
  const double share = std::chrono::duration<double>(now - last_sign_).count() /
                       static_cast<double>(answered.size());
  last_sign_ = now;
  std::vector<Request> requests(answered.size());
  std::vector<Response> responses(answered.size());
  // A reconstruction brings an image to decode.
  const std::size_t grain = answered[0].pending.asked == Kind::kReconstruct ? 1 : 64;
  parallel_for(answered.size(), grain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      Pending& pending = answered[i].pending;
      responses[i] =
          read_answer(answered[i].line, pending.request, pending.asked, *answered[i].names);
      responses[i].seconds = share;
      std::error_code ignored;
      if (!pending.image.empty()) std::filesystem::remove(pending.image, ignored);
      requests[i] = std::move(pending.request);
    }
  });
  exchange_.give(std::move(requests), std::move(responses));
}

void ProcessConversation::give_failure(Pending pending, Response response) {
  std::error_code ignored;
  if (!pending.image.empty()) std::filesystem::remove(pending.image, ignored);
  std::vector<Request> requests;
  requests.push_back(std::move(pending.request));
  std::vector<Response> responses;
  responses.push_back(std::move(response));
  exchange_.give(std::move(requests), std::move(responses));
}

void ProcessConversation::start_over(const Fault& fault) {
  constexpr std::size_t kWords = 3;
  const std::string words = model_.child_->last_words(kWords);
  model_.child_.reset();
  spdlog::warn("{} {}; it is started again, {} unanswered requests are sent one at a time",
               model_.hello_.name, fault.what, unanswered_.size() + suspects_.size());
  std::vector<Pending> pending;
  for (auto& [id, one] : unanswered_) pending.push_back(std::move(one));
  unanswered_.clear();
  const bool alone = pending.size() == 1;
  std::sort(pending.begin(), pending.end(),
            [](const Pending& a, const Pending& b) { return a.number > b.number; });
  for (Pending& one : pending) {
    ++one.failures;
    if (alone && one.failures > model_.options_.retries) {
      std::string reason = fmt::format("the program {} ({} attempts)", fault.what, one.failures);
      if (!words.empty()) reason += "; its last lines on stderr:" + words;
      give_failure(std::move(one), failed_response(fault.outcome, std::move(reason)));
    } else {
      suspects_.push_front(std::move(one));
    }
  }
}

std::shared_ptr<const CategoryNames> ProcessConversation::names_of(const Request& request) {
  if (names_ == nullptr || !names_->is_of(request.categories)) {
    names_ = std::make_shared<CategoryNames>(request.categories);
  }
  return names_;
}

}  // namespace sightline
