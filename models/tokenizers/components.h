#pragma once

#include <string>
#include <vector>

#include "models/tokenizers/decoders.h"
#include "models/tokenizers/normalizers.h"
#include "models/tokenizers/post_processor.h"
#include "models/tokenizers/pre_tokenizers.h"

// Readers of the small components of tokenizer.json. Each throws `Error` naming file and field when
// a component, or one of its settings, is not known here.

namespace sightline {

class JsonNode;

/// Steps between the added tokens and the model.
struct PreTokenizer {
  std::vector<PieceStep> steps;
  /// The byte alphabet is to be applied after `steps`; a model may take raw bytes instead.
  bool ends_in_byte_alphabet = false;
};

/// How tokens become text.
struct Decoder {
  std::vector<DecodeStageMaker> stages;
  bool ends_in_one_text = false;  ///< a further stage gets pieces of one text, not tokens
};

Normalizer read_normalizer(const JsonNode& node);
PreTokenizer read_pre_tokenizer(const JsonNode& node);
PostProcessor read_post_processor(const JsonNode& node);
Decoder read_decoder(const JsonNode& node);

}  // namespace sightline
