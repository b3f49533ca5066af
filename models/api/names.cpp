#include <array>
#include <utility>
#include <vector>

#include "harness/base/error.h"
#include "models/api/request.h"
#include "models/api/response.h"

namespace sightline {

namespace {

constexpr std::array<std::pair<Kind, std::string_view>, 4> kKinds{{
    {Kind::kText, "text"},
    {Kind::kDetect, "detect"},
    {Kind::kGround, "ground"},
    {Kind::kReconstruct, "reconstruct"},
}};

constexpr std::array<std::pair<Outcome, std::string_view>, 10> kOutcomes{{
    {Outcome::kOk, "ok"},
    {Outcome::kParseFail, "parse_fail"},
    {Outcome::kEmpty, "empty"},
    {Outcome::kRefused, "refused"},
    {Outcome::kModelError, "model_error"},
    {Outcome::kTimeout, "timeout"},
    {Outcome::kOom, "oom"},
    {Outcome::kCrashed, "crashed"},
    {Outcome::kBadInput, "bad_input"},
    {Outcome::kSkipped, "skipped"},
}};

template <typename Table, typename Value>
std::string_view name_in(const Table& table, Value value) {
  for (const auto& [candidate, name] : table) {
    if (candidate == value) return name;
  }
  fail("{} is no value of this enumeration", static_cast<int>(value));
}

template <typename Table>
auto find_in(const Table& table, std::string_view what, std::string_view given) {
  std::vector<std::string> names;
  for (const auto& [value, name] : table) {
    if (name == given) return value;
    names.emplace_back(name);
  }
  throw UsageError(fmt::format("'{}' is no {}, want one of {}{}", given, what,
                               fmt::join(names, ", "), did_you_mean(std::string(given), names)));
}

}  // namespace

std::string_view name_of(Kind kind) {
  return name_in(kKinds, kind);
}
Kind parse_kind(std::string_view name) {
  return find_in(kKinds, "kind of request", name);
}

std::string_view name_of(Outcome outcome) {
  return name_in(kOutcomes, outcome);
}
Outcome parse_outcome(std::string_view name) {
  return find_in(kOutcomes, "outcome", name);
}

}  // namespace sightline
