#include <cmath>
#include <memory>

#include "harness/base/error.h"
#include "harness/media/decode.h"
#include "harness/media/encode.h"
#include "models/adapters/baseline.h"

// kind=jpeg and kind=webp: what an ordinary codec makes of the image, at its true rate.

namespace sightline {

namespace {

using Encode = std::function<std::string(const Image& image, int quality)>;

Response reconstruct(const Request& request, const Encode& encode, int quality) {
  require(request.images.size() == 1 && request.images[0].pixels != nullptr,
          "sample {} comes without its prepared pixels", request.id);
  const std::string bytes = encode(*request.images[0].pixels, quality);
  Response response;
  Reconstruction& result = response.answer.emplace().reconstruction;
  result.image = std::make_shared<const Image>(decode_image(bytes));
  result.bits = static_cast<std::int64_t>(bytes.size()) * 8;
  return response;
}

AnswerOne make_codec(ModelArgs& args, ModelInfo& info, int least, const Encode& encode) {
  constexpr int kDefault = 75, kMost = 100;
  const double number = args.get_number("quality", kDefault);
  if (number < least || number > kMost || number != std::floor(number)) {
    throw UsageError(fmt::format("--model_args quality={} is not a whole number from {} to {}",
                                 args.get("quality"), least, kMost));
  }
  info.wants_pixels = true;
  const int quality = static_cast<int>(number);
  return
      [encode, quality](const Request& request) { return reconstruct(request, encode, quality); };
}

std::string to_jpeg(const Image& image, int quality) {
  return encode_jpeg(image, quality);
}
std::string to_webp(const Image& image, int quality) {
  return encode_webp(image, static_cast<float>(quality));
}

}  // namespace

std::vector<BaselineKind> reconstruction_baselines() {
  return {{"jpeg", Kind::kReconstruct, "JPEG of quality= (1 to 100, default 75)",
           [](ModelArgs& args, ModelInfo& info) { return make_codec(args, info, 1, to_jpeg); }},
          {"webp", Kind::kReconstruct, "lossy WebP of quality= (0 to 100, default 75)",
           [](ModelArgs& args, ModelInfo& info) { return make_codec(args, info, 0, to_webp); }}};
}

}  // namespace sightline
