#include "models/generation/decoding_plan.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "harness/base/error.h"

namespace sightline {

namespace {

constexpr std::array<const char*, 11> kKnown{
    "do_sample", "ignore_eos", "max_new_tokens", "num_beams", "repetition_penalty",
    "seed",      "stop",       "temperature",    "top_k",     "top_p",
    "until"};

/// `--gen_kwargs`, read by type.
class Arguments {
 public:
  explicit Arguments(const std::map<std::string, std::string>& values) : values_(values) {
    const std::vector<std::string> known(kKnown.begin(), kKnown.end());
    for (const auto& [name, value] : values) {
      if (std::find(known.begin(), known.end(), name) != known.end()) continue;
      throw UsageError(fmt::format("--gen_kwargs: there is no '{}'{}; there are {}", name,
                                   did_you_mean(name, known), fmt::join(known, ", ")));
    }
  }

  bool has(const char* name) const { return values_.contains(name); }

  template <typename Number>
  std::optional<Number> number(const char* name, const char* wanted, Number least,
                               Number most) const {
    const auto found = values_.find(name);
    if (found == values_.end()) return std::nullopt;
    const std::string& text = found->second;
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = error == std::errc() && end == text.data() + text.size();
    if (!whole || !(value >= least && value <= most)) refuse(name, wanted);
    return value;
  }

  std::optional<bool> flag(const char* name) const {
    const auto found = values_.find(name);
    if (found == values_.end()) return std::nullopt;
    for (const char* yes : {"true", "True", "on", "1"}) {
      if (found->second == yes) return true;
    }
    for (const char* no : {"false", "False", "off", "0"}) {
      if (found->second == no) return false;
    }
    refuse(name, "true or false");
  }

  std::optional<std::vector<std::string>> texts(const char* name) const {
    const auto found = values_.find(name);
    if (found == values_.end()) return std::nullopt;
    const std::string& text = found->second;
    const char* wanted = "a text, or a JSON list of texts that are not empty";
    std::vector<std::string> result{text};
    if (text.starts_with('[')) {
      const auto list = nlohmann::json::parse(text, nullptr, false);
      if (!list.is_array()) refuse(name, wanted);
      result.clear();
      for (const nlohmann::json& item : list) {
        if (!item.is_string()) refuse(name, wanted);
        result.push_back(item.get<std::string>());
      }
    }
    for (const std::string& item : result) {
      if (item.empty()) refuse(name, wanted);
    }
    return result;
  }

  [[noreturn]] void refuse(const char* name, std::string_view wanted) const {
    throw UsageError(
        fmt::format("--gen_kwargs {}={}: want {}", name, values_.find(name)->second, wanted));
  }

 private:
  const std::map<std::string, std::string>& values_;
};

constexpr int kMostInt = std::numeric_limits<int>::max();
constexpr double kMost = std::numeric_limits<double>::max();
// The least double above 0: "more than 0".
constexpr double kAboveZero = std::numeric_limits<double>::denorm_min();

SamplingSettings read_sampling(const Arguments& arguments, double temperature) {
  SamplingSettings sampling;
  temperature = arguments.number("temperature", "a number from 0 (0: greedy)", 0.0, kMost)
                    .value_or(temperature);
  const bool given = arguments.has("temperature");
  const std::optional<bool> do_sample = arguments.flag("do_sample");
  if (do_sample.value_or(false) && given && temperature == 0) {
    throw UsageError(
        "--gen_kwargs do_sample=true,temperature=0: sampling needs a temperature above 0; leave "
        "out one of them");
  }
  sampling.sample = do_sample.value_or(temperature > 0);
  if (temperature > 0) sampling.temperature = temperature;
  sampling.repetition_penalty =
      arguments.number("repetition_penalty", "a number above 0", kAboveZero, kMost).value_or(1.0);
  sampling.top_k =
      arguments.number("top_k", "a whole number from 0 (0: all)", 0, kMostInt).value_or(0);
  sampling.top_p =
      arguments.number("top_p", "a number above 0, up to 1", kAboveZero, 1.0).value_or(1.0);
  return sampling;
}

}  // namespace

DecodingPlan plan_decoding(const Decoding& decoding, std::uint64_t fallback_seed) {
  const Arguments arguments(decoding.extra);
  DecodingPlan plan;
  plan.sampling = read_sampling(arguments, decoding.temperature);
  arguments.number("num_beams", "1; there is no beam search", 1, 1);
  const std::uint64_t seed = decoding.seed != 0 ? decoding.seed : fallback_seed;
  plan.seed = arguments
                  .number("seed", "a whole number from 0", std::uint64_t{0},
                          std::numeric_limits<std::uint64_t>::max())
                  .value_or(seed);
  const int tokens = arguments.number("max_new_tokens", "a whole number from 1", 1, kMostInt)
                         .value_or(decoding.max_new_tokens);
  if (tokens < 1) {
    throw UsageError(fmt::format("max_new_tokens is {}, want a whole number from 1", tokens));
  }
  plan.max_new_tokens = static_cast<std::size_t>(tokens);
  if (arguments.has("stop") && arguments.has("until")) {
    throw UsageError("--gen_kwargs: stop and until mean the same; give one of them");
  }
  const char* name = arguments.has("until") ? "until" : "stop";
  plan.stop = arguments.texts(name).value_or(decoding.stop);
  plan.ignore_eos = arguments.flag("ignore_eos").value_or(false);
  plan.with_generation = decoding.with_generation;
  return plan;
}

void check_gen_kwargs(const std::map<std::string, std::string>& gen_kwargs) {
  Decoding decoding;
  decoding.extra = gen_kwargs;
  plan_decoding(decoding, 0);
}

}  // namespace sightline
