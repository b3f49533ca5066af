#include "tasks/reconstruction_protocol.h"

#include <charconv>

#include "harness/base/error.h"
#include "harness/media/crop.h"
#include "metrics/image/flowmo.h"

namespace sightline {

namespace {

int parse_size(const std::string& text) {
  int size = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (error != std::errc() || end != text.data() + text.size() || size < 8 || size > 4096) {
    throw UsageError(fmt::format("size={}: want a whole number of pixels from 8 to 4096", text));
  }
  return size;
}

Rounding parse_rounding(const std::string& text) {
  if (text == "truncate") return Rounding::kTruncate;
  return text == "truncate_original" ? Rounding::kTruncateOriginal : Rounding::kNone;
}

Image middle_of(const Image& image, int size) {
  require(image.width >= size && image.height >= size,
          "the image has {} x {} pixels, fewer than the {} x {} of crop=center; crop=resize_center "
          "and crop=adm scale small images up",
          image.width, image.height, size, size);
  return center_crop(image, size, size);
}

}  // namespace

ReconstructionProtocol reconstruction_protocol(const TaskDeclaration::Options& options) {
  return {.name = options.at(kProtocolOption),
          .crop = options.at("crop"),
          .size = parse_size(options.at("size")),
          .rounding = parse_rounding(options.at("rounding")),
          .input = parse_inception_input(options.at("rfid"))};
}

std::vector<TaskOption> reconstruction_options() {
  return {{kProtocolOption,
           "pytorch-fid",
           "whose evaluation: sets the options behind it, which may be chosen all the same; "
           "flowmo also adds psnr_flowmo and computes psnr and ssim in float32",
           {"pytorch-fid", "flowmo", "adm"}},
          {"crop",
           "resize_center",
           "how images are made square: shorter side bilinear and centre crop, "
           "guided-diffusion's crop, the centre without resizing, or not at all",
           {"resize_center", "adm", "center", "none"}},
          {"size", "256", "side of the square in pixels", {}},
          {"rounding",
           "none",
           "the 8-bit values compared: as they are, truncated from [-1, 1] as FlowMo does, or the "
           "original's alone",
           {"none", "truncate", "truncate_original"}},
          {"rfid",
           "pytorch-fid",
           "how images are resized for Inception, as the evaluator of that name does",
           {"pytorch-fid", "tf", "clean-fid"}}};
}

std::map<std::string, TaskDeclaration::Options> reconstruction_protocols() {
  return {{"flowmo", {{"rounding", "truncate"}}}, {"adm", {{"crop", "adm"}, {"rfid", "tf"}}}};
}

Image crop_by(const ReconstructionProtocol& protocol, Image stored) {
  const int size = protocol.size;
  if (protocol.crop == "none") return stored;
  if (protocol.crop == "center") return middle_of(stored, size);
  if (protocol.crop == "adm") return adm_center_crop(stored, size);
  return center_crop(resize_shorter_side(stored, size, ResizeFilter::kBilinear), size, size);
}

ComparedPair round_by(const ReconstructionProtocol& protocol, const Reconstruction& made,
                      const Image& original) {
  if (protocol.rounding == Rounding::kNone) return {*made.image, original};
  ComparedPair pair{{}, flowmo_round_trip(original)};
  if (made.samples) {
    pair.reconstruction = flowmo_image(*made.samples, original.width, original.height);
  } else if (protocol.rounding == Rounding::kTruncate) {
    pair.reconstruction = flowmo_round_trip(*made.image);
  } else {
    pair.reconstruction = *made.image;
  }
  return pair;
}

}  // namespace sightline
