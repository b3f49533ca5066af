#include <models/api/registry.h>

#include <memory>
#include <string>
#include <vector>

namespace {

/// Answers each prompt with itself, as often as the argument `times` says.
class EchoModel final : public sightline::BatchModel {
 public:
  explicit EchoModel(sightline::ModelSettings settings)
      : times_(static_cast<int>(settings.args.get_number("times", 1))) {
    settings.args.check_all_used("echo");
    info_.name = "echo";
    info_.revision = "times=" + std::to_string(times_);
    info_.kinds = {sightline::Kind::kText};
    info_.max_batch = 16;
    info_.opens_images = false;
    info_.wants_pixels = false;
  }

  const sightline::ModelInfo& info() const override { return info_; }

  std::vector<sightline::Response> answer(std::span<const sightline::Request> requests) override {
    std::vector<sightline::Response> responses(requests.size());
    for (std::size_t i = 0; i < requests.size(); ++i) {
      for (int time = 0; time < times_; ++time) responses[i].text += requests[i].prompt;
    }
    return responses;
  }

 private:
  int times_;
  sightline::ModelInfo info_;
};

}  // namespace

SIGHTLINE_MODULE(registry) {
  registry.add({.name = "echo",
                .summary = "answers each prompt with itself, times= times",
                .open =
                    [](sightline::ModelSettings settings) {
                      return std::make_unique<EchoModel>(std::move(settings));
                    },
                .module = ""});
}
