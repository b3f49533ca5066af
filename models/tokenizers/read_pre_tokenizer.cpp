#include <utility>

#include "models/tokenizers/components.h"
#include "models/tokenizers/pattern_json.h"
#include "models/tokenizers/unicode_classes.h"

namespace sightline {

namespace {

SplitBehavior read_behavior(const JsonNode& node) {
  const std::string name = node.text();
  if (name == "Removed") return SplitBehavior::kRemoved;
  if (name == "Isolated") return SplitBehavior::kIsolated;
  if (name == "MergedWithPrevious") return SplitBehavior::kMergedWithPrevious;
  if (name == "MergedWithNext") return SplitBehavior::kMergedWithNext;
  if (name == "Contiguous") return SplitBehavior::kContiguous;
  node.fail("is '" + name +
            "', want Removed, Isolated, MergedWithPrevious, MergedWithNext or Contiguous");
}

PieceStep read_split(const JsonNode& node) {
  node.require_fields({"type", "pattern", "behavior", "invert"});
  return split_step(read_pattern(node.at("pattern")), read_behavior(node.at("behavior")),
                    node.boolean("invert"));
}

PrependScheme read_scheme(const JsonNode& node) {
  const auto scheme = node.find("prepend_scheme");
  const bool prefixes = node.boolean("add_prefix_space", true);
  if (!scheme) return prefixes ? PrependScheme::kAlways : PrependScheme::kNever;
  const std::string name = scheme->text();
  if (!prefixes && name != "never") scheme->fail("is '" + name + "' without add_prefix_space");
  if (name == "always") return PrependScheme::kAlways;
  if (name == "first") return PrependScheme::kFirst;
  if (name == "never") return PrependScheme::kNever;
  scheme->fail("is '" + name + "', want always, first or never");
}

PieceStep read_metaspace(const JsonNode& node) {
  node.require_fields(
      {"type", "replacement", "add_prefix_space", "prepend_scheme", "split", "str_rep"});
  return metaspace_step(node.text("replacement"), read_scheme(node), node.boolean("split", true));
}

void read_byte_level(const JsonNode& node, PreTokenizer& result) {
  node.require_fields({"type", "add_prefix_space", "trim_offsets", "use_regex"});
  if (node.boolean("add_prefix_space")) result.steps.push_back(prefix_space_step());
  if (node.boolean("use_regex", true)) {
    result.steps.push_back(
        split_step(SplitPattern::of_regex(kGpt2Pattern), SplitBehavior::kIsolated));
  }
  result.ends_in_byte_alphabet = true;
}

PieceStep read_digits(const JsonNode& node) {
  node.require_fields({"type", "individual_digits"});
  return split_at_characters_step(is_numeric, node.boolean("individual_digits")
                                                  ? SplitBehavior::kIsolated
                                                  : SplitBehavior::kContiguous);
}

PieceStep read_punctuation(const JsonNode& node) {
  node.require_fields({"type", "behavior"});
  const auto behavior = node.find("behavior");
  return split_at_characters_step(is_punctuation,
                                  behavior ? read_behavior(*behavior) : SplitBehavior::kIsolated);
}

void read_steps(const JsonNode& node, PreTokenizer& result) {
  const std::string type = node.text("type");
  if (type == "Sequence") {
    node.require_fields({"type", "pretokenizers"});
    for (const JsonNode& part : node.at("pretokenizers").elements()) read_steps(part, result);
    return;
  }
  // More steps behind it see the characters of the alphabet.
  if (std::exchange(result.ends_in_byte_alphabet, false)) {
    result.steps.push_back(byte_alphabet_step());
  }
  if (type == "ByteLevel") return read_byte_level(node, result);
  if (type == "Split") return result.steps.push_back(read_split(node));
  if (type == "Metaspace") return result.steps.push_back(read_metaspace(node));
  if (type == "Digits") return result.steps.push_back(read_digits(node));
  if (type == "Punctuation") return result.steps.push_back(read_punctuation(node));
  node.require_fields({"type"});
  const PieceStep at_space = split_at_characters_step(is_white_space, SplitBehavior::kRemoved);
  if (type == "Whitespace") return result.steps.push_back(whitespace_step());
  if (type == "WhitespaceSplit") return result.steps.push_back(at_space);
  if (type == "BertPreTokenizer") {
    result.steps.push_back(at_space);
    return result.steps.push_back(
        split_at_characters_step(is_punctuation, SplitBehavior::kIsolated));
  }
  node.at("type").fail("is '" + type + "', a pre-tokenizer that is not known here");
}

}  // namespace

PreTokenizer read_pre_tokenizer(const JsonNode& node) {
  PreTokenizer result;
  if (!node.is_null()) read_steps(node, result);
  return result;
}

}  // namespace sightline
