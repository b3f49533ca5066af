#include "models/families/flow_sampler.h"

#include <charconv>
#include <cmath>

#include "harness/base/error.h"

namespace sightline {

namespace {

constexpr int kMostSteps = 10'000;

std::optional<double> parse_number(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number)) {
    return std::nullopt;
  }
  return number;
}

[[noreturn]] void fail_option(const std::string& source, const std::string& name,
                              const std::string& value, const char* wanted) {
  throw UsageError(fmt::format("{}{}={}: want {}", source, name, value, wanted));
}

/// 0 for "linear".
std::optional<double> parse_schedule(std::string_view text) {
  constexpr std::string_view kPower = "pow_";
  if (text == "linear") return 0.0;
  if (!text.starts_with(kPower)) return std::nullopt;
  const std::optional<double> power = parse_number(text.substr(kPower.size()));
  return power && *power > 0 ? power : std::nullopt;
}

std::optional<FlowSampling::Interval> parse_interval(std::string_view text) {
  if (text.starts_with('(') && text.ends_with(')')) text = text.substr(1, text.size() - 2);
  const std::size_t comma = text.find(',');
  if (comma == std::string_view::npos) return std::nullopt;
  const auto low = parse_number(text.substr(0, comma)), high = parse_number(text.substr(comma + 1));
  if (!low || !high || *low < 0 || *high < *low) return std::nullopt;
  return FlowSampling::Interval{*low, *high};
}

}  // namespace

std::vector<FlowStep> flow_steps(const FlowSampling& sampling) {
  const double exponent = sampling.power > 0 ? 1 / sampling.power : 1;
  const auto time = [&](int i) {
    return std::pow(static_cast<double>(i) / sampling.steps, exponent);
  };
  // As the reference computes them: times in double precision, differences of those in single.
  const auto difference = [&](int i) {
    if (sampling.power == 0) return static_cast<float>(1.0 / sampling.steps);
    return static_cast<float>(time(i)) - static_cast<float>(time(i - 1));
  };
  const auto flow_time = [](double sigma) { return sigma / (1 + sigma); };
  const auto is_guided = [&](double t) {
    if (sampling.guidance == 1) return false;
    return !sampling.interval ||
           (t >= flow_time(sampling.interval->low) && t <= flow_time(sampling.interval->high));
  };
  std::vector<FlowStep> steps;
  for (int i = sampling.steps; i > 0; --i) {
    const double t = time(i);
    steps.push_back({.t = static_cast<float>(t), .dt = difference(i), .guided = is_guided(t)});
  }
  return steps;
}

FlowSampling with_options(FlowSampling sampling, const std::map<std::string, std::string>& values,
                          const std::string& source) {
  for (const auto& [name, value] : values) {
    if (name == "sample_steps") {
      const auto steps = parse_number(value);
      if (!steps || *steps < 1 || *steps > kMostSteps || *steps != std::floor(*steps)) {
        fail_option(source, name, value, "a whole number from 1 to 10000");
      }
      sampling.steps = static_cast<int>(*steps);
    } else if (name == "schedule") {
      const auto power = parse_schedule(value);
      if (!power) fail_option(source, name, value, "linear, or pow_P with a number P above 0");
      sampling.power = *power;
    } else if (name == "cfg") {
      const auto guidance = parse_number(value);
      if (!guidance || *guidance < 0) fail_option(source, name, value, "a number of at least 0");
      sampling.guidance = *guidance;
    } else if (name == "cfg_interval") {
      sampling.interval = value == "none" ? std::nullopt : parse_interval(value);
      if (!sampling.interval && value != "none") {
        fail_option(source, name, value, "(LOW,HIGH) with 0 <= LOW <= HIGH, or none");
      }
    } else {
      throw UsageError(
          fmt::format("{}{}: want sample_steps, schedule, cfg or cfg_interval", source, name));
    }
  }
  return sampling;
}

std::map<std::string, std::string> departures(const FlowSampling& sampling) {
  const FlowSampling published;
  std::map<std::string, std::string> options;
  if (sampling.steps != published.steps) options["sample_steps"] = std::to_string(sampling.steps);
  if (sampling.power != published.power) {
    options["schedule"] =
        sampling.power > 0 ? fmt::format("pow_{}", sampling.power) : std::string("linear");
  }
  if (sampling.guidance != published.guidance)
    options["cfg"] = fmt::format("{}", sampling.guidance);
  if (sampling.interval != published.interval && sampling.guidance != 1) {
    options["cfg_interval"] =
        sampling.interval ? fmt::format("({},{})", sampling.interval->low, sampling.interval->high)
                          : std::string("none");
  }
  return options;
}

}  // namespace sightline
