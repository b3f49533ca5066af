#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <vector>

namespace sightline {

/// The first "[a, b, c, d]" of plain decimal numbers, as the `bbox_rec` tasks of lmms-eval read it
/// (refcoco/utils_rec.py): commas need no space but allow no space before them. No value: there is
/// none, for which lmms-eval takes four zeros. ASCII digits only.
std::optional<std::array<double, 4>> parse_lmms_rec_box(std::string_view text);

/// All boxes that lmms-eval's `refcoco_grounding` finds (utils.py @ 75571cfe): strict JSON in a
/// code fence, in the whole text, or between its first and last bracket, with boxes in lists of
/// four numbers or under the keys bbox_2d, bbox, box, coordinates, coord, location, position; if
/// that gives none, four numbers in a row anywhere. For comparison with its published scores: it
/// takes whatever looks like a box.
std::vector<std::array<double, 4>> parse_lmms_grounding_boxes(std::string_view text);

}  // namespace sightline
