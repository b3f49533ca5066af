#include "models/api/registry.h"
#include "models/families/families.h"
#include "models/families/roberta.h"
#include "models/torch/inception.h"
#include "models/torch/lpips.h"

SIGHTLINE_MODULE(registry) {
  registry.network = sightline::make_network;
  registry.entailment = sightline::make_entailment;
  registry.inception = sightline::make_inception;
  registry.perceptual = sightline::make_perceptual;
}
