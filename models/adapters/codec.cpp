#include "models/adapters/codec.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include "harness/base/error.h"
#include "harness/media/decode.h"
#include "harness/media/encode.h"

namespace sightline {

namespace {

constexpr int kNoQuality = -1, kUsualQuality = 75, kMostQuality = 100;

struct Codec {
  const char* format;
  int least;  ///< quality; kNoQuality: the format has none
  std::string (*encode)(const Image& image, int quality);
};

std::string to_jpeg(const Image& image, int quality) {
  return encode_jpeg(image, quality);
}
std::string to_webp(const Image& image, int quality) {
  return encode_webp(image, static_cast<float>(quality));
}
std::string to_lossless_webp(const Image& image, int /*quality*/) {
  return encode_webp_lossless(image);
}
std::string to_png(const Image& image, int /*quality*/) {
  constexpr int kSmallest = 9;
  return encode_png(image, kSmallest);
}

constexpr Codec kCodecs[] = {{"jpeg", 1, to_jpeg},
                             {"webp", 0, to_webp},
                             {"webp-lossless", kNoQuality, to_lossless_webp},
                             {"png", kNoQuality, to_png}};

const Codec& find_codec(const std::string& format) {
  std::vector<std::string> known;
  for (const Codec& codec : kCodecs) {
    if (codec.format == format) return codec;
    known.emplace_back(codec.format);
  }
  throw UsageError(fmt::format("--model_args format={}: there is no such codec{}; there are {}",
                               format, did_you_mean(format, known), fmt::join(known, ", ")));
}

int read_quality(const Codec& codec, ModelArgs& args) {
  if (codec.least == kNoQuality) {
    if (!args.has("quality")) return 0;
    throw UsageError(fmt::format("--model_args quality={}: {} is lossless and has no quality",
                                 args.get("quality"), codec.format));
  }
  const double number = args.get_number("quality", kUsualQuality);
  if (number < codec.least || number > kMostQuality || number != std::floor(number)) {
    throw UsageError(fmt::format("--model_args quality={} is not a whole number from {} to {}",
                                 args.get("quality"), codec.least, kMostQuality));
  }
  return static_cast<int>(number);
}

Response reconstruct(const Request& request, const Codec& codec, int quality) {
  require(request.images.size() == 1 && request.images[0].pixels != nullptr,
          "sample {} comes without its prepared pixels", request.id);
  const std::string bytes = codec.encode(*request.images[0].pixels, quality);
  Response response;
  Reconstruction& result = response.answer.emplace().reconstruction;
  result.image = std::make_shared<const Image>(decode_image(bytes));
  result.bits = static_cast<std::int64_t>(bytes.size()) * 8;
  return response;
}

}  // namespace

AnswerOne make_codec(const std::string& format, ModelArgs& args, ModelInfo& info) {
  const Codec& codec = find_codec(format);
  const int quality = read_quality(codec, args);
  info.wants_pixels = true;
  return [&codec, quality](const Request& request) { return reconstruct(request, codec, quality); };
}

std::unique_ptr<Model> open_codec(ModelSettings settings) {
  if (settings.kind != Kind::kReconstruct) {
    throw UsageError(fmt::format("model codec answers with images, and task {} asks for {}",
                                 settings.task, name_of(settings.kind)));
  }
  const std::string format =
      settings.args.need("format", "one of jpeg, webp, webp-lossless and png");
  ModelInfo info;
  info.name = "codec";
  info.kinds = {Kind::kReconstruct};
  AnswerOne answer_one = make_codec(format, settings.args, info);
  settings.args.check_all_used(info.name);
  // As it stands when no quality is given, so that the default is part of the run's identity.
  info.revision = "format=" + format;
  if (find_codec(format).least != kNoQuality) {
    info.revision += fmt::format(",quality={}", read_quality(find_codec(format), settings.args));
  }
  info.max_batch = kPixelBatch;
  return answer_each(std::move(info), std::move(answer_one));
}

}  // namespace sightline
