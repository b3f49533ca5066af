// A module with a symbol that nobody defines.
#include "models/api/registry.h"

void defined_nowhere(sightline::Registry& registry);

SIGHTLINE_MODULE(registry) {
  defined_nowhere(registry);
}
