#include "models/api/entailment.h"

#include "harness/base/error.h"

namespace sightline {

std::unique_ptr<EntailmentModel> open_entailment(Registry& registry,
                                                 const EntailmentSettings& settings) {
  load_module_by_name("sightline_torch", registry);
  require(static_cast<bool>(registry.entailment),
          "the module sightline_torch brings no model of natural language inference");
  return with_context(
      [&] { return fmt::format("opening the checkpoint {}", settings.path.string()); },
      [&] { return registry.entailment(settings); });
}

}  // namespace sightline
