#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "models/prompts/raw_box.h"

namespace sightline {

/// A place that a Qwen2-VL answer marks: a box, or a point.
struct Qwen2Mark {
  RawBox box;             ///< x1, y1, x2, y2 in 0..1000 of width and height; a point: x, y, 0, 0
  bool is_point = false;  ///< one pair of numbers instead of two
  bool operator==(const Qwen2Mark&) const = default;
};

/// Reads "<|object_ref_start|>name<|object_ref_end|><|box_start|>(x1,y1),(x2,y2)<|box_end|>" with
/// several boxes a name, or boxes without one. Where special tokens were dropped in decoding, as
/// "name(x1,y1),(x2,y2)", the name is the text since the box before. A marked box that is cut off
/// before its last bracket is counted in `unreadable`.
std::vector<Qwen2Mark> parse_qwen2_marks(std::string_view text, std::size_t& unreadable);
/// The boxes of the above, without the points.
RawBoxes parse_qwen2_boxes(std::string_view text);

/// The text with special tokens; boxes of one name in a row share their reference.
std::string format_qwen2_marks(const std::vector<Qwen2Mark>& marks);

}  // namespace sightline
