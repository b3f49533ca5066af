#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "results/comparison/gate.h"
#include "results/json_field.h"

namespace sightline {

namespace {

const std::vector<std::string> kFields = {"max_drop",    "alpha",        "power",
                                          "min_samples", "values_alone", "floor"};

double number_within(const JsonField& field, double low, double high, const std::string& wanted) {
  const double value = field.number();
  if (!(value >= low && value <= high)) field.fail_type(wanted);
  return value;
}

double probability(const JsonField& field) {
  const double value = field.number();
  if (!(value > 0 && value < 1)) field.fail_type("a probability between 0 and 1");
  return value;
}

/// Sets what `fields` has; the rest of `rule` stays.
void read_fields(const JsonField& fields, GateRule& rule) {
  fields.allow_only(kFields);
  constexpr double kLargest = 1e300;
  if (fields.has("max_drop")) {
    rule.max_drop = number_within(fields.at("max_drop"), 0, kLargest,
                                  "the largest allowed drop, 0 or more, in the metric's unit "
                                  "(0.01 is one point of an accuracy)");
  }
  if (fields.has("alpha")) rule.alpha = probability(fields.at("alpha"));
  if (fields.has("power")) rule.power = probability(fields.at("power"));
  if (fields.has("min_samples")) rule.min_samples = fields.at("min_samples").count();
  if (fields.has("values_alone")) rule.values_alone = fields.at("values_alone").flag();
  if (fields.has("floor")) {
    rule.floor = number_within(fields.at("floor"), -kLargest, kLargest, "a finite number");
  }
}

}  // namespace

std::vector<GateRule> read_gate_rules(const std::filesystem::path& file) {
  const nlohmann::json document = read_json_file(file);
  const JsonField top(document, "", file);
  top.allow_only({"defaults", "rules"});
  GateRule defaults{.key = {}, .max_drop = std::numeric_limits<double>::infinity()};
  if (top.has("defaults")) read_fields(top.at("defaults"), defaults);
  std::vector<GateRule> rules;
  top.at("rules").each_item([&](const std::string& key, const JsonField& fields) {
    GateRule& rule = rules.emplace_back(defaults);
    rule.key = key;
    require(key.find('/') != std::string::npos && key.front() != '/' && key.back() != '/',
            "{}: the rule '{}' names no metric; want \"<task>/<metric>\", as "
            "\"textvqa_val/textvqa_accuracy\"",
            file.string(), key);
    read_fields(fields, rule);
    require(std::isfinite(rule.max_drop) || rule.floor,
            "{}: the rule '{}' demands nothing; give it max_drop, floor or both", file.string(),
            key);
  });
  require(!rules.empty(),
          "{} holds no rule; want {{\"rules\": {{\"<task>/<metric>\": "
          "{{\"max_drop\": 0.01}}}}}}",
          file.string());
  return rules;
}

}  // namespace sightline
