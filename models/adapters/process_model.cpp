#include "models/adapters/process_model.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <thread>
#include <utility>

#include "harness/base/error.h"
#include "models/adapters/process_conversation.h"
#include "models/api/text_arguments.h"

namespace sightline {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

namespace {

/// How long a program may take to end after its stdin has ended.
constexpr milliseconds kFarewell{5000};

bool contains(const std::vector<Kind>& kinds, Kind kind) {
  return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

double seconds_of(milliseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

ModelInfo info_of(const ProcessHello& hello, const ProcessOptions& options) {
  ModelInfo info;
  info.name = hello.name;
  info.revision = hello.revision;
  info.precision = options.precision;
  info.hashes = hello.hashes;
  info.kinds = hello.kinds;
  info.max_batch = hello.max_batch;
  info.wants_pixels = options.kind == Kind::kReconstruct;
  if (!hello.prompt_style.empty()) info.prompt_style = hello.prompt_style;
  if (!hello.geometry.empty()) info.geometry = parse_geometry(hello.geometry);
  return info;
}

void require_able(const ProcessHello& hello, const ProcessOptions& options) {
  if (contains(hello.kinds, options.kind)) return;
  if (options.kind != Kind::kReconstruct && contains(hello.kinds, Kind::kText)) return;
  std::vector<std::string_view> kinds;
  for (const Kind kind : hello.kinds) kinds.push_back(name_of(kind));
  throw UsageError(
      fmt::format("the program '{}' answers requests of kind {}, and task {} asks for {}",
                  hello.name, fmt::join(kinds, ", "), options.task, name_of(options.kind)));
}

}  // namespace

ProcessModel::ProcessModel(ProcessOptions options) : options_(std::move(options)) {
  hello_ = start();
  require_able(hello_, options_);
  info_ = with_context([&] { return fmt::format("reading the handshake of '{}'", hello_.name); },
                       [&] { return info_of(hello_, options_); });
}

ProcessModel::~ProcessModel() {
  if (child_ != nullptr) child_->finish(kFarewell);
}

void ProcessModel::set_text_arguments(ModelArgs& args) {
  take_text_arguments(args, info_);
}

ProcessHello ProcessModel::start() {
  const std::string& command = options_.command;
  const std::string name = hello_.name.empty() ? command.substr(0, command.find(' ')) : hello_.name;
  child_ = std::make_unique<ChildProcess>(
      ChildOptions{.command = command,
                   .max_line_bytes = options_.max_line_bytes,
                   .log = [name](const std::string& line) { spdlog::info("{}: {}", name, line); }});
  child_->send(write_greeting(options_.task, options_.precision));
  try {
    return await_hello();
  } catch (const Error& error) {
    const std::string words = child_->last_words();
    child_.reset();
    throw StopError(fmt::format(
        "the program '{}' gave no handshake: {}{}{}", command, error.message(),
        words.empty() ? "; it wrote nothing to stderr" : "; its last lines on stderr:", words));
  }
}

ProcessHello ProcessModel::await_hello() {
  const auto deadline = Clock::now() + options_.startup_timeout;
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
    require(left.count() > 0, "it did not answer within {} s (startup_timeout)",
            seconds_of(options_.startup_timeout));
    const std::vector<std::string> lines = child_->pump(left);
    if (!lines.empty()) {
      ProcessHello hello = read_hello(lines.front());
      require(lines.size() == 1, "it wrote a further line before it was asked anything: {}",
              lines.back());
      return hello;
    }
    require(!child_->line_too_long(), "its first line has no end");
    if (child_->at_end()) fail("it {} before it answered", child_->describe_end());
  }
}

void ProcessModel::start_again() {
  constexpr std::chrono::seconds kPause{1};
  ProcessHello hello;
  for (int attempt = 0;; ++attempt) {
    try {
      hello = start();
      break;
    } catch (const StopError& error) {
      if (attempt >= options_.retries) throw;
      spdlog::warn("{}; trying again", error.what());
      std::this_thread::sleep_for(kPause);
    }
  }
  if (hello == hello_) return;
  child_.reset();
  throw StopError(fmt::format(
      "the program '{}' came back from a restart with another handshake (it is now '{}', revision "
      "'{}'): its answers would not be those of one model",
      hello_.name, hello.name, hello.revision));
}

void ProcessModel::serve(Exchange& exchange) {
  ProcessConversation(*this, exchange).run();
}

namespace {

std::chrono::milliseconds take_seconds(ModelArgs& args, const std::string& key, double fallback) {
  constexpr double kLongest = 1e6;
  const double seconds = args.get_number(key, fallback);
  if (!(seconds > 0 && seconds <= kLongest)) {
    throw UsageError(fmt::format("--model_args {}={} is not a time in seconds from 0 to {:.0f}",
                                 key, seconds, kLongest));
  }
  return std::chrono::ceil<milliseconds>(std::chrono::duration<double>(seconds));
}

int take_retries(ModelArgs& args, int fallback) {
  constexpr double kMost = 100;
  const double retries = args.get_number("retries", fallback);
  if (!(retries >= 0 && retries <= kMost) || retries != std::floor(retries)) {
    throw UsageError(fmt::format("--model_args retries={} is not a whole number from 0 to {:.0f}",
                                 retries, kMost));
  }
  return static_cast<int>(retries);
}

}  // namespace

std::unique_ptr<Model> open_process(ModelSettings settings) {
  ModelArgs& args = settings.args;
  ProcessOptions options;
  options.command = args.need("command", "the program to start, as a shell command");
  options.task = settings.task;
  options.precision = settings.precision;
  options.kind = settings.kind;
  options.startup_timeout = take_seconds(args, "startup_timeout", 600);
  options.timeout = take_seconds(args, "timeout", 300);
  options.retries = take_retries(args, options.retries);
  // A wrong argument is told before a program is loaded that may take minutes.
  ModelInfo unused;
  take_text_arguments(args, unused);
  args.check_all_used("process");
  auto model = std::make_unique<ProcessModel>(std::move(options));
  model->set_text_arguments(args);
  return model;
}

}  // namespace sightline
