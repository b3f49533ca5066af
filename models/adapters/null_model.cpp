#include "models/adapters/null_model.h"

#include "harness/base/error.h"
#include "models/api/text_arguments.h"

namespace sightline {

namespace {

class NullModel final : public BatchModel {
 public:
  NullModel(ModelInfo info, std::string text) : info_(std::move(info)) {
    response_.text = std::move(text);
  }

  const ModelInfo& info() const override { return info_; }

  std::vector<Response> answer(std::span<const Request> requests) override {
    return std::vector<Response>(requests.size(), response_);
  }

 private:
  ModelInfo info_;
  Response response_;
};

}  // namespace

std::unique_ptr<Model> open_null(ModelSettings settings) {
  if (settings.kind == Kind::kReconstruct) {
    throw UsageError(
        fmt::format("model null answers with text, and task {} asks for images; model baseline "
                    "with kind=jpeg is the simplest that gives some",
                    settings.task));
  }
  ModelInfo info;
  info.name = "null";
  info.kinds = {Kind::kText};
  info.max_batch = 1024;
  info.opens_images = false;
  info.wants_pixels = false;
  std::string text = settings.args.get("answer");
  take_text_arguments(settings.args, info);
  settings.args.check_all_used(info.name);
  // The answer is part of the run's identity.
  if (!text.empty()) info.revision = "answer=" + text;
  return std::make_unique<NullModel>(std::move(info), std::move(text));
}

}  // namespace sightline
