#include "models/api/registry.h"

SIGHTLINE_MODULE(registry) {
  (void)registry;
}
