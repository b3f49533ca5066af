#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace sightline {

/// Four numbers a model wrote, with what it wrote beside them; nothing is interpreted yet.
struct RawBox {
  std::array<double, 4> numbers{};  ///< finite, in the order and unit of the model
  std::string label;                ///< as `as_label` gives it; may be empty
  std::optional<double> score;
  bool operator==(const RawBox&) const = default;
};

/// What a box grammar found in an answer.
struct RawBoxes {
  std::vector<RawBox> boxes;      ///< in the order of the text
  std::size_t unreadable = 0;     ///< begun in the grammar, but wrong or cut off
  bool none = false;              ///< the answer says in the grammar that there is nothing
  std::optional<RawBox> cut_off;  ///< the last object, cut off behind its four numbers
};

}  // namespace sightline
