// Masks by hand: forms, merges, overlaps, scores of referring segmentation, and what is refused.

#include "metrics/masks/mask.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "metrics/masks/mask_cover.h"
#include "metrics/masks/mask_overlap.h"
#include "metrics/masks/polygon_mask.h"
#include "metrics/masks/referring_masks.h"
#include "tests/support/errors.h"

namespace sightline {
namespace {

using ::testing::ElementsAre;
using testing::error_of;
using ::testing::HasSubstr;

/// Pixel rows [top, bottom) of columns [left, right) of an image of 8 x 10.
Mask rectangle(std::uint32_t left, std::uint32_t top, std::uint32_t right, std::uint32_t bottom) {
  std::vector<std::uint32_t> flips;
  for (std::uint32_t x = left; x < right; ++x) {
    flips.insert(flips.end(), {x * 10 + top, x * 10 + bottom});
  }
  return mask_from_flips(10, 8, flips);
}

TEST(Mask, RunsGoDownTheColumns) {
  // 1 . 1
  // . 1 1
  const Mask mask = mask_from_bitmap(2, 3, std::vector<std::uint8_t>{1, 0, 9, 0, 1, 1});
  EXPECT_THAT(runs_of(mask), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(mask.edges(), ElementsAre(0, 1, 3, 6));
  EXPECT_THAT(bitmap_of(mask), ElementsAre(1, 0, 1, 0, 1, 1));
  EXPECT_EQ(mask.area(), 4U);
  EXPECT_EQ(mask.box(), (Box{0, 0, 3, 2}));
}

TEST(Mask, EmptyAndFullOnesHaveOneRunOfTheirKind) {
  EXPECT_THAT(runs_of(Mask(3, 4)), ElementsAre(12));
  EXPECT_EQ(Mask(3, 4).box(), Box{});
  const Mask full = mask_from_runs(3, 4, std::vector<std::uint32_t>{0, 12});
  EXPECT_THAT(runs_of(full), ElementsAre(0, 12));
  EXPECT_EQ(full.area(), 12U);
  EXPECT_EQ(full.box(), (Box{0, 0, 4, 3}));
}

TEST(Mask, CompressedCountsHoldDifferencesFromTheFourthOn) {
  // 6 and 1 as they are, 40 in two groups; then 3 - 1 = 2 and 30 - 40 = -10.
  const std::vector<std::uint32_t> runs = {6, 1, 40, 3, 30};
  EXPECT_EQ(compress_runs(runs), "61X12F");
  std::vector<std::uint32_t> back;
  expand_runs("61X12F", 80, back);
  EXPECT_EQ(back, runs);
}

TEST(Mask, RefusesWhatIsNoMask) {
  using Runs = std::vector<std::uint32_t>;
  EXPECT_THAT(error_of([] { Mask(0, 5); }), HasSubstr("height 0 and width 5"));
  EXPECT_THAT(error_of([] { Mask(5, -1); }), HasSubstr("width -1"));
  EXPECT_THAT(error_of([] { Mask(1 << 16, 1 << 15); }), HasSubstr("fewer than 2^31 pixels"));
  EXPECT_EQ(error_of([] { Mask(1 << 15, 1 << 15); }), "no error");
  for (const Runs& edges : {Runs{1}, Runs{1, 1}, Runs{2, 1}, Runs{1, 21}}) {
    EXPECT_THAT(error_of([&] { Mask(4, 5, edges); }), HasSubstr("do not ascend"));
  }
  EXPECT_THAT(error_of([] { mask_from_flips(4, 5, {3, 2}); }), HasSubstr("do not ascend"));
  EXPECT_THAT(error_of([] { mask_from_flips(4, 5, {21}); }), HasSubstr("do not ascend"));
  EXPECT_THAT(error_of([] { mask_from_runs(4, 5, Runs{20, 1}); }), HasSubstr("cover 21 pixels"));
  EXPECT_THAT(error_of([] { mask_from_runs(4, 5, Runs{~0U, 21}); }), HasSubstr("pixels"));
  EXPECT_THAT(error_of([] { mask_from_runs(4, 5, {}); }), HasSubstr("cover 0 pixels"));
  EXPECT_THAT(error_of([] { mask_from_counts(4, 5, "?~5"); }), HasSubstr("character 2"));
  EXPECT_THAT(error_of([] { mask_from_bitmap(4, 5, std::vector<std::uint8_t>(19)); }),
              HasSubstr("19 bytes, want 20"));
}

TEST(Mask, DamagedCountsAreRefusedOrStillCoverTheImage) {
  const std::string good = counts_of(rectangle(2, 3, 6, 8));
  for (std::size_t at = 0; at < good.size(); ++at) {
    EXPECT_NE(error_of([&] { mask_from_counts(10, 8, good.substr(0, at)); }), "no error");
    for (int byte = -128; byte < 128; ++byte) {
      std::string damaged = good;
      damaged[at] = static_cast<char>(byte);
      const std::string error = error_of([&] {
        const std::vector<std::uint32_t> runs = runs_of(mask_from_counts(10, 8, damaged));
        check_runs(runs, 80);
      });
      if (byte < '0' || byte > 'o') {
        EXPECT_THAT(error, HasSubstr("of the run lengths is 0x"));
      }
    }
  }
}

TEST(PolygonMask, RefusesWhatIsNoPolygon) {
  const auto error = [](const std::vector<double>& polygon) {
    return error_of([&] { polygon_mask(polygon, 10, 10); });
  };
  EXPECT_THAT(error({}), HasSubstr("0 points"));
  EXPECT_THAT(error({1, 2, 3, 4}), HasSubstr("2 points, want at least 3"));
  EXPECT_THAT(error({1, 2, 3, 4, 5}), HasSubstr("5 coordinates"));
  EXPECT_THAT(error({1, 2, 3, 4, 5, NAN}), HasSubstr("nan"));
  EXPECT_THAT(error({1, 2, 3, 4, 5, INFINITY}), HasSubstr("inf"));
  EXPECT_THAT(error({1, 2, 3, -1.1e8, 5, 6}), HasSubstr("-110000000"));
  EXPECT_THAT(error_of([] {
                polygon_mask(std::vector<double>{1, 1, 5, 1, 5, 5}, 0, 10);
              }),
              HasSubstr("height 0"));
}

TEST(PolygonMask, CornersOnThePixelGridMakeWholePixels) {
  const Mask square = polygon_mask(std::vector<double>{2, 3, 6, 3, 6, 8, 2, 8}, 10, 8);
  EXPECT_EQ(square, rectangle(2, 3, 6, 8));
}

TEST(Segmentation, OverlappingPolygonsAreOneOrLeaveOutTheirOverlap) {
  const Segmentation two{.counts = {},
                         .polygons = {{0, 0, 4, 0, 4, 10, 0, 10}, {2, 0, 8, 0, 8, 10, 2, 10}}};
  EXPECT_EQ(segmentation_mask(two, 10, 8), rectangle(0, 0, 8, 10));
  const Mask once = covered_once(part_masks(two, 10, 8));
  EXPECT_EQ(once.area(), 60U);
  EXPECT_EQ(shared_pixels(once, rectangle(2, 0, 4, 10)), 0U);
}

TEST(Segmentation, RunLengthsMustBeOfTheImagesSize) {
  const Segmentation runs{
      .height = 10, .width = 8, .counts = counts_of(rectangle(1, 1, 2, 2)), .polygons = {}};
  EXPECT_EQ(segmentation_mask(runs, 10, 8), rectangle(1, 1, 2, 2));
  EXPECT_THAT(error_of([&] { segmentation_mask(runs, 8, 10); }),
              HasSubstr("a mask of 8 x 10 pixels (width x height) for an image of 10 x 8"));
}

TEST(MaskOverlap, HandWorkedPairs) {
  const Mask left = rectangle(0, 0, 4, 10), middle = rectangle(2, 0, 6, 10);
  EXPECT_EQ(shared_pixels(left, middle), 20U);
  EXPECT_EQ(mask_iou(left, middle), 20.0 / 60.0);
  EXPECT_EQ(mask_iou(left, middle, true), 0.5);
  EXPECT_EQ(mask_iou(left, rectangle(4, 0, 8, 10)), 0) << "touching is no overlap";
  EXPECT_EQ(mask_iou(Mask(10, 8), Mask(10, 8)), 0);
}

TEST(MaskOverlap, DifferentSizesAreRefused) {
  EXPECT_THAT(error_of([] { mask_iou(Mask(4, 5), Mask(5, 4)); }), HasSubstr("different sizes"));
  EXPECT_THAT(error_of([] {
                unite(std::vector<Mask>{Mask(4, 5), Mask(5, 4)});
              }),
              HasSubstr("different sizes"));
  EXPECT_THAT(error_of([] { unite({}); }), HasSubstr("merging 0 masks"));
  const Mask truth(5, 4);
  const std::vector<GroundTruthMask> truths = {{&truth, false}};
  const std::vector<Mask> detections = {Mask(4, 5)};
  const std::vector<std::uint32_t> first = {0};
  std::vector<Overlap> overlaps;
  EXPECT_THAT(
      error_of([&] { find_mask_overlaps(truths, detections, 0.5)(first, first, overlaps); }),
      HasSubstr("different sizes"));
}

// Scores of referring segmentation ----------------------------------------------------------------

TEST(ReferringMasks, NumbersWorkedByHand) {
  ReferringMasks scores;
  scores.update(0, {30, 40}, "val");  // 0.75
  scores.update(1, {5, 10}, "val");   // 0.5, which is not above 0.5
  scores.update(1, {0, 0}, "val");    // both empty: 0
  const auto metrics = scores.metrics();
  ASSERT_EQ(metrics.size(), 7U);
  EXPECT_EQ(metrics[0].key, "giou");
  EXPECT_DOUBLE_EQ(*metrics[0].value, 1.25 / 3);
  EXPECT_EQ(metrics[1].key, "ciou");
  EXPECT_EQ(*metrics[1].value, 35.0 / 50.0);
  EXPECT_FALSE(metrics[1].standard_error);
  EXPECT_EQ(metrics[2].key, "prec@0.5");
  EXPECT_DOUBLE_EQ(*metrics[2].value, 1.0 / 3);
  EXPECT_EQ(*metrics[5].value, 0) << "prec@0.8";
  EXPECT_EQ(metrics[1].n, 3);
}

TEST(ReferringMasks, WithoutAPixelThereIsNoRatio) {
  ReferringMasks scores;
  scores.update(0, {0, 0}, "val");
  EXPECT_FALSE(scores.metrics()[1].value);
  EXPECT_NE(scores.metrics()[1].note, "");
  EXPECT_FALSE(scores.resampled_ciou({.replicates = 10, .seed = 1})->interval());
  EXPECT_FALSE(ReferringMasks().resampled_ciou({.replicates = 10, .seed = 1}));
}

TEST(ReferringMasks, MergingPartsEqualsOnePass) {
  ReferringMasks whole, first, second;
  for (std::int64_t i = 0; i < 50; ++i) {
    const MaskAgreement agreement{i * 7 % 31, 31 + i};
    const auto image = static_cast<std::uint32_t>(i / 3);
    whole.update(image, agreement, "val");
    (i < 20 ? first : second).update(image, agreement, "val");
  }
  first.merge(second);
  const auto one = whole.metrics(), two = first.metrics();
  for (std::size_t i = 0; i < one.size(); ++i) {
    EXPECT_EQ(one[i].value, two[i].value) << one[i].key;
    EXPECT_EQ(one[i].standard_error, two[i].standard_error) << one[i].key;
  }
  const Bootstrap bootstrap{.replicates = 100, .seed = 3};
  EXPECT_EQ(whole.resampled_ciou(bootstrap)->interval(),
            first.resampled_ciou(bootstrap)->interval());
}

}  // namespace
}  // namespace sightline
