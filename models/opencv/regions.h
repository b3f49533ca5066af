#pragma once

#include <cstddef>
#include <vector>

#include "harness/base/box.h"
#include "harness/media/image.h"

namespace sightline {

/// Boxes that may hold an object, by classic means: connected components of a few colours and
/// outlines of edges at several scales, and unions of neighbours alike in colour (after selective
/// search, Uijlings et al., IJCV 2013). No model and no training; nothing of it is random.
///
/// Boxes are in pixels of `image`, inside it, without near-duplicates (IoU at most 0.9), `most` at
/// the most. Those most like an object come first, one for each thing (IoU at most 0.5), then the
/// other outlines of these things. An empty image gives none.
std::vector<Box> find_regions(const Image& image, std::size_t most);

}  // namespace sightline
