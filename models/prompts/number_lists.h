#pragma once

#include <string_view>

#include "models/prompts/raw_box.h"

namespace sightline {

/// Boxes in prose: every "[a, b, c, d]" or "(a, b, c, d)" of exactly four decimal numbers, between
/// which stand commas, white space, or both. There are no labels. A bracket that begins with a
/// number but holds another count, or is cut off, is counted in `unreadable`.
RawBoxes parse_number_lists(std::string_view text);

}  // namespace sightline
