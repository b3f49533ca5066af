#pragma once

#include <string>

#include "models/api/model.h"
#include "models/api/registry.h"

namespace sightline {

/// Takes `prompt_style=` and `geometry=`, which every text model has, into `info`; without them
/// `info` keeps what it says. Throws `UsageError` for a geometry that cannot be read.
inline void take_text_arguments(ModelArgs& args, ModelInfo& info) {
  info.prompt_style = args.get("prompt_style", info.prompt_style);
  const std::string geometry = args.get("geometry");
  if (!geometry.empty()) info.geometry = parse_geometry(geometry);
}

}  // namespace sightline
