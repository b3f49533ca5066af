#include "models/kernels/quantise.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <set>

#include "harness/base/parallel.h"
#include "harness/base/rng.h"
#include "tests/support/errors.h"
#include "tests/support/paths.h"
#include "tests/support/safetensors.h"

namespace sightline {
namespace {

using testing::data_path;
using ::testing::ElementsAre;
using testing::error_of;
using ::testing::HasSubstr;
using testing::shared_path;
using testing::StoredTensor;

using Tensors = std::map<std::string, StoredTensor>;

/// The bytes of numbers, so that comparisons see the sign of zeros and the bits of NaN.
template <typename T>
std::string bytes_of(std::span<const T> numbers) {
  const auto bytes = std::as_bytes(numbers);
  std::string text(bytes.size(), '\0');
  std::ranges::transform(bytes, text.begin(), [](std::byte b) { return static_cast<char>(b); });
  return text;
}

template <typename T>
void expect_bits(const Tensors& tensors, const std::string& key, const std::vector<T>& got) {
  const auto found = tensors.find(key);
  if (found == tensors.end()) return;  // the goldens of one layer hold a part of the matrices' keys
  EXPECT_EQ(bytes_of<T>(got), found->second.bytes) << key;
}

std::vector<std::uint8_t> unpack(const Nf4Blocks& blocks) {
  std::vector<std::uint8_t> codes;
  for (const int byte : blocks.packed) {
    codes.push_back(static_cast<std::uint8_t>(byte >> 4));
    codes.push_back(static_cast<std::uint8_t>(byte & 15));
  }
  codes.resize(blocks.count);
  return codes;
}

void check_int8(const Tensors& golden, const std::string& key) {
  const StoredTensor& weight = golden.at(key + "/W");
  const std::size_t rows = weight.shape[0], columns = weight.shape[1];
  const Int8Rows quantised = quantise_int8(weight.values<float>(), rows, columns);
  expect_bits(golden, key + "/int8_CB", quantised.codes);
  expect_bits(golden, key + "/int8_SCB", quantised.scales);
  expect_bits(golden, key + "/int8_dequant", dequantise(quantised));
}

void check_inputs(const Tensors& golden, const std::string& key) {
  const StoredTensor& x = golden.at(key + "/x");
  const auto values = x.values<float>();
  const Int8Inputs inputs = quantise_inputs(values, x.shape[0], x.shape[1]);
  expect_bits(golden, key + "/int8_CA", inputs.codes);
  expect_bits(golden, key + "/int8_SCA", inputs.scales);
  std::set<std::uint32_t> outliers;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::abs(values[i]) >= 6) outliers.insert(static_cast<std::uint32_t>(i % x.shape[1]));
  }
  EXPECT_EQ(inputs.outlier_columns, std::vector(outliers.begin(), outliers.end()));
}

void check_nf4(const Tensors& golden, const std::string& key) {
  const auto weights = golden.at(key + "/W").values<float>();
  const Nf4Blocks blocks = quantise_nf4(weights, false);
  expect_bits(golden, key + "/nf4_absmax", blocks.absmax);
  expect_bits(golden, key + "/nf4_codes", unpack(blocks));
  expect_bits(golden, key + "/nf4_packed", blocks.packed);
  expect_bits(golden, key + "/nf4_dequant", dequantise(blocks));

  const QuantisedScales scales = quantise_scales(blocks.absmax);
  expect_bits(golden, key + "/dq_offset", std::vector<float>{scales.offset});
  expect_bits(golden, key + "/dq_absmax_codes", scales.codes);
  expect_bits(golden, key + "/dq_absmax2", scales.absmax);
  expect_bits(golden, key + "/dq_absmax_dequant", dequantise(scales));
  const Nf4Blocks twice = quantise_nf4(weights, true);
  EXPECT_EQ(twice.packed, blocks.packed);
  expect_bits(golden, key + "/dq_absmax_dequant", twice.absmax);
  expect_bits(golden, key + "/nf4_dq_dequant", dequantise(twice));
}

