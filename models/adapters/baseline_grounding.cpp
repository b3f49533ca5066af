#include "harness/base/error.h"
#include "models/adapters/baseline.h"

// kind=whole_image and kind=centre_box: the same place in every image, whatever the expression.

namespace sightline {

namespace {

Response box_response(const Request& request, double share) {
  if (request.images.empty() || request.images[0].width <= 0 || request.images[0].height <= 0) {
    return failed_response(Outcome::kBadInput, "the size of the image is not known");
  }
  const double width = request.images[0].width, height = request.images[0].height;
  const Box box{width * (1 - share) / 2, height * (1 - share) / 2, width * share, height * share};
  Response response;
  response.answer.emplace().boxes.push_back({.box = box, .label = {}, .score = {}});
  return response;
}

AnswerOne make_centred(double share) {
  return [share](const Request& request) { return box_response(request, share); };
}

}  // namespace

std::vector<BaselineKind> grounding_baselines() {
  return {{"whole_image", Kind::kGround, "the whole image",
           [](ModelArgs&, ModelInfo&) { return make_centred(1); }},
          {"centre_box", Kind::kGround, "the box in the centre of half the width and height",
           [](ModelArgs&, ModelInfo&) { return make_centred(0.5); }}};
}

}  // namespace sightline
