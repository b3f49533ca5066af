#include "models/tokenizers/components.h"
#include "models/tokenizers/json_node.h"
#include "models/tokenizers/vocabulary.h"

namespace sightline {

namespace {

using Kind = TemplateItem::Kind;

TokenId read_id(const JsonNode& node) {
  const std::int64_t id = node.integer();
  if (id < 0 || id >= Vocabulary::kIdLimit) node.fail("is no token id");
  return static_cast<TokenId>(id);
}

std::int32_t read_type_id(const JsonNode& node) {
  const std::int64_t id = node.integer();
  if (id < 0 || id > 0xFFFF) node.fail("is no type id");
  return static_cast<std::int32_t>(id);
}

TemplateItem read_item(const JsonNode& node, const JsonNode& special_tokens) {
  node.require_fields({"SpecialToken", "Sequence"});
  TemplateItem item;
  if (const auto sequence = node.find("Sequence")) {
    sequence->require_fields({"id", "type_id"});
    const std::string name = sequence->text("id");
    if (name != "A" && name != "B") sequence->at("id").fail("is '" + name + "', want A or B");
    item.kind = name == "A" ? Kind::kFirst : Kind::kSecond;
    item.type_id = read_type_id(sequence->at("type_id"));
    return item;
  }
  const JsonNode token = node.at("SpecialToken");
  token.require_fields({"id", "type_id"});
  item.type_id = read_type_id(token.at("type_id"));
  const JsonNode described = special_tokens.at(token.text("id"));
  described.require_fields({"id", "ids", "tokens"});
  for (const JsonNode& id : described.at("ids").elements()) item.ids.push_back(read_id(id));
  return item;
}

PostProcessor read_template(const JsonNode& node) {
  node.require_fields({"type", "single", "pair", "special_tokens"});
  PostProcessor result{.single = {}, .pair = {}};
  const JsonNode special_tokens = node.at("special_tokens");
  for (const JsonNode& item : node.at("single").elements()) {
    result.single.push_back(read_item(item, special_tokens));
  }
  for (const JsonNode& item : node.at("pair").elements()) {
    result.pair.push_back(read_item(item, special_tokens));
  }
  return result;
}

/// ["</s>", 2]
std::vector<TokenId> read_named_id(const JsonNode& node) {
  const std::vector<JsonNode> parts = node.elements();
  if (parts.size() != 2) node.fail("has not the form [token, id]");
  return {read_id(parts[1])};
}

/// `cls A sep`, and `cls A sep B sep` with one separator (BERT) or two (RoBERTa) in the middle.
PostProcessor read_classifier(const JsonNode& node, bool is_bert) {
  if (is_bert) {
    node.require_fields({"type", "sep", "cls"});
  } else {
    node.require_fields({"type", "sep", "cls", "trim_offsets", "add_prefix_space"});
  }
  const std::int32_t second_type = is_bert ? 1 : 0;
  const TemplateItem first{.kind = Kind::kFirst}, cls{.ids = read_named_id(node.at("cls"))};
  const TemplateItem second{.kind = Kind::kSecond, .type_id = second_type};
  const TemplateItem sep{.ids = read_named_id(node.at("sep"))};
  const TemplateItem last{.type_id = second_type, .ids = sep.ids};
  PostProcessor result{.single = {cls, first, sep}, .pair = {cls, first, sep}};
  if (!is_bert) result.pair.push_back(sep);
  result.pair.push_back(second);
  result.pair.push_back(last);
  return result;
}

/// False when the component changes no ids.
bool read_one(const JsonNode& node, PostProcessor& result) {
  const std::string type = node.text("type");
  if (type == "ByteLevel") return false;  // trims offsets, which do not exist here
  if (type == "TemplateProcessing") {
    result = read_template(node);
  } else if (type == "RobertaProcessing" || type == "BertProcessing") {
    result = read_classifier(node, type == "BertProcessing");
  } else {
    node.at("type").fail("is '" + type + "', a post-processor that is not known here");
  }
  return true;
}

}  // namespace

PostProcessor read_post_processor(const JsonNode& node) {
  PostProcessor result;
  if (node.is_null()) return result;
  if (node.text("type") != "Sequence") {
    read_one(node, result);
    return result;
  }
  node.require_fields({"type", "processors"});
  bool has_template = false;
  for (const JsonNode& part : node.at("processors").elements()) {
    if (!read_one(part, result)) continue;
    if (has_template) part.fail("is a second post-processor that adds tokens; one is supported");
    has_template = true;
  }
  return result;
}

}  // namespace sightline
