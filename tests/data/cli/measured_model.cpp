// A model for tests of the program: it takes a precision, says what it weighs and how its text came
// about, and fails where it is told to.
//
//   refuse=P   cannot be opened at precision P
//   crash=P    ends the program when it is asked for its third answer at precision P
//   delay=S    seconds that an answer takes
//   quiet=on   does not say which precision it computes in
//   always=P   computes in P whatever is asked for
#include <chrono>
#include <cstdlib>
#include <thread>

#include "harness/base/error.h"
#include "models/api/registry.h"

namespace {

using namespace sightline;

class MeasuredModel final : public BatchModel {
 public:
  explicit MeasuredModel(ModelSettings settings)
      : delay_(settings.args.get_number("delay", 0)),
        crashes_(settings.args.get("crash") == settings.precision && !settings.precision.empty()) {
    const std::string refused = settings.args.get("refuse");
    if (!refused.empty() && refused == settings.precision) {
      throw UsageError("model measured does not compute in " + refused);
    }
    info_.name = "measured";
    if (settings.args.get("quiet") != "on") {
      info_.precision = settings.precision.empty() ? "fp32" : settings.precision;
    }
    if (settings.args.has("always")) info_.precision = settings.args.get("always");
    settings.args.check_all_used(info_.name);
    const bool quantised = info_.precision == "int8";
    info_.kinds = {Kind::kText};
    info_.opens_images = info_.wants_pixels = false;
    info_.facts["weight_bytes"] = quantised ? 1500000 : info_.precision == "bf16" ? 2000000 : 4e6;
    if (quantised) info_.facts["quantised_layers"] = 7;
  }

  const ModelInfo& info() const override { return info_; }

  std::vector<Response> answer(std::span<const Request> requests) override {
    std::vector<Response> responses;
    for (const Request& request : requests) responses.push_back(answer_one(request));
    return responses;
  }

 private:
  Response answer_one(const Request& request) {
    if (crashes_ && ++asked_ == 3) std::abort();
    std::this_thread::sleep_for(std::chrono::duration<double>(delay_));
    Response response;
    // One answer in three differs between the precisions.
    const bool other = info_.precision == "int8" && request.ticket % 3 == 0;
    response.text = other ? "no" : "yes";
    response.prompt_tokens = 10;
    response.generated_tokens = 2;
    response.seconds = 0.25;
    if (request.decoding.with_generation) response.generation = generation_of(request);
    return response;
  }

  /// As many tokens as were asked for, or two.
  static Generation generation_of(const Request& request) {
    const auto found = request.decoding.extra.find("ignore_eos");
    const bool all = found != request.decoding.extra.end() && found->second == "true";
    Generation generation{.prompt_ids = {}, .ids = {}, .logprobs = {}};
    for (std::size_t image = 0; image < request.images.size(); ++image) {
      generation.prompt_ids.push_back(9);
    }
    generation.prompt_ids.push_back(static_cast<int>(request.prompt.size()));
    const int tokens = all ? request.decoding.max_new_tokens : 2;
    for (int i = 0; i < tokens; ++i) {
      generation.ids.push_back(100 + i);
      generation.logprobs.push_back(-0.5F * static_cast<float>(i + 1));
    }
    generation.prefill_s = 0.125;
    generation.decode_s = 0.5;
    return generation;
  }

  double delay_;
  bool crashes_;
  int asked_ = 0;
  ModelInfo info_;
};

}  // namespace

SIGHTLINE_MODULE(registry) {
  registry.add({.name = "measured",
                .summary = "for tests",
                .open =
                    [](ModelSettings settings) {
                      return std::make_unique<MeasuredModel>(std::move(settings));
                    },
                .module = ""});
}
