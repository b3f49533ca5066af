#include <opencv2/core/utility.hpp>

#include "models/api/registry.h"
#include "models/opencv/painter.h"
#include "models/opencv/regions.h"

SIGHTLINE_MODULE(registry) {
  // The program has its own threads, one image each.
  cv::setNumThreads(1);
  registry.painter = sightline::open_painter;
  registry.region_finder = sightline::find_regions;
}
