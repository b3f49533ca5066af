#include "models/opencv/painter.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "harness/base/error.h"
#include "harness/base/text.h"

namespace sightline {
namespace {

constexpr int kFractionBits = 4;
constexpr int kFont = cv::FONT_HERSHEY_DUPLEX;
constexpr double kCapitalHeight = 21;  // of the Hershey fonts at scale 1, in pixels
constexpr int kMaxSide = 32767;        // further out OpenCV's fixed-point coordinates overflow

int to_fixed(double value) {
  const double limit = kMaxSide;
  return static_cast<int>(std::lround(std::clamp(value, -limit, limit) * (1 << kFractionBits)));
}

cv::Point to_fixed(Point point) {
  return {to_fixed(point.x), to_fixed(point.y)};
}

cv::Scalar to_scalar(const Colour& colour) {
  return {static_cast<double>(colour[0]), static_cast<double>(colour[1]),
          static_cast<double>(colour[2])};
}

int whole(double thickness) {
  return std::max(1, static_cast<int>(std::lround(thickness)));
}

/// `words` with one "?" for every character that the font lacks.
std::string to_ascii(const std::string& words) {
  require(is_utf8(words), "text to be drawn is not UTF-8: write it in UTF-8");
  std::string ascii;
  for (std::size_t position = 0; position < words.size();) {
    const std::uint32_t code_point = next_code_point(words, position);
    ascii += code_point >= 32 && code_point < 127 ? static_cast<char>(code_point) : '?';
  }
  return ascii;
}

class OpenCvPainter final : public Painter {
 public:
  OpenCvPainter(int width, int height) : image_(black_image(width, height)) {}

  void fill_polygon(const std::vector<Point>& corners, const Colour& colour) override {
    if (corners.empty()) return;
    std::vector<cv::Point> fixed;
    fixed.reserve(corners.size());
    for (const Point& corner : corners) fixed.push_back(to_fixed(corner));
    cv::Mat target = mat();
    cv::fillPoly(target, std::vector<std::vector<cv::Point>>{fixed}, to_scalar(colour), cv::LINE_AA,
                 kFractionBits);
  }

  void fill_ellipse(Point centre, double radius_x, double radius_y, double degrees,
                    const Colour& colour) override {
    cv::Mat target = mat();
    cv::ellipse(target, to_fixed(centre), {to_fixed(radius_x), to_fixed(radius_y)}, degrees, 0, 360,
                to_scalar(colour), cv::FILLED, cv::LINE_AA, kFractionBits);
  }

  void line(Point from, Point to, double thickness, const Colour& colour) override {
    cv::Mat target = mat();
    cv::line(target, to_fixed(from), to_fixed(to), to_scalar(colour), whole(thickness), cv::LINE_AA,
             kFractionBits);
  }

  void rectangle(Point corner, Point opposite, double thickness, const Colour& colour) override {
    cv::Mat target = mat();
    cv::rectangle(target, to_fixed(corner), to_fixed(opposite), to_scalar(colour), whole(thickness),
                  cv::LINE_AA, kFractionBits);
  }

  void text(const std::string& words, Point origin, double height, double thickness,
            const Colour& colour) override {
    cv::Mat target = mat();
    const cv::Point start(static_cast<int>(std::lround(origin.x)),
                          static_cast<int>(std::lround(origin.y)));
    cv::putText(target, to_ascii(words), start, kFont, height / kCapitalHeight, to_scalar(colour),
                whole(thickness), cv::LINE_AA);
  }

  double text_width(const std::string& words, double height, double thickness) const override {
    int baseline = 0;
    return cv::getTextSize(to_ascii(words), kFont, height / kCapitalHeight, whole(thickness),
                           &baseline)
        .width;
  }

  void blur(double sigma) override {
    if (sigma <= 0) return;
    cv::Mat target = mat();
    cv::GaussianBlur(target, target, {}, sigma, sigma, cv::BORDER_REPLICATE);
  }

  Image& canvas() override { return image_; }

 private:
  // Made anew for each call: the owner of the painter may replace the canvas.
  cv::Mat mat() { return {image_.height, image_.width, CV_8UC3, image_.pixels.data()}; }

  Image image_;
};

}  // namespace

std::unique_ptr<Painter> open_painter(int width, int height) {
  require(width >= 1 && height >= 1 && width <= kMaxSide && height <= kMaxSide,
          "a canvas of {} x {} pixels was asked for: both sides must be from 1 to {}", width,
          height, kMaxSide);
  return std::make_unique<OpenCvPainter>(width, height);
}

}  // namespace sightline
