#pragma once

#include "models/api/registry.h"
#include "models/processors/image_protocol.h"

namespace sightline {

/// Throws `UsageError` for an argument that is given and would have no effect, which it has
/// `where`.
void require_effect(const ModelArgs& args, const char* name, bool has_effect, const char* where);

/// args[name], "on" or "off". Throws `UsageError` for anything else.
bool take_switch(ModelArgs& args, const char* name, bool fallback);

/// Takes image_backend= and resize_order=. Throws `UsageError` listing the choices.
ImageProtocol take_image_protocol(ModelArgs& args);

}  // namespace sightline
