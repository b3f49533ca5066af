#include "models/api/registry.h"
#include "models/families/families.h"
#include "models/families/flowmo.h"
#include "models/families/roberta.h"
#include "models/families/torchscript.h"
#include "models/torch/inception.h"
#include "models/torch/lpips.h"

SIGHTLINE_MODULE(registry) {
  registry.network = sightline::make_network;
  // Its summary is in the program already, which lists models without loading this.
  registry.add(
      {.name = "torchscript", .summary = "", .open = sightline::open_torchscript, .module = ""});
  registry.image_tokenizer = sightline::make_image_tokenizer;
  registry.entailment = sightline::make_entailment;
  registry.inception = sightline::make_inception;
  registry.perceptual = sightline::make_perceptual;
}
