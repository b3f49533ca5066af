#include "models/adapters/replay.h"

#include "harness/base/error.h"
#include "harness/base/hash.h"
#include "harness/media/decode.h"

namespace sightline {

namespace {

/// Answers from a file of predictions in the task's official format.
class ReplayModel final : public BatchModel {
 public:
  ReplayModel(const std::filesystem::path& file, const ModelSettings& settings)
      : kind_(settings.kind), predictions_(read_predictions(file, settings.predictions)) {
    info_.name = "replay";
    info_.hashes["predictions"] =
        predictions_.sha256.empty() ? sha256_of_file(file) : predictions_.sha256;
    info_.kinds = {settings.kind};
    info_.gives_masks = settings.predictions.has_masks();
    info_.max_batch = 1024;
    info_.opens_images = false;
    info_.wants_pixels = false;
  }

  const ModelInfo& info() const override { return info_; }

  std::vector<Response> answer(std::span<const Request> requests) override {
    std::vector<Response> responses;
    responses.reserve(requests.size());
    for (const Request& request : requests) responses.push_back(answer_one(request));
    return responses;
  }

 private:
  Response answer_one(const Request& request) const {
    auto place = predictions_.index.find(request.id);
    if (place == predictions_.index.end()) place = predictions_.index.find(request.group_id);
    if (place == predictions_.index.end()) {
      // Like the official evaluators of boxes: an image without a row has no boxes.
      if (kind_ == Kind::kDetect) return {.text = {}, .answer = Answer{}};
      return failed_response(Outcome::kSkipped, "the predictions file has no row for it");
    }
    Response response;
    response.answer = predictions_.answers[place->second];
    response.text = response.answer->text;
    return kind_ == Kind::kReconstruct ? read_pixels(std::move(response), place->second) : response;
  }

  /// One file that cannot be read costs one sample.
  Response read_pixels(Response response, std::size_t place) const {
    try {
      response.answer->reconstruction.image =
          std::make_shared<const Image>(read_image(predictions_.files[place]));
      return response;
    } catch (const Error& error) {
      return failed_response(Outcome::kParseFail, error.what());
    }
  }

  Kind kind_;
  Predictions predictions_;
  ModelInfo info_;
};

}  // namespace

std::unique_ptr<Model> open_replay(ModelSettings settings) {
  const std::string file =
      settings.args.need("predictions", "the file of predictions in the task's official format");
  settings.args.check_all_used("replay");
  return with_context([&] { return fmt::format("reading predictions {}", file); },
                      [&] { return std::make_unique<ReplayModel>(file, settings); });
}

}  // namespace sightline
