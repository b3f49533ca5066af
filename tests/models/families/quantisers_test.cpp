#include "models/families/quantisers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/models/families/golden_family.h"
#include "tests/support/errors.h"

namespace sightline::testing {
namespace {

/// [batch, channels, positions] with positions behind each other.
std::vector<float> channels_last(const TensorView& view) {
  const std::vector<float> x = view.values<float>();
  const auto channels = static_cast<std::size_t>(view.shape[1]);
  const auto positions = static_cast<std::size_t>(view.shape[2]);
  std::vector<float> turned;
  for (std::size_t first = 0; first < x.size(); first += channels * positions) {
    for (std::size_t p = 0; p < positions; ++p) {
      for (std::size_t c = 0; c < channels; ++c) turned.push_back(x[first + c * positions + p]);
    }
  }
  return turned;
}

TEST(Lfq, CodesAndIndicesMatchTheReference) {
  const TensorFile golden = open_tensor_file(data_path("models/flowmo/lfq/golden.safetensors"));
  for (const std::string number : {"0", "1", "2", "3"}) {
    SCOPED_TRACE(number);
    const TensorView& view = golden.at(number + ".x");
    const auto channels = static_cast<std::size_t>(view.shape[1]);
    const auto symbols = lfq_symbols(channels_last(view));
    EXPECT_LE(max_difference(lfq_values(symbols), channels_last(golden.at(number + ".quantized"))),
              1e-6);
    const auto indices = golden.at(number + ".indices").values<std::int64_t>();
    EXPECT_EQ(lfq_indices(symbols, channels, channels), indices);
    EXPECT_EQ(lfq_values(symbols), golden.at(number + ".decoded_from_indices").values<float>());
  }
}

TEST(Lfq, OnlyNumbersAboveZeroAreOne) {
  const std::vector<float> x{0.0F, -0.0F, 1e-45F, -1e-45F, INFINITY, NAN};
  EXPECT_THAT(lfq_symbols(x), ::testing::ElementsAre(0, 0, 1, 0, 1, 0));
}

TEST(Lfq, IndicesTakeTheChannelsOfASubTokenApart) {
  // Six channels, three bits: sub-token f has the channels f, 2 + f, 4 + f.
  const std::vector<std::uint8_t> symbols{1, 0, 0, 1, 1, 0};
  EXPECT_THAT(lfq_indices(symbols, 6, 3), ::testing::ElementsAre(0b101, 0b010));
  EXPECT_THAT(error_of([&] { lfq_indices(symbols, 6, 4); }),
              ::testing::HasSubstr("indices of 4 bits cannot be made of 6 channels"));
}

TEST(Fsq, BothFormsMatchTheReference) {
  const TensorFile golden = open_tensor_file(data_path("models/flowmo/fsq/golden.safetensors"));
  for (const std::string number : {"0", "1", "2", "3", "4"}) {
    const auto x = golden.at(number + ".x").values<float>();
    std::vector<std::uint32_t> levels;
    for (const std::int64_t own : golden.at(number + ".levels").values<std::int64_t>()) {
      levels.push_back(static_cast<std::uint32_t>(own));
    }
    for (const char* form : {"tan", "atanh"}) {
      const std::string name = number + "." + form;
      SCOPED_TRACE(name);
      const auto bounded = golden.at(name + ".bounded").values<float>();
      for (std::size_t i = 0; i < x.size(); ++i) {
        EXPECT_NEAR(fsq_bounded(x[i], levels[i % levels.size()], parse_fsq_form(form)), bounded[i],
                    2e-6);
      }
      const auto symbols = fsq_symbols(x, levels, parse_fsq_form(form));
      EXPECT_EQ(fsq_values(symbols, levels), golden.at(name + ".codes").values<float>());
      EXPECT_EQ(fsq_indices(symbols, levels), golden.at(name + ".indices").values<std::int64_t>());
    }
  }
  EXPECT_THAT(error_of([] { parse_fsq_form("tanh"); }), ::testing::HasSubstr("tan or atanh"));
}

}  // namespace
}  // namespace sightline::testing
