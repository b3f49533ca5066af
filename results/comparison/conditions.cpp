#include "results/comparison/conditions.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "harness/base/error.h"

namespace sightline {

using nlohmann::json;

namespace {

json object_of(const std::string& text) {
  json value = text.empty() ? json::object() : json::parse(text, nullptr, false);
  return value.is_object() ? value : json{{"text", text}};
}

json conditions_of(const TaskSamples& samples) {
  json all = object_of(samples.conditions);
  json protocol = object_of(samples.result.protocol);
  protocol.erase("rules");  // stands beside it
  all["protocol"] = std::move(protocol);
  all["rules"] = samples.result.rules;
  all["task version"] = samples.result.version;
  return all;
}

/// Rules of single metrics, such as the judge's name.
json rules_of_metrics(const TaskSamples& samples, const TaskSamples& other) {
  json rules = json::object();
  for (const MetricValue& metric : samples.result.metrics) {
    const auto found = std::ranges::find(other.result.metrics, metric.key, &MetricValue::key);
    if (found != other.result.metrics.end()) rules[metric.key] = metric.rules;
  }
  return rules;
}

/// Two models may have prompts of their own; one model under two prompts is two protocols.
void add_model(const TaskSamples& base, const TaskSamples& next, json& left, json& right) {
  const json one = object_of(base.model), other = object_of(next.model);
  if (one.value("name", "") != other.value("name", "")) return;
  for (const char* field : {"prompt_style", "geometry"}) {
    if (one.contains(field)) left["model"][field] = one.at(field);
    if (other.contains(field)) right["model"][field] = other.at(field);
  }
}

void add_sample_sets(const TaskSamples& base, const TaskSamples& next,
                     std::vector<FieldDifference>& found) {
  const std::unordered_set<std::string_view> ids(next.ids.begin(), next.ids.end());
  const auto common = static_cast<std::size_t>(
      std::ranges::count_if(base.ids, [&](const std::string& id) { return ids.contains(id); }));
  if (common == base.ids.size() && common == next.ids.size()) return;
  const auto describe = [&](const TaskSamples& side) {
    return fmt::format("{} samples, {} of them only here", side.ids.size(),
                       side.ids.size() - common);
  };
  found.push_back({"samples", describe(base), describe(next)});
}

bool is_allowed(const std::string& path, std::span<const std::string> allow) {
  return std::ranges::any_of(allow, [&](const std::string& name) {
    return path == name || path.starts_with(name + ".") || path.ends_with("." + name);
  });
}

}  // namespace

std::vector<ConditionDifference> condition_differences(const TaskSamples& base,
                                                       const TaskSamples& next,
                                                       std::span<const std::string> allow) {
  json left = conditions_of(base), right = conditions_of(next);
  left["metric rules"] = rules_of_metrics(base, next);
  right["metric rules"] = rules_of_metrics(next, base);
  add_model(base, next, left, right);
  std::vector<FieldDifference> fields = differences(left, right);
  add_sample_sets(base, next, fields);
  std::vector<ConditionDifference> found;
  for (FieldDifference& field : fields) {
    const bool allowed = is_allowed(field.path, allow);
    found.push_back({base.result.name, std::move(field), allowed});
  }
  return found;
}

}  // namespace sightline
