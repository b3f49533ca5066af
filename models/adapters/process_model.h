#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "models/adapters/child_process.h"
#include "models/adapters/process_protocol.h"
#include "models/api/model.h"
#include "models/api/registry.h"

namespace sightline {

struct ProcessOptions {
  std::string command;    ///< for /bin/sh -c
  std::string task;       ///< told to the program
  std::string precision;  ///< told to the program
  Kind kind = Kind::kText;
  std::chrono::milliseconds startup_timeout = std::chrono::seconds(600);
  std::chrono::milliseconds timeout = std::chrono::seconds(300);  ///< longest silence
  int retries = 2;  ///< times a request that ended the program alone is sent again
  std::size_t max_line_bytes = std::size_t{256} << 20;
};

/// The model `process`: a program that speaks JSON lines on stdin and stdout (process_protocol.h).
///
/// Up to the program's `max_batch` requests are with it at a time, and answers come in any order.
/// When it ends, writes what is no answer, or is silent for `timeout` with requests unanswered, it
/// is started again, and those requests are sent one at a time, so that only the one it fails on
/// is charged: after `1 + retries` failures, the last of them alone, with
///   kCrashed     the program ended or closed its stdout,
///   kTimeout     it was silent,
///   kModelError  it wrote a line that is no JSON object, or longer than `max_line_bytes`, or
///                with an id that is none of the unanswered requests.
class ProcessModel final : public Model {
 public:
  /// Starts the program and waits for its handshake. Throws `StopError` with the last lines of the
  /// program's stderr when that does not come, `UsageError` when it cannot do what the task asks.
  explicit ProcessModel(ProcessOptions options);
  ~ProcessModel() override;

  const ModelInfo& info() const override { return info_; }
  /// Throws `StopError` when the program cannot be started again, or comes back as another model.
  /// Calls `exchange.take(0, false)` at least ten times a second while it waits for answers, so
  /// that the exchange can end the run by throwing.
  void serve(Exchange& exchange) override;
  /// Settings of the command line that take precedence over what the program says of itself.
  void set_text_arguments(ModelArgs& args);

 private:
  friend class ProcessConversation;
  ProcessHello start();
  ProcessHello await_hello();
  void start_again();

  ProcessOptions options_;
  ProcessHello hello_;
  ModelInfo info_;
  std::unique_ptr<ChildProcess> child_;  ///< null while there is nothing to ask
};

/// `command=`, `startup_timeout=`, `timeout=` (seconds), `retries=`, `prompt_style=`, `geometry=`.
std::unique_ptr<Model> open_process(ModelSettings settings);

}  // namespace sightline
