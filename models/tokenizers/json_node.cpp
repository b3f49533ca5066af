#include "models/tokenizers/json_node.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "harness/base/error.h"

namespace sightline {

void JsonNode::fail(std::string_view problem) const {
  sightline::fail("{} {}", place_, problem);
}

bool JsonNode::is_null() const {
  return value_->is_null();
}

void JsonNode::require_fields(std::initializer_list<std::string_view> known) const {
  if (!value_->is_object()) fail("is no JSON object");
  for (const auto& [field, unused] : value_->items()) {
    if (std::ranges::find(known, field) == known.end()) {
      fail(fmt::format("has the field '{}', whose meaning is not known here", field));
    }
  }
}

JsonNode JsonNode::at(const std::string& field) const {
  if (!value_->is_object()) fail("is no JSON object");
  const auto found = value_->find(field);
  if (found == value_->end()) fail(fmt::format("lacks the field '{}'", field));
  return {*found, place_ + "." + field};
}

std::optional<JsonNode> JsonNode::find(const std::string& field) const {
  if (!value_->is_object()) fail("is no JSON object");
  const auto found = value_->find(field);
  if (found == value_->end() || found->is_null()) return std::nullopt;
  return JsonNode(*found, place_ + "." + field);
}

std::vector<JsonNode> JsonNode::elements() const {
  if (!value_->is_array()) fail("is no JSON array");
  std::vector<JsonNode> nodes;
  for (std::size_t i = 0; i < value_->size(); ++i) {
    nodes.emplace_back((*value_)[i], fmt::format("{}[{}]", place_, i));
  }
  return nodes;
}

std::string JsonNode::text() const {
  if (!value_->is_string()) fail(fmt::format("is {}, want a string", value_->dump()));
  return value_->get<std::string>();
}

bool JsonNode::boolean() const {
  if (!value_->is_boolean()) fail(fmt::format("is {}, want true or false", value_->dump()));
  return value_->get<bool>();
}

std::int64_t JsonNode::integer() const {
  if (!value_->is_number_integer()) fail(fmt::format("is {}, want an integer", value_->dump()));
  return value_->get<std::int64_t>();
}

bool JsonNode::boolean(const std::string& field, bool otherwise) const {
  const std::optional<JsonNode> node = find(field);
  return node ? node->boolean() : otherwise;
}

}  // namespace sightline
