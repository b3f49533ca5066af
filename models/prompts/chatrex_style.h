#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "models/prompts/style.h"

namespace sightline {

/// A ChatRex prompt with `boxes` object slots: image, "<obj0><objfeat><obj1><objfeat>...", and the
/// question, in Qwen2's chat turns without a system turn. Any "<image>" in the question is removed.
/// With no image there is only the question. Throws `Error` for several images or above 100 boxes.
std::string wrap_chatrex(std::string_view question, std::size_t images, std::size_t boxes);

/// The typed answer of ChatRex, whose answers name boxes by number: `proposals` are those boxes in
/// pixels, in the order of the prompt; a box's score is its proposal's. Texts need no proposals.
ParsedAnswer parse_chatrex(const Request& request, std::string_view text,
                           std::span<const PredictedBox> proposals);

}  // namespace sightline
