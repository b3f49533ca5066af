#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <filesystem>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "models/adapters/image_drop.h"
#include "models/adapters/process_model.h"

namespace sightline {

/// One `ProcessModel::serve`: what the program has been asked and has not answered.
class ProcessConversation {
 public:
  ProcessConversation(ProcessModel& model, Exchange& exchange);
  /// Ends the program if it still owes answers: they must not meet the next conversation.
  ~ProcessConversation();
  ProcessConversation(const ProcessConversation&) = delete;
  ProcessConversation& operator=(const ProcessConversation&) = delete;

  /// Until the exchange has no more requests and all are answered.
  void run();

 private:
  using Clock = std::chrono::steady_clock;

  /// A request that the program has, or is to get again.
  struct Pending {
    Request request;
    Kind asked = Kind::kText;
    std::filesystem::path image;  ///< kReconstruct: the prepared pixels
    int failures = 0;             ///< times the program failed while it had this
    std::size_t number = 0;       ///< order in which the exchange gave them
  };

  /// Why the program has to be started again; kOk: it has not.
  struct Fault {
    Outcome outcome = Outcome::kOk;
    std::string what;
  };

  struct Answered;

  bool ask_more();
  void send_new(std::vector<Request> requests);
  static void drop_image(const Pending& pending);
  void send(Pending pending);
  void ensure_running();
  std::chrono::milliseconds patience() const;
  Fault listen();
  Fault match(const std::vector<std::string>& lines, std::vector<Answered>& answered);
  void give(std::vector<Answered> answered);
  void give_failure(Pending pending, Response response);
  void start_over(const Fault& fault);
  std::shared_ptr<const CategoryNames> names_of(const Request& request);

  ProcessModel& model_;
  Exchange& exchange_;
  ImageDrop images_;
  std::unordered_map<std::string, Pending> unanswered_;  ///< by the id on the wire
  std::deque<Pending> suspects_;  ///< unanswered at a failure: to be sent one at a time
  std::shared_ptr<const CategoryNames> names_;
  std::size_t taken_ = 0;
  Clock::time_point last_sign_;  ///< of the last answer, or the first request after idleness
};

}  // namespace sightline
