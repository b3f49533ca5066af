#pragma once

#include "models/tokenizers/json_node.h"
#include "models/tokenizers/split_pattern.h"

namespace sightline {

/// {"String": "..."} or {"Regex": "..."}. Throws `Error` naming file and field otherwise.
SplitPattern read_pattern(const JsonNode& node);

}  // namespace sightline
