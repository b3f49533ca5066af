#include "models/opencv/regions.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "models/opencv/segmentation.h"

namespace sightline {
namespace {

constexpr int kWorkingSide = 320;   // longer side of the image that proposals are computed on
constexpr double kSameBox = 0.9;    // IoU above which two boxes are one proposal
constexpr double kSameThing = 0.5;  // IoU above which a box waits until every thing has one

double iou(const cv::Rect& one, const cv::Rect& other) {
  const double both = (one & other).area();
  return both / (one.area() + other.area() - both);
}

/// Sums over any rectangle of the Lab channels.
class LabSums {
 public:
  explicit LabSums(const cv::Mat& lab) { cv::integral(lab, sums_, CV_32S); }

  cv::Vec3d sum(const cv::Rect& box) const {
    const auto at = [&](int x, int y) { return cv::Vec3d(sums_.at<cv::Vec3i>(y, x)); };
    return at(box.x, box.y) + at(box.x + box.width, box.y + box.height) -
           at(box.x + box.width, box.y) - at(box.x, box.y + box.height);
  }

 private:
  cv::Mat sums_;
};

/// How much a box looks like one thing: its colour against that of a frame around it, less for
/// boxes at the border of the image (parts of the background) and for very small or large ones.
double objectness(const LabSums& sums, const cv::Rect& box, const cv::Size& size) {
  const cv::Rect whole({0, 0}, size);
  const int margin_x = std::max(3, box.width / 6), margin_y = std::max(3, box.height / 6);
  const cv::Rect frame = cv::Rect(box.x - margin_x, box.y - margin_y, box.width + 2 * margin_x,
                                  box.height + 2 * margin_y) &
                         whole;
  const double around = frame.area() - box.area();
  if (around < 1) return 0;
  const cv::Vec3d inside = sums.sum(box);
  const double contrast = cv::norm(inside / box.area() - (sums.sum(frame) - inside) / around) / 100;
  const int sides_at_border = (box.x <= 1) + (box.y <= 1) + (box.br().x >= size.width - 1) +
                              (box.br().y >= size.height - 1);
  const double share = box.area() / static_cast<double>(whole.area());
  const double fit = std::min({1.0, share / 0.002, (1 - share) / 0.3});
  const double slimness =
      static_cast<double>(std::min(box.width, box.height)) / std::max(box.width, box.height);
  return contrast * fit * std::pow(0.5, sides_at_border) * std::min(1.0, 0.3 + slimness);
}

double likeness(const Segment& one, const Segment& other, double image_area) {
  const auto a = one.mean(), b = other.mean();
  const double colour = std::hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]) / 100;
  const double together = one.area + other.area;
  const double gap = (one.box | other.box).area() - together;
  return -2 * colour - (together + gap) / image_area;
}

/// Boxes of all segments and of their unions, joined two by two, the most alike first.
void add_hierarchy(Segmentation parts, double image_area, std::vector<cv::Rect>& boxes) {
  std::vector<Segment>& segments = parts.segments;
  for (const Segment& segment : segments) boxes.push_back(segment.box);
  struct Link {
    int one, other;
    double likeness;
  };
  const auto at = [&](int index) -> const Segment& {
    return segments[static_cast<std::size_t>(index)];
  };
  std::vector<Link> links;
  for (const auto& [one, other] : parts.neighbours) {
    links.push_back({one, other, likeness(at(one), at(other), image_area)});
  }
  while (!links.empty()) {
    const Link best = *std::ranges::max_element(links, {}, &Link::likeness);
    const int joined = static_cast<int>(segments.size());
    segments.push_back(join(at(best.one), at(best.other)));
    boxes.push_back(segments.back().box);
    std::vector<int> around;
    std::erase_if(links, [&](const Link& link) {
      const bool one = link.one == best.one || link.one == best.other;
      const bool other = link.other == best.one || link.other == best.other;
      if (one && !other) around.push_back(link.other);
      if (other && !one) around.push_back(link.one);
      return one || other;
    });
    std::ranges::sort(around);
    const auto repeated = std::ranges::unique(around);
    around.erase(repeated.begin(), repeated.end());
    for (const int index : around) {
      links.push_back({index, joined, likeness(at(index), at(joined), image_area)});
    }
  }
}

