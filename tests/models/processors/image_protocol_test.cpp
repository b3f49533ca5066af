#include "models/processors/image_protocol.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/errors.h"

namespace sightline {
namespace {

using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

TEST(ImageProtocol, NamesReadBack) {
  for (const auto backend : {ImageBackend::kPil, ImageBackend::kTorchvision}) {
    EXPECT_EQ(parse_image_backend(name_of(backend)), backend);
  }
  for (const auto order : {PassOrder::kPillow12, PassOrder::kPillow13}) {
    EXPECT_EQ(parse_pass_order(name_of(order)), order);
  }
}

TEST(ImageProtocol, SaysWhatChangesScores) {
  EXPECT_THAT(describe({}),
              UnorderedElementsAre(Pair("image_backend", "pil"), Pair("resize_order", "pillow12")));
  EXPECT_THAT(describe({ImageBackend::kPil, PassOrder::kPillow13}),
              UnorderedElementsAre(Pair("image_backend", "pil"), Pair("resize_order", "pillow13")));
  EXPECT_THAT(describe({ImageBackend::kTorchvision, PassOrder::kPillow13}),
              UnorderedElementsAre(Pair("image_backend", "torchvision")));
}

TEST(ImageProtocol, UnknownNamesAreRefusedWithTheChoices) {
  EXPECT_THAT(testing::error_of([] { parse_image_backend("torchvison"); }),
              HasSubstr("did you mean 'torchvision'"));
  EXPECT_THAT(testing::error_of([] { parse_image_backend(""); }), HasSubstr("pil"));
  EXPECT_THAT(testing::error_of([] { parse_pass_order("pillow14"); }), HasSubstr("pillow12"));
}

}  // namespace
}  // namespace sightline