/// Checks all matrices of a file of goldens and returns their number.
std::size_t check_all(const std::filesystem::path& path) {
  const Tensors golden = testing::read_safetensors(path);
  std::size_t matrices = 0;
  for (const auto& [name, tensor] : golden) {
    if (!name.ends_with("/W")) continue;
    const std::string key = name.substr(0, name.size() - 2);
    SCOPED_TRACE(key);
    check_int8(golden, key);
    check_inputs(golden, key);
    check_nf4(golden, key);
    ++matrices;
  }
  return matrices;
}

TEST(Quantise, EqualsBitsandbytesOnSmallMatrices) {
  EXPECT_EQ(check_all(data_path("quant/matrices.safetensors")), 4U);
  EXPECT_EQ(check_all(data_path("quant/one_layer.safetensors")), 1U);
}

TEST(Quantise, EqualsBitsandbytesOnAllMatrices) {
  SIGHTLINE_NEED_SHARED("goldens/models/quant/matrices.safetensors");
  EXPECT_EQ(check_all(shared_path("goldens/models/quant/matrices.safetensors")), 9U);
  EXPECT_EQ(check_all(shared_path("goldens/models/quant/one_layer.safetensors")), 2U);
}

TEST(Quantise, CodebookAndDynamicMapAreThoseOfBitsandbytes) {
  const Tensors golden = testing::read_safetensors(data_path("quant/matrices.safetensors"));
  EXPECT_EQ(bytes_of<float>(kNf4Codebook), golden.at("nf4_codebook").bytes);
  EXPECT_EQ(bytes_of<float>(dynamic_map()), golden.at("dynamic_map_256").bytes);
}

TEST(Quantise, AThresholdItselfHasTheLowerCode) {
  const Tensors golden = testing::read_safetensors(data_path("quant/matrices.safetensors"));
  const auto thresholds = golden.at("nf4_thresholds").values<float>();
  std::vector<float> weights(64);
  weights[63] = 1;  // the scale
  for (std::size_t i = 0; i < 15; ++i) {
    weights[2 * i] = thresholds[i];
    weights[2 * i + 1] = std::nextafter(thresholds[i], 2.0F);
  }
  const auto codes = unpack(quantise_nf4(weights, false));
  for (std::size_t i = 0; i < 15; ++i) {
    EXPECT_EQ(codes[2 * i], i);
    EXPECT_EQ(codes[2 * i + 1], i + 1);
  }
}

TEST(Quantise, Int8TakesTheReciprocalTimes127InThisOrder) {
  // With 127 / scale as one division some codes differ: find such a weight, see what is taken.
  Rng rng(1);
  std::size_t differ = 0;
  for (int trial = 0; trial < 200'000; ++trial) {
    const auto scale = static_cast<float>(0.5 + rng.uniform());
    const auto weight = static_cast<float>(rng.uniform()) * scale;
    const float want = std::nearbyint(weight * ((1.0F / scale) * 127.0F));
    differ += want != std::nearbyint(weight * (127.0F / scale));
    const Int8Rows rows = quantise_int8(std::vector{weight, scale}, 1, 2);
    ASSERT_EQ(rows.codes[0], static_cast<int>(want)) << weight << " of " << scale;
  }
  EXPECT_GT(differ, 0U);
}

TEST(Quantise, HalvesRoundToEven) {
  const Int8Rows rows = quantise_int8(std::vector{0.5F, 1.5F, 2.5F, -0.5F, -2.5F, 127.0F}, 1, 6);
  EXPECT_THAT(rows.codes, ElementsAre(0, 2, 2, 0, -2, 127));
}

TEST(Quantise, RowsOfZerosAndOfTinyNumbersHaveCodesOfZero) {
  const std::vector<float> weights = {0, -0.0F, 1e-40F, -1e-38F};
  const Int8Rows rows = quantise_int8(weights, 2, 2);
  EXPECT_THAT(rows.codes, ElementsAre(0, 0, 0, 0));
  const Int8Inputs inputs = quantise_inputs(weights, 2, 2);
  EXPECT_THAT(inputs.codes, ElementsAre(0, 0, 0, 0));
  EXPECT_THAT(inputs.scales, ElementsAre(0, 1e-38F));
}

