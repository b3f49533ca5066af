#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/box.h"
#include "harness/base/segmentation.h"
#include "harness/media/image.h"

namespace sightline {

/// How a sample ended.
enum class Outcome {
  kOk,
  kParseFail,   ///< the model answered, its answer could not be read
  kEmpty,       ///< the model answered nothing
  kRefused,     ///< the model declined
  kModelError,  ///< the model reported an error
  kTimeout,
  kOom,
  kCrashed,   ///< the model's process died on it
  kBadInput,  ///< the sample's own data are unusable (image truncated, missing)
  kSkipped,   ///< not asked
};
std::string_view name_of(Outcome outcome);  ///< "ok", "parse_fail", ...
Outcome parse_outcome(std::string_view name);

/// A box a model gave, in pixels of the original image.
struct PredictedBox {
  static constexpr std::int64_t kNoCategory = -1;
  Box box;
  std::int64_t category_id = kNoCategory;  ///< the data set's id; kNoCategory: unknown label
  std::string label;                       ///< as the model wrote it; may be empty
  std::optional<double> score;
};

/// A mask a model gave, of the original image.
struct PredictedMask {
  Segmentation segmentation;
  std::int64_t category_id = PredictedBox::kNoCategory;  ///< as with boxes
  std::optional<double> score;
};

/// A reconstructed image and the length of its compressed form.
struct Reconstruction {
  std::shared_ptr<const Image> image;
  std::optional<std::int64_t> bits;
  std::map<std::string, double> measured;  ///< filled by the task when it has seen the image
  /// Inception features of both images, where rFID is asked for; filled by the task.
  std::vector<float> features, original_features;
  /// What the network gave before it became 8-bit values, [3, height, width] in [-1, 1] (beyond: to
  /// be clamped); null: unknown. `image` is there all the same.
  std::shared_ptr<const std::vector<float>> samples = {};
};

/// A typed answer: the part that the request's kind uses is filled.
struct Answer {
  std::string text;
  std::vector<PredictedBox> boxes;
  std::vector<PredictedMask> masks = {};  ///< instead of boxes, where the task is one of masks
  Reconstruction reconstruction;
};

/// How a text came about, of models that say so.
struct Generation {
  std::vector<int> prompt_ids;  ///< image placeholders repeated
  std::vector<int> ids;         ///< generated, with the one that ended it
  std::vector<float> logprobs;  ///< one for each of `ids`
  double prefill_s = 0, decode_s = 0;
};

/// What came back for one request.
struct Response {
  Outcome outcome = Outcome::kOk;
  std::string error;                          ///< why, when the outcome is not kOk
  std::string text;                           ///< the model's words as they came
  std::optional<Answer> answer;               ///< set by models that answer in typed form
  std::optional<Generation> generation = {};  ///< where the request asks for it
  int prompt_tokens = 0;                      ///< 0: unknown
  int generated_tokens = 0;
  double seconds = 0;  ///< time the model spent on it, its share of a batch
};

/// A response that says only that the request failed.
inline Response failed_response(Outcome outcome, std::string error) {
  return {.outcome = outcome, .error = std::move(error), .text = {}, .answer = {}};
}

}  // namespace sightline
