#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "harness/base/error.h"
#include "models/adapters/baseline.h"

// kind=caption: a constant, or a sentence on the size and the colours of the picture.

namespace sightline {

namespace {

enum Hue { kBlack, kWhite, kGrey, kBrown, kRed, kOrange, kYellow, kGreen, kBlue, kPurple, kPink };
constexpr std::array<std::string_view, 11> kNames{"black", "white",  "grey",   "brown",
                                                  "red",   "orange", "yellow", "green",
                                                  "blue",  "purple", "pink"};
using Histogram = std::array<std::int64_t, kNames.size()>;

/// Hue in degrees, 0 (red) to 359, of a pixel whose channels are not all equal.
int hue_degrees(int r, int g, int b, int highest, int range) {
  if (highest == r) return (60 * (g - b) / range + 360) % 360;
  if (highest == g) return 60 * (b - r) / range + 120;
  return 60 * (r - g) / range + 240;
}

/// The everyday name of a colour, by bands of hue, saturation and brightness.
Hue name_colour(const std::uint8_t* rgb) {
  const int r = rgb[0], g = rgb[1], b = rgb[2];
  const int highest = std::max({r, g, b}), range = highest - std::min({r, g, b});
  if (highest < 50) return kBlack;
  const int saturation = 100 * range / highest;  // percent
  if (saturation < 15) return highest > 200 ? kWhite : kGrey;
  const int hue = hue_degrees(r, g, b, highest, range);
  if (hue >= 10 && hue < 45 && highest < 160) return kBrown;
  if (hue < 15 || hue >= 345) return saturation < 50 && highest > 180 ? kPink : kRed;
  constexpr std::array<std::pair<int, Hue>, 6> kBands{
      {{45, kOrange}, {70, kYellow}, {165, kGreen}, {255, kBlue}, {290, kPurple}, {345, kPink}}};
  for (const auto& [end, name] : kBands) {
    if (hue < end) return name;
  }
  return kPink;
}

/// Counts colour names over rows [from, to), on a lattice that has about 64 points a side of the
/// whole image.
Histogram count_colours(const Image& image, int from, int to) {
  constexpr int kPoints = 64;
  const int step_x = std::max(1, image.width / kPoints);
  const int step_y = std::max(1, image.height / kPoints);
  Histogram counts{};
  for (int y = from; y < to; y += step_y) {
    for (int x = 0; x < image.width; x += step_x) ++counts[name_colour(image.row(y) + 3 * x)];
  }
  return counts;
}

std::size_t most_frequent(const Histogram& counts) {
  return static_cast<std::size_t>(std::max_element(counts.begin(), counts.end()) - counts.begin());
}

/// "red", or "red and white" when the second colour has at least a fifth of the picture.
std::string name_colours(Histogram counts) {
  std::int64_t total = 0;
  for (const std::int64_t count : counts) total += count;
  const std::size_t first = most_frequent(counts);
  counts[first] = 0;
  const std::size_t second = most_frequent(counts);
  std::string text(kNames[first]);
  if (counts[second] * 5 >= total) text += fmt::format(" and {}", kNames[second]);
  return text;
}

std::string_view name_size(const Image& image) {
  constexpr std::int64_t kMedium = 65536, kLarge = 300000;  // pixels; COCO's 640 x 480 is large
  const std::int64_t pixels = std::int64_t{image.width} * image.height;
  return pixels >= kLarge ? "large" : pixels >= kMedium ? "medium-sized" : "small";
}

std::string describe_thirds(const Image& image) {
  const int height = image.height;
  const auto colour = [&](int third) {
    const int from = height * third / 3;
    return kNames[most_frequent(count_colours(image, from, height * (third + 1) / 3))];
  };
  return fmt::format(
      "Its upper third is mostly {}, its middle third mostly {} and its lower third "
      "mostly {}.",
      colour(0), colour(1), colour(2));
}

Response describe(const Request& request) {
  require(!request.images.empty() && request.images[0].pixels != nullptr,
          "sample {} comes without pixels", request.id);
  const Image& image = *request.images[0].pixels;
  Response response;
  const std::string colours = name_colours(count_colours(image, 0, image.height));
  response.text = fmt::format("A {} {} picture.", name_size(image), colours);
  if (request.purpose == Purpose::kDetailedCaption && image.height >= 3) {
    response.text += " " + describe_thirds(image);
  }
  return response;
}

AnswerOne make_caption(ModelArgs& args, ModelInfo& info) {
  const std::string constant = args.get("answer");
  if (constant.empty()) {
    info.wants_pixels = true;
    return describe;
  }
  return [constant](const Request&) {
    Response response;
    response.text = constant;
    return response;
  };
}

}  // namespace

std::vector<BaselineKind> caption_baselines() {
  return {{"caption", Kind::kText,
           "the caption answer=, or without it a sentence on the picture's size and colours",
           make_caption}};
}

}  // namespace sightline
