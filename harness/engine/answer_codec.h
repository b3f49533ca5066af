#pragma once

#include <string>

#include "models/api/request.h"
#include "models/api/response.h"

namespace sightline {

/// An answer as the journal keeps it: the text itself for text, JSON for boxes ({"boxes":
/// [{"bbox": [x, y, w, h], "category_id", "label", "score"}]}) and for reconstructions
/// ({"measured": {...}, "bits"}). Doubles are written so that they read back bit for bit.
std::string encode_answer(Kind kind, const Answer& answer);
/// The reverse. Throws `Error` when the journal holds something else.
Answer decode_answer(Kind kind, const std::string& text);

}  // namespace sightline
