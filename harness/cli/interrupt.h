#pragma once

#include <atomic>

namespace sightline {

/// From now on the first SIGINT or SIGTERM asks the work to end, by the flag that this returns; a
/// second one of the same kind ends the program at once.
const std::atomic<bool>& stop_on_signals();

}  // namespace sightline
