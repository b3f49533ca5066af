#pragma once

#include <map>
#include <string>

#include "metrics/bootstrap.h"
#include "metrics/captions/caption_scores.h"

namespace sightline {

/// "bleu1" to "bleu4", "rouge_l" and "cider" in a bootstrap over images. A replicate's
/// BLEU comes from the resampled images' counts added up, as that of the set does; its ROUGE-L and
/// CIDEr are means of the images' own values. CIDEr so keeps the document frequencies of the whole
/// set: drawing an image twice does not make its words more common. None without images.
std::map<std::string, ResampledNumber> bootstrap_captions(const CaptionScores& scores,
                                                          const Bootstrap& bootstrap);

}  // namespace sightline
