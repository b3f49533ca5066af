// A module that finds out while it registers that it cannot work.
#include "harness/base/error.h"
#include "models/api/registry.h"

SIGHTLINE_MODULE(registry) {
  static_cast<void>(registry);
  sightline::fail("no licence was found");
}
