// Registers two models: "constant" answers, "nothing" cannot be opened.
#include "models/api/registry.h"

namespace {

class ConstantModel final : public sightline::BatchModel {
 public:
  ConstantModel() { info_.name = "constant"; }
  const sightline::ModelInfo& info() const override { return info_; }
  std::vector<sightline::Response> answer(std::span<const sightline::Request> requests) override {
    sightline::Response response;
    response.text = "from the module";
    return std::vector<sightline::Response>(requests.size(), response);
  }

 private:
  sightline::ModelInfo info_;
};

}  // namespace

SIGHTLINE_MODULE(registry) {
  registry.add({.name = "constant",
                .summary = "for tests",
                .open = [](sightline::ModelSettings) { return std::make_unique<ConstantModel>(); },
                .module = ""});
  registry.add({.name = "nothing",
                .summary = "for tests",
                .open = [](sightline::ModelSettings) { return nullptr; },
                .module = ""});
}
