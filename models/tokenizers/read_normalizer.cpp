#include "models/tokenizers/components.h"
#include "models/tokenizers/pattern_json.h"

namespace sightline {

namespace {

TextStep read_bert(const JsonNode& node) {
  node.require_fields({"type", "clean_text", "handle_chinese_chars", "strip_accents", "lowercase"});
  BertNormalizerOptions options{.clean_text = node.boolean("clean_text"),
                                .handle_chinese_chars = node.boolean("handle_chinese_chars"),
                                .lowercase = node.boolean("lowercase")};
  if (const auto strip = node.find("strip_accents")) options.strip_accents = strip->boolean();
  return bert_step(options);
}

TextStep read_replace(const JsonNode& node) {
  node.require_fields({"type", "pattern", "content"});
  return replace_step(read_pattern(node.at("pattern")), node.text("content"));
}

TextStep read_strip(const JsonNode& node) {
  node.require_fields({"type", "strip_left", "strip_right"});
  return strip_step(node.boolean("strip_left"), node.boolean("strip_right"));
}

void read_steps(const JsonNode& node, std::vector<TextStep>& steps) {
  const std::string type = node.text("type");
  if (type == "Sequence") {
    node.require_fields({"type", "normalizers"});
    for (const JsonNode& part : node.at("normalizers").elements()) read_steps(part, steps);
    return;
  }
  if (type == "Replace") return steps.push_back(read_replace(node));
  if (type == "BertNormalizer") return steps.push_back(read_bert(node));
  if (type == "Strip") return steps.push_back(read_strip(node));
  if (type == "Prepend") {
    node.require_fields({"type", "prepend"});
    return steps.push_back(prepend_step(node.text("prepend")));
  }
  node.require_fields({"type"});
  if (type == "NFC") return steps.push_back(normal_form_step(NormalForm::kC));
  if (type == "NFD") return steps.push_back(normal_form_step(NormalForm::kD));
  if (type == "NFKC") return steps.push_back(normal_form_step(NormalForm::kKC));
  if (type == "NFKD") return steps.push_back(normal_form_step(NormalForm::kKD));
  if (type == "Lowercase") return steps.push_back(lowercase_step());
  if (type == "StripAccents") return steps.push_back(strip_accents_step());
  node.at("type").fail("is '" + type + "', a normaliser that is not known here");
}

}  // namespace

Normalizer read_normalizer(const JsonNode& node) {
  std::vector<TextStep> steps;
  if (!node.is_null()) read_steps(node, steps);
  return Normalizer(std::move(steps));
}

}  // namespace sightline
