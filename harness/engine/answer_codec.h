#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "models/api/request.h"
#include "models/api/response.h"

namespace sightline {

/// An answer as the journal keeps it: the text itself for text, JSON for boxes ({"boxes":
/// [{"bbox": [x, y, w, h], "category_id", "label", "score"}]}, with "masks": [{"segmentation",
/// "category_id", "score"}] beside them where there are masks, as COCO's files write them) and for
/// reconstructions ({"measured": {...}, "bits"}). Doubles are written so that they read back bit
/// for bit.
std::string encode_answer(Kind kind, const Answer& answer);
/// The reverse. Throws `Error` when the journal holds something else.
Answer decode_answer(Kind kind, const std::string& text);

/// A shape as COCO's files write it.
nlohmann::ordered_json to_coco_json(const Segmentation& shape);

}  // namespace sightline
