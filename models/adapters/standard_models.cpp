#include "models/adapters/standard_models.h"

#include "models/adapters/baseline.h"
#include "models/adapters/codec.h"
#include "models/adapters/null_model.h"
#include "models/adapters/process_model.h"
#include "models/adapters/replay.h"

namespace sightline {

void add_standard_models(Registry& registry) {
  registry.add({.name = "replay",
                .summary = "answers from a file of predictions in the task's official format: "
                           "predictions=",
                .open = open_replay,
                .module = "",
                .quick = true});
  registry.add({.name = "null",
                .summary = "answers every request at once with answer= (default: nothing); for "
                           "measuring the harness itself",
                .open = open_null,
                .module = "",
                .quick = true});
  registry.add({.name = "process",
                .summary = "a program of your own that speaks JSON lines: command=, "
                           "startup_timeout= (600 s), timeout= (300 s), retries= (2)",
                .open = open_process,
                .module = ""});
  registry.add({.name = "torchscript",
                .summary = "a module that torch.jit.save wrote (docs/torchscript.md): path=, kind= "
                           "(reconstruct or text), range= (unit), batch= (1); tokenizer=, "
                           "image_size=, image_mean=, image_std=, image_tokens=, image_token_id=, "
                           "eos_id=",
                .open = {},
                .module = "sightline_torch"});
  registry.add({.name = "baseline",
                .summary =
                    "answers without a network, by kind=: most_common, caption, whole_image, "
                    "centre_box, grid, contours, jpeg, webp",
                .open = open_baseline,
                .module = "",
                .quick = true});
  registry.add({.name = "codec",
                .summary = "an ordinary image codec at its true rate: format= (jpeg, webp, "
                           "webp-lossless or png), quality= (75)",
                .open = open_codec,
                .module = "",
                .quick = true});
}

}  // namespace sightline
