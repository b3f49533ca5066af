#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace sightline {

/// A place where two JSON values differ.
struct FieldDifference {
  std::string path;         ///< dotted: "model_args.path"
  std::string left, right;  ///< as JSON, shortened around the difference; "(absent)" where missing
};

/// Every leaf that differs, in order of paths. Objects are compared field by field, everything else
/// as a whole; 1 and 1.0 are equal.
std::vector<FieldDifference> differences(const nlohmann::json& left, const nlohmann::json& right);

}  // namespace sightline
