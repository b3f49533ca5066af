#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "models/prompts/raw_box.h"

namespace sightline {

/// Boxes of an answer in JSON, or nearly: code fences and words around it, Python's single quotes,
/// trailing commas, several lists, a list cut off at its end. Read are
///   objects with a box of four numbers under bbox_2d, bbox, box, box_2d, rect, coordinates, coord,
///   location, position or bounding_box, a label under label, class, category, name, class_name,
///   category_name or object, and a score under score or confidence;
///   lists of such lists under the plural of a box key, all with the object's label;
///   lists of four numbers by themselves, whose label is the key they stand under, if any; not in
///   an object that has a box.
/// Order of the numbers and unit are the model's. An object is complete with its closing brace;
/// others count as `unreadable`, and the last one may be `cut_off`. An empty list or object alone
/// means `none`. One pass, memory for the boxes alone; brackets nested deeper than 32 are garbage.
RawBoxes parse_json_boxes(std::string_view text);

/// A JSON list of {"<box_key>": [...], "label": "..."} as models write it.
std::string format_json_boxes(const std::vector<RawBox>& boxes, std::string_view box_key);

}  // namespace sightline