TEST(Quantise, ABlockOfZerosIsMinusZero) {
  const auto weights = dequantise(quantise_nf4(std::vector<float>(65), false));
  ASSERT_EQ(weights.size(), 65U);
  for (const float weight : weights) EXPECT_EQ(std::bit_cast<std::uint32_t>(weight), 0x80000000U);
}

TEST(Quantise, NotANumberAmongTheInputsIsLeftToTheFloatingPointProduct) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  const Int8Inputs inputs =
      quantise_inputs(std::vector{1.0F, nan, 2.0F, 3.0F, 0.5F, 1.0F, -infinity, 4.0F}, 2, 4);
  EXPECT_THAT(inputs.outlier_columns, ElementsAre(1, 2));
  EXPECT_THAT(inputs.scales, ElementsAre(3.0F, 4.0F));
  EXPECT_THAT(inputs.codes, ElementsAre(42, 0, 0, 127, 16, 0, 0, 127));
}

TEST(Quantise, RefusesWeightsThatAreNotFinite) {
  for (const float bad : {std::nanf(""), -std::nanf(""), HUGE_VALF, -HUGE_VALF}) {
    std::vector<float> weights(300, 1.0F);
    weights[207] = bad;
    EXPECT_THAT(error_of([&] { quantise_int8(weights, 3, 100); }), HasSubstr("row 2, column 7"));
    EXPECT_THAT(error_of([&] { quantise_nf4(weights, true, 100); }), HasSubstr("row 2, column 7"));
    EXPECT_THAT(error_of([&] { quantise_nf4(weights, true); }), HasSubstr("weight 207 is"));
  }
}

TEST(Quantise, RefusesASizeThatDoesNotFit) {
  EXPECT_THAT(error_of([] { quantise_int8(std::vector<float>(5), 2, 3); }), HasSubstr("2 x 3"));
  EXPECT_THAT(error_of([] { quantise_inputs(std::vector<float>(5), 2, 3); }),
              HasSubstr("2 rows of 3"));
}

TEST(Quantise, NothingIsNothing) {
  EXPECT_TRUE(quantise_int8({}, 0, 4).codes.empty());
  EXPECT_TRUE(quantise_nf4({}, true).packed.empty());
  EXPECT_EQ(nf4_stored_bytes(0, false), 0U);
}

TEST(Quantise, PartsAndThreadsDoNotChangeAResult) {
  Rng rng(3);
  std::vector<float> weights(600 * 320);
  for (float& weight : weights) weight = static_cast<float>(rng.uniform() - 0.5);
  set_thread_count(1);
  const Int8Rows rows = quantise_int8(weights, 600, 320);
  const Nf4Blocks blocks = quantise_nf4(weights, false);
  set_thread_count(3);
  EXPECT_EQ(quantise_int8(weights, 600, 320).codes, rows.codes);
  EXPECT_EQ(quantise_nf4(weights, false).packed, blocks.packed);
  EXPECT_EQ(dequantise(quantise_nf4(weights, false)), dequantise(blocks));
  set_thread_count(0);

  std::vector<std::uint8_t> packed(blocks.packed.size());
  std::vector<float> absmax(blocks.absmax.size());
  const std::size_t half = 300 * 320;
  quantise_nf4(std::span(weights).first(half), packed.data(), absmax.data());
  quantise_nf4(std::span(weights).subspan(half), packed.data() + half / 2,
               absmax.data() + half / 64);
  EXPECT_EQ(packed, blocks.packed);
  EXPECT_EQ(absmax, blocks.absmax);
}

TEST(Quantise, StoredBytesCountCodesAndScales) {
  EXPECT_EQ(nf4_stored_bytes(65, false), 33U + 2 * 4);
  EXPECT_EQ(nf4_stored_bytes(64 * 257, true), 64U * 257 / 2 + 257 + 2 * 4 + 4);
  EXPECT_EQ(quantise_nf4(std::vector<float>(65, 1.0F), true).stored_bytes, 33U + 2 + 4 + 4);
}

}  // namespace
}  // namespace sightline
