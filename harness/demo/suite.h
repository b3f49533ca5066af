#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "harness/demo/open_painter.h"

namespace sightline {

/// How large the suite is, and what it is drawn from.
struct DemoOptions {
  std::uint64_t seed = 2026;
  std::size_t scenes = 40;       ///< pictures of shapes, shared by VQA, COCO, RefCOCO and DOCCI
  std::size_t text_images = 24;  ///< pictures with writing, for TextVQA
  std::size_t textures = 24;     ///< pictures for reconstruction

  bool operator==(const DemoOptions&) const = default;
};

/// What was made.
struct DemoSummary {
  std::size_t images = 0;    ///< pictures drawn
  std::size_t files = 0;     ///< files written, a hard link counting as one
  std::uintmax_t bytes = 0;  ///< of these files, linked ones once
  std::vector<std::pair<std::string, std::size_t>> samples;  ///< task name -> samples
};

/// Draws the sample suite below `root`, in the layouts and formats of the official data sets: VQAv2
/// (with a training split without images), TextVQA with OCR tokens, COCO detection and captions,
/// RefCOCO, RefCOCO+ and RefCOCOg, DOCCI and ImageNet. The same options give the same bytes,
/// whatever the number of threads.
///
/// `root` must be new, empty, or hold a suite of the same options, which is then drawn again; it is
/// told by the file `sightline_demo.json`. Throws `Error` otherwise: nothing foreign is touched.
DemoSummary make_demo_suite(const std::filesystem::path& root, const OpenPainter& open_painter,
                            const DemoOptions& options = {});

}  // namespace sightline
