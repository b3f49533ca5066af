#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "models/prompts/raw_box.h"

namespace sightline {

/// An object of a PaliGemma `detect` or `segment` answer.
struct PaliGemmaObject {
  RawBox box;                   ///< y1, x1, y2, x2 in bins of 1/1024 of height and width
  std::vector<int> mask_codes;  ///< 16 codebook indices of 0..127, or none
  bool operator==(const PaliGemmaObject&) const = default;
};

/// Reads "<locY1><locX1><locY2><locX2> label ; ...", each box with 16 optional "<segNNN>" tokens
/// behind it. A label goes up to ";", the next "<loc", or the end. Boxes with fewer than four
/// tokens or a bin above 1023, which the vocabulary does not have, are counted in `unreadable`.
std::vector<PaliGemmaObject> parse_paligemma_objects(std::string_view text,
                                                     std::size_t& unreadable);
/// The same without masks.
RawBoxes parse_paligemma_boxes(std::string_view text);

/// The text a model trained on this grammar writes for the objects, joined by " ; ".
std::string format_paligemma_objects(const std::vector<PaliGemmaObject>& objects);

}  // namespace sightline
