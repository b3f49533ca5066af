#include "models/api/registry.h"
#include "models/torch/inception.h"
#include "models/torch/lpips.h"

SIGHTLINE_MODULE(registry) {
  registry.inception = sightline::make_inception;
  registry.perceptual = sightline::make_perceptual;
}
