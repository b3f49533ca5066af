#pragma once

#include <string>

#include "results/html/html_report.h"

namespace sightline {

/// Size of the drawing of boxes whose image is missing: that of a small picture of the frame.
FrameSize canvas_size(const FrameSize& frame);

/// The sample's true and predicted boxes as SVG in a picture of `size`; boxes are given in pixels
/// of `frame`. Boxes that are not finite are left out, others cut at the frame's edges.
std::string overlay_svg(const PageSample& sample, const FrameSize& size, const FrameSize& frame);

}  // namespace sightline
