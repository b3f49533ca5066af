#include "models/generation/network.h"

#include "harness/base/error.h"

namespace sightline {

std::unique_ptr<Network> open_network(Registry& registry, const NetworkSettings& settings) {
  load_module_by_name("sightline_torch", registry);
  require(static_cast<bool>(registry.network), "the module sightline_torch brings no networks");
  return with_context(
      [&] { return fmt::format("opening the checkpoint {}", settings.path.string()); },
      [&] { return registry.network(settings); });
}

}  // namespace sightline
