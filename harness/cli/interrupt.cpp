#include "harness/cli/interrupt.h"

#include <signal.h>
#include <unistd.h>

#include <string_view>

namespace sightline {

namespace {

std::atomic<bool> stop_requested{false};

/// Does only what is allowed in a signal handler.
void request_stop(int signal_number) {
  constexpr std::string_view kText =
      "\nstopping as soon as what is being answered is done; a second signal stops at once\n";
  stop_requested = true;
  ::signal(signal_number, SIG_DFL);
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, kText.data(), kText.size());
}

}  // namespace

const std::atomic<bool>& stop_on_signals() {
  struct sigaction action {};
  action.sa_handler = request_stop;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  return stop_requested;
}

}  // namespace sightline
