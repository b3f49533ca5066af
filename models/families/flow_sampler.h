#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sightline {

/// How a rectified flow is followed from noise (t = 1) to an image (t = 0). The defaults are those
/// that FlowMo was published with.
struct FlowSampling {
  struct Interval {
    double low = 0.17, high = 1.02;  ///< in units of sigma = t / (1 - t), inclusive
    bool operator==(const Interval&) const = default;
  };
  int steps = 25;
  double power = 0.25;    ///< t_i = (i / steps)^(1 / power); 0: "linear"
  double guidance = 1.5;  ///< v = v_null + guidance (v_code - v_null); 1: none
  std::optional<Interval> interval = Interval{};  ///< of guided steps; none: all of them
  bool operator==(const FlowSampling&) const = default;
};

/// One evaluation of the velocity: z <- z - dt v(z, t).
struct FlowStep {
  float t = 0, dt = 0;
  bool guided = false;
};
std::vector<FlowStep> flow_steps(const FlowSampling& sampling);

/// The names that FlowMo's configuration has for the settings: sample_steps, schedule ("pow_P" or
/// "linear"), cfg, cfg_interval ("(LOW,HIGH)" or "none"). Fields that `values` lacks stay as they
/// are. Throws `UsageError` naming the option, with `source` before it ("--model_args ").
FlowSampling with_options(FlowSampling sampling, const std::map<std::string, std::string>& values,
                          const std::string& source);
/// What `with_options` would have to be given to depart from the published settings as these do.
std::map<std::string, std::string> departures(const FlowSampling& sampling);

}  // namespace sightline