/// Boxes of closed outlines in the edges of `grey`, blurred by `sigma`.
void add_outlines(const cv::Mat& grey, double sigma, std::vector<cv::Rect>& boxes) {
  cv::Mat smooth, edges;
  cv::GaussianBlur(grey, smooth, {}, sigma);
  cv::Canny(smooth, edges, 20, 60);
  cv::dilate(edges, edges, cv::getStructuringElement(cv::MORPH_RECT, {3, 3}));
  std::vector<std::vector<cv::Point>> outlines;
  cv::findContours(edges, outlines, cv::RETR_LIST, cv::CHAIN_APPROX_SIMPLE);
  for (const auto& outline : outlines) boxes.push_back(cv::boundingRect(outline));
}

/// Boxes with something to see in them, those most like an object first.
std::vector<cv::Rect> ranked(const std::vector<cv::Rect>& boxes, const cv::Mat& lab) {
  struct Proposal {
    cv::Rect box;
    double score;
  };
  const LabSums sums(lab);
  std::vector<Proposal> proposals;
  for (const cv::Rect& box : boxes) {
    if (box.width >= 3 && box.height >= 3) {
      proposals.push_back({box, objectness(sums, box, lab.size())});
    }
  }
  std::ranges::stable_sort(proposals, std::ranges::greater{}, &Proposal::score);
  std::vector<cv::Rect> result;
  for (const Proposal& proposal : proposals) result.push_back(proposal.box);
  return result;
}

/// Appends boxes of `candidates` to `kept` as long as they overlap none of it by more than
/// `most_iou` and there are fewer than `most`.
void keep_distinct(const std::vector<cv::Rect>& candidates, double most_iou, std::size_t most,
                   std::vector<cv::Rect>& kept) {
  for (const cv::Rect& box : candidates) {
    if (kept.size() >= most) return;
    const auto same = [&](const cv::Rect& other) { return iou(box, other) > most_iou; };
    if (std::ranges::none_of(kept, same)) kept.push_back(box);
  }
}

}  // namespace

std::vector<Box> find_regions(const Image& image, std::size_t most) {
  if (image.width <= 0 || image.height <= 0 || most == 0) return {};
  // OpenCV has no matrix of constant pixels; nothing below writes to this one.
  const cv::Mat stored(image.height, image.width, CV_8UC3,
                       const_cast<std::uint8_t*>(image.pixels.data()));
  const double shrink =
      std::min(1.0, static_cast<double>(kWorkingSide) / std::max(image.width, image.height));
  const cv::Size size(std::max(1, static_cast<int>(std::lround(image.width * shrink))),
                      std::max(1, static_cast<int>(std::lround(image.height * shrink))));
  cv::Mat small, lab, grey;
  cv::resize(stored, small, size, 0, 0, cv::INTER_AREA);
  cv::cvtColor(small, grey, cv::COLOR_RGB2GRAY);
  cv::GaussianBlur(small, small, {}, 0.8);
  cv::cvtColor(small, lab, cv::COLOR_RGB2Lab);

  std::vector<cv::Rect> boxes;
  for (const double scale : {150.0, 500.0}) {
    add_hierarchy(segment_image(lab, scale, 24), static_cast<double>(size.area()), boxes);
  }
  for (const double sigma : {1.0, 2.0}) add_outlines(grey, sigma, boxes);

  const double scale_x = static_cast<double>(image.width) / size.width;
  const double scale_y = static_cast<double>(image.height) / size.height;
  std::vector<Box> result;
  const std::vector<cv::Rect> candidates = ranked(boxes, lab);
  std::vector<cv::Rect> kept;
  keep_distinct(candidates, kSameThing, most, kept);
  keep_distinct(candidates, kSameBox, most, kept);
  for (const cv::Rect& box : kept) {
    result.push_back({box.x * scale_x, box.y * scale_y, box.width * scale_x, box.height * scale_y});
  }
  return result;
}

}  // namespace sightline
