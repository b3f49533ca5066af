#include "models/generation/image_arguments.h"

#include "harness/base/error.h"

namespace sightline {

void require_effect(const ModelArgs& args, const char* name, bool has_effect, const char* where) {
  if (!args.has(name) || has_effect) return;
  throw UsageError(fmt::format("--model_args {}=... has an effect only {}", name, where));
}

bool take_switch(ModelArgs& args, const char* name, bool fallback) {
  const std::string value = args.get(name, fallback ? "on" : "off");
  if (value != "on" && value != "off") {
    throw UsageError(fmt::format("--model_args {}={}: want on or off", name, value));
  }
  return value == "on";
}

ImageProtocol take_image_protocol(ModelArgs& args) {
  ImageProtocol protocol;
  protocol.backend =
      parse_image_backend(args.get("image_backend", std::string(name_of(protocol.backend))));
  protocol.order = parse_pass_order(args.get("resize_order", std::string(name_of(protocol.order))));
  require_effect(args, "resize_order", protocol.backend == ImageBackend::kPil,
                 "with image_backend=pil");
  return protocol;
}

}  // namespace sightline
