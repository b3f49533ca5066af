#pragma once

#include <memory>
#include <string>

#include "models/adapters/baseline.h"
#include "models/api/registry.h"

namespace sightline {

/// What an ordinary image codec makes of a request's prepared pixels, at the true length of its
/// file: `format` is "jpeg", "webp", "webp-lossless" or "png". Takes `quality=` from `args` where
/// the format has one. Throws `UsageError` for another format or a quality out of range.
AnswerOne make_codec(const std::string& format, ModelArgs& args, ModelInfo& info);

/// The model `codec`: `format=` (needed) and `quality=`. Throws `UsageError` for other tasks than
/// reconstruction.
std::unique_ptr<Model> open_codec(ModelSettings settings);

}  // namespace sightline
