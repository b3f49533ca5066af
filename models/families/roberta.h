#pragma once

#include "models/api/entailment.h"

namespace sightline {

/// A RoBERTa classifier of sentence pairs (Liu et al. 2019) whose labels are entailment, neutral
/// and contradiction, found by their names in config.json. Throws `Error` as `make_network`, and
/// for other labels.
std::unique_ptr<EntailmentModel> make_entailment(const EntailmentSettings& settings);

}  // namespace sightline
