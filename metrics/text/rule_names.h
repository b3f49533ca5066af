#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"

namespace sightline {

/// The element of `all` (an array of an enumeration) whose `name_of` is `name`. Throws `UsageError`
/// naming the nearest known one, with `kind` ("VQA") before the word rules.
template <typename All>
typename All::value_type rules_named(const All& all, std::string_view name, std::string_view kind) {
  std::vector<std::string> names;
  for (const auto rules : all) {
    if (name_of(rules) == name) return rules;
    names.emplace_back(name_of(rules));
  }
  throw UsageError(fmt::format("unknown {} rules '{}'{}; known are {}", kind, name,
                               did_you_mean(std::string(name), names), fmt::join(names, ", ")));
}

}  // namespace sightline
