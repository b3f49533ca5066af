#pragma once

#include <filesystem>
#include <span>
#include <vector>

#include "harness/engine/caption_cases.h"
#include "metrics/metric_value.h"

namespace sightline {

/// Writes the sentences of the captions for people to rate, a JSON line each:
/// {"example_id": "qual_dev_00012", "index": 3, "sentence": "A dog sits."}; `index` counts the
/// sentences of a caption from 0.
void write_sentences(std::span<const CaptionCase> captions, const std::filesystem::path& file);

/// Non-entailment sentences from people's ratings: JSON lines with the fields of `write_sentences`
/// and "rater" (a name or number) and "rating" ("entailment", "neutral", "contradiction" or
/// "nothing"). Gives `nes`, `nes_assessable` (without the sentences that are labelled "nothing to
/// assess"), `nes_unanimous` (share of sentences on whose entailment all raters agree) and
/// `nes_kappa` (Fleiss' kappa of the four ratings). Sentences without ratings are left out, and the
/// note says how many.
///
/// Throws `Error` naming file and line for a sentence that is not that of the caption (the ratings
/// are of other captions), an unknown id or index, and a second rating by the same rater.
std::vector<MetricValue> rate_captions(const std::filesystem::path& ratings,
                                       std::span<const CaptionCase> captions);

}  // namespace sightline
