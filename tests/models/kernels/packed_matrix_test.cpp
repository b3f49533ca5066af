#include "models/kernels/packed_matrix.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <numeric>

#include "harness/base/parallel.h"
#include "harness/base/rng.h"
#include "harness/formats/number_conversion.h"
#include "models/kernels/bfloat16.h"
#include "models/kernels/half_precision.h"
#include "models/kernels/packed_panels.h"
#include "models/kernels/quantise.h"
#include "tests/support/errors.h"

namespace sightline {
namespace {

using testing::error_of;
using ::testing::HasSubstr;

/// Sets the number of threads for the scope of a test.
class Threads {
 public:
  explicit Threads(std::size_t count) { set_thread_count(count); }
  ~Threads() { set_thread_count(0); }
};

std::vector<float> random_floats(std::size_t count, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(rng.uniform(-1, 1));
  return values;
}

std::vector<BFloat16> rounded(const std::vector<float>& values) {
  std::vector<BFloat16> result;
  for (const float value : values) result.push_back(round_to<BFloat16>(value));
  return result;
}

TensorView matrix_view(const std::vector<float>& values, std::size_t rows, std::size_t columns) {
  return view_of(std::span(values),
                 {static_cast<std::int64_t>(rows), static_cast<std::int64_t>(columns)});
}

/// Bits, so that comparisons see the sign of zeros.
template <typename T>
std::vector<std::uint32_t> bits_of(const std::vector<T>& values) {
  std::vector<std::uint32_t> bits;
  for (const T value : values) bits.push_back(std::bit_cast<std::uint32_t>(to_float(value)));
  return bits;
}

template <typename T>
std::vector<T> product(const PackedPanels& panels, const ProductKernels& kernels,
                       const std::vector<T>& x, std::size_t count, const float* bias,
                       std::span<const std::size_t> ends = {}) {
  std::vector<T> y(count * panels.rows);
  multiply_panels(
      panels, kernels, x.data(), bias, y.data(),
      {.count = count, .x_stride = panels.columns, .y_stride = panels.rows, .sequence_ends = ends});
  return y;
}

/// The order of sums that `PackedMatrix` promises, in the plainest way.
template <typename T>
std::vector<T> plain_product(const PackedPanels& panels, const std::vector<T>& x, std::size_t count,
                             const float* bias) {
  std::vector<T> y;
  std::vector<float> weights(panels.rows * panels.columns);
  for (std::size_t o = 0; o < panels.rows; ++o) copy_row(panels, o, &weights[o * panels.columns]);
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t o = 0; o < panels.rows; ++o) {
      float sum = 0;
      for (std::size_t k = 0; k < panels.columns; ++k) {
        sum = std::fma(to_float(x[i * panels.columns + k]), weights[o * panels.columns + k], sum);
      }
      y.push_back(round_to<T>(bias != nullptr ? sum + bias[o] : sum));
    }
  }
  return y;
}

struct Size {
  std::size_t rows, columns;
};
// Around panels of 32, blocks of 64 and 256 inputs, and tiles of 2, 3 and 12 rows.
constexpr Size kSizes[] = {{1, 1},    {5, 7},    {31, 63},  {32, 64},  {33, 65},
                           {96, 255}, {97, 257}, {160, 96}, {300, 64}, {70, 600}};
constexpr Storage kFloatStorages[] = {Storage::kF32, Storage::kBF16, Storage::kF16, Storage::kNf4};
constexpr Storage kStorages[] = {Storage::kF32, Storage::kBF16, Storage::kF16, Storage::kNf4,
                                 Storage::kInt8};

PackedPanels random_panels(Size size, Storage storage) {
  const std::vector<float> weights = random_floats(size.rows * size.columns, 7);
  const TensorView view = matrix_view(weights, size.rows, size.columns);
  return pack_panels(std::span(&view, 1), storage, false);
}

std::string described(const ProductKernels& kernels, Storage storage, Size size) {
  return fmt::format("{}, {}, {} x {}", kernels.name, name_of(storage), size.rows, size.columns);
}

template <typename T>
void expect_plain_products(const std::vector<T>& x, const PackedPanels& panels,
                           const std::vector<float>& bias) {
  for (const std::size_t count : {1U, 2U, 3U, 4U, 7U, 11U, 12U, 13U, 25U}) {
    SCOPED_TRACE(fmt::format("{} rows", count));
    for (const float* added : {static_cast<const float*>(nullptr), bias.data()}) {
      const auto want = bits_of(plain_product(panels, x, count, added));
      for (const ProductKernels* kernels : product_kernels()) {
        ASSERT_EQ(bits_of(product(panels, *kernels, x, count, added)), want) << kernels->name;
      }
    }
  }
}

TEST(PackedMatrix, SumsFusedProductsInAscendingOrderOnEveryInstructionSet) {
  for (const Size size : kSizes) {
    const std::vector<float> x = random_floats(25 * size.columns, 8);
    const std::vector<float> bias = random_floats(size.rows, 9);
    for (const Storage storage : kFloatStorages) {
      SCOPED_TRACE(described(*product_kernels().front(), storage, size));
      const PackedPanels panels = random_panels(size, storage);
      expect_plain_products(x, panels, bias);
      expect_plain_products(rounded(x), panels, bias);
    }
  }
}

template <typename T>
std::vector<T> row_of(const std::vector<T>& x, std::size_t row, std::size_t columns) {
  const auto begin = x.begin() + static_cast<std::ptrdiff_t>(row * columns);
  return {begin, begin + static_cast<std::ptrdiff_t>(columns)};
}

TEST(PackedMatrix, ARowIsTheSameInEveryBatchOnAnyNumberOfThreads) {
  constexpr std::size_t kRows = 40;
  for (const Size size : {Size{33, 65}, Size{97, 300}, Size{300, 64}}) {
    std::vector<float> x = random_floats(kRows * size.columns, 8);
    // Outliers, of whole sequences of one row.
    for (std::size_t i = 0; i < kRows; i += 3) x[i * size.columns + i % size.columns] = 6.5F;
    std::vector<std::size_t> ends(kRows);
    std::iota(ends.begin(), ends.end(), std::size_t{1});
    for (const Storage storage : kStorages) {
      const PackedPanels panels = random_panels(size, storage);
      for (const ProductKernels* kernels : product_kernels()) {
        SCOPED_TRACE(described(*kernels, storage, size));
        std::vector<float> alone;
        for (std::size_t i = 0; i < kRows; ++i) {
          for (const float y : product(panels, *kernels, row_of(x, i, size.columns), 1, nullptr)) {
            alone.push_back(y);
          }
        }
        for (const std::size_t threads : {1U, 2U, 3U}) {
          const Threads scope(threads);
          for (std::size_t count = 2; count <= kRows; ++count) {
            const auto y =
                product(panels, *kernels, x, count, nullptr, std::span(ends).first(count));
            ASSERT_TRUE(std::equal(y.begin(), y.end(), alone.begin()))
                << count << " rows on " << threads << " threads";
          }
        }
      }
    }
  }
}

/// Codes and outliers as LLM.int8 has them, for the rows of one sequence, in double precision.
std::vector<double> plain_int8_product(const std::vector<float>& weights, Size size,
                                       const std::vector<float>& x, std::size_t count) {
  const Int8Rows codes = quantise_int8(weights, size.rows, size.columns);
  const Int8Inputs inputs = quantise_inputs(x, count, size.columns);
  std::vector<double> y;
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t o = 0; o < size.rows; ++o) {
      std::int64_t sum = 0;
      for (std::size_t k = 0; k < size.columns; ++k) {
        sum += inputs.codes[i * size.columns + k] * codes.codes[o * size.columns + k];
      }
      const double scale = static_cast<double>(codes.scales[o]);
      double value = static_cast<double>(sum) * static_cast<double>(inputs.scales[i]) * scale /
                     (127.0 * 127.0);
      for (const std::uint32_t k : inputs.outlier_columns) {
        value += static_cast<double>(x[i * size.columns + k]) * codes.codes[o * size.columns + k] *
                 scale / 127;
      }
      y.push_back(value);
    }
  }
  return y;
}

TEST(PackedMatrix, MultipliesCodesSequenceBySequence) {
  for (const Size size : kSizes) {
    const std::vector<float> weights = random_floats(size.rows * size.columns, 7);
    const TensorView view = matrix_view(weights, size.rows, size.columns);
    const PackedPanels panels = pack_panels(std::span(&view, 1), Storage::kInt8, false);
    std::vector<float> x = random_floats(30 * size.columns, 8);
    for (std::size_t i = 0; i < 30; i += 4) x[i * size.columns + i * 7 % size.columns] = -9.0F;
    // The fourth has no row.
    const std::vector<std::size_t> ends = {5, 6, 20, 20, 30};
    std::vector<double> want;
    for (std::size_t s = 0, begin = 0; s < ends.size(); begin = ends[s++]) {
      if (begin == ends[s]) continue;
      const auto at = [&](std::size_t row) {
        return x.begin() + static_cast<std::ptrdiff_t>(row * size.columns);
      };
      const auto part =
          plain_int8_product(weights, size, {at(begin), at(ends[s])}, ends[s] - begin);
      want.insert(want.end(), part.begin(), part.end());
    }
    const auto first = product(panels, *generic_kernels(), x, 30, nullptr, ends);
    for (std::size_t i = 0; i < want.size(); ++i) {
      ASSERT_NEAR(first[i], want[i], 1e-6 * (10 + static_cast<double>(size.columns)));
    }
    for (const ProductKernels* kernels : product_kernels()) {
      SCOPED_TRACE(described(*kernels, Storage::kInt8, size));
      ASSERT_EQ(bits_of(product(panels, *kernels, x, 30, nullptr, ends)), bits_of(first));
    }
  }
}

TEST(PackedMatrix, UsesTheWeightsThatQuantisationGives) {
  for (const Size size : kSizes) {
    SCOPED_TRACE(fmt::format("{} x {}", size.rows, size.columns));
    const std::vector<float> above = random_floats(size.rows * size.columns, 1);
    const std::vector<float> below = random_floats(3 * size.columns, 2);
    const TensorView parts[] = {matrix_view(above, size.rows, size.columns),
                                matrix_view(below, 3, size.columns)};
    const struct {
      Storage storage;
      bool twice;
      std::vector<float> above, below;
    } cases[] = {{Storage::kNf4, false, dequantise(quantise_nf4(above, false)),
                  dequantise(quantise_nf4(below, false))},
                 {Storage::kNf4, true, dequantise(quantise_nf4(above, true)),
                  dequantise(quantise_nf4(below, true))},
                 {Storage::kInt8, false, dequantise(quantise_int8(above, size.rows, size.columns)),
                  dequantise(quantise_int8(below, 3, size.columns))}};
    for (const auto& [storage, twice, first, second] : cases) {
      const PackedMatrix matrix = PackedMatrix::pack(parts, storage, twice);
      std::vector<float> want = first, got((size.rows + 3) * size.columns);
      want.insert(want.end(), second.begin(), second.end());
      for (std::size_t o = 0; o < matrix.rows(); ++o) matrix.copy_row(o, &got[o * size.columns]);
      ASSERT_EQ(bits_of(got), bits_of(want)) << name_of(storage);
    }
  }
}

TEST(PackedMatrix, ManyRowsAreTheSameInSeveralChunks) {
  const Size size = {70, 300};
  const PackedPanels panels = random_panels(size, Storage::kBF16);
  constexpr std::size_t kRows = 1000;
  const std::vector<float> x = random_floats(kRows * size.columns, 3);
  const auto want = plain_product(panels, x, kRows, nullptr);
  for (const std::size_t threads : {1U, 16U}) {
    const Threads scope(threads);
    EXPECT_EQ(product(panels, *product_kernels().front(), x, kRows, nullptr), want);
  }
}

TEST(PackedMatrix, RowsMayLieApart) {
  const Size size = {40, 50};
  const std::vector<float> weights = random_floats(size.rows * size.columns, 1);
  const TensorView view = matrix_view(weights, size.rows, size.columns);
  const PackedMatrix matrix = PackedMatrix::pack(std::span(&view, 1), Storage::kF32);
  const std::vector<float> x = random_floats(5 * 60, 2);
  std::vector<float> y(5 * 48, -7);
  matrix.multiply(x.data(), nullptr, y.data(), {.count = 5, .x_stride = 60, .y_stride = 48});
  for (std::size_t i = 0; i < 5; ++i) {
    std::vector<float> row(size.rows);
    matrix.multiply(&x[i * 60], nullptr, row.data(), {.count = 1, .x_stride = 50, .y_stride = 40});
    EXPECT_TRUE(
        std::equal(row.begin(), row.end(), y.begin() + static_cast<std::ptrdiff_t>(i * 48)));
    for (std::size_t o = 40; o < 48; ++o) EXPECT_EQ(y[i * 48 + o], -7) << "behind the outputs";
  }
}

/// Bytes of numbers behind one odd byte, so that they lie at odd addresses.
template <typename T>
std::vector<std::byte> odd_bytes(const std::vector<T>& values) {
  const auto numbers = std::as_bytes(std::span(values));
  std::vector<std::byte> bytes(1 + numbers.size());
  std::ranges::copy(numbers, bytes.begin() + 1);
  return bytes;
}

TEST(PackedMatrix, StacksPartsOfSeveralTypes) {
  constexpr std::size_t kColumns = 70;
  const std::vector<float> values = random_floats(kColumns * (3 + 40 + 22), 5);
  std::vector<std::uint16_t> brain, half;
  std::vector<float> want(values.begin(), values.begin() + 3 * kColumns);
  for (std::size_t i = 3 * kColumns; i < 43 * kColumns; ++i) {
    brain.push_back(round_to<BFloat16>(values[i]).bits);
    want.push_back(to_float(BFloat16{brain.back()}));
  }
  for (std::size_t i = 43 * kColumns; i < values.size(); ++i) {
    half.push_back(half_of_float(values[i]));
    want.push_back(float_of_half(half.back()));
  }
  const std::vector<std::vector<std::byte>> bytes = {
      odd_bytes(std::vector(values.begin(), values.begin() + 3 * kColumns)), odd_bytes(brain),
      odd_bytes(half)};
  const TensorView parts[] = {{DType::kF32, {3, kColumns}, std::span(bytes[0]).subspan(1)},
                              {DType::kBF16, {40, kColumns}, std::span(bytes[1]).subspan(1)},
                              {DType::kF16, {22, kColumns}, std::span(bytes[2]).subspan(1)}};
  const PackedMatrix matrix = PackedMatrix::pack(parts, Storage::kF32);
  EXPECT_EQ(matrix.rows(), 65U);
  EXPECT_EQ(matrix.columns(), kColumns);
  EXPECT_EQ(matrix.storage(), Storage::kF32);
  EXPECT_GE(matrix.bytes(), 65 * kColumns * sizeof(float));
  std::vector<float> got(want.size());
  for (std::size_t o = 0; o < 65; ++o) matrix.copy_row(o, &got[o * kColumns]);
  EXPECT_EQ(bits_of(got), bits_of(want));
}

TEST(PackedMatrix, RoundsKeptWeightsToTheNearest) {
  // Ties go to even: 1 + 2^-8 to 1, 1 + 3 * 2^-8 to 1 + 2^-6.
  const std::vector<float> brain = {1 + 0x1p-8F, 1 + 0x3p-8F, 1 + 0x1.1p-8F, -3.0F};
  const std::vector<float> half = {1 + 0x1p-11F, 1 + 0x3p-11F, 0x1p-25F, 0x1.8p-24F};
  const struct {
    Storage storage;
    std::vector<float> from, want;
  } cases[] = {{Storage::kBF16, brain, {1, 1 + 0x1p-6F, 1 + 0x1p-7F, -3}},
               {Storage::kF16, half, {1, 1 + 0x1p-9F, 0, 0x1p-23F}}};
  for (const auto& [storage, from, want] : cases) {
    const TensorView view = matrix_view(from, 2, 2);
    const PackedMatrix matrix = PackedMatrix::pack(std::span(&view, 1), storage);
    std::vector<float> got(4);
    matrix.copy_row(0, got.data());
    matrix.copy_row(1, got.data() + 2);
    EXPECT_EQ(got, want) << name_of(storage);
  }
}

TEST(HalfPrecision, InvertsEveryHalfAndRoundsMidpointsToEven) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const float value = float_of_half(half);
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(float_of_half(half_of_float(value))));
      continue;
    }
    ASSERT_EQ(half_of_float(value), half) << bits;
    if ((bits & 0x7FFFU) >= 0x7BFFU) continue;
    const float middle = (value + float_of_half(static_cast<std::uint16_t>(half + 1))) / 2;
    ASSERT_EQ(half_of_float(middle), (half + 1) & ~1) << bits;
    ASSERT_EQ(half_of_float(std::nextafter(middle, 0.0F)), half) << bits;
  }
  EXPECT_EQ(half_of_float(65519.996F), 0x7BFF);
  EXPECT_EQ(half_of_float(65520.0F), 0x7C00);
}

TEST(BFloat16, KeepsNanAndInfinity) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  EXPECT_TRUE(std::isnan(to_float(round_to<BFloat16>(std::bit_cast<float>(0x7F800001U)))));
  EXPECT_EQ(to_float(round_to<BFloat16>(kInfinity)), kInfinity);
  EXPECT_EQ(to_float(round_to<BFloat16>(std::numeric_limits<float>::max())), kInfinity);
}

TEST(PackedMatrix, RefusesWhatIsNoMatrix) {
  const std::vector<float> values = random_floats(12, 1);
  const std::vector<std::int32_t> integers(12);
  const auto pack = [](std::vector<TensorView> parts, Storage storage) {
    return error_of([&] { return PackedMatrix::pack(parts, storage); });
  };
  const TensorView matrix = matrix_view(values, 3, 4);
  EXPECT_THAT(pack({}, Storage::kF32), HasSubstr("no parts"));
  EXPECT_THAT(pack({view_of(std::span(values), {12})}, Storage::kF32),
              HasSubstr("shape [12] is to be packed as a matrix; expected [outputs, inputs]"));
  EXPECT_THAT(pack({matrix, matrix_view(values, 4, 3)}, Storage::kF32),
              HasSubstr("shapes [3, 4] and [4, 3]"));
  EXPECT_THAT(pack({view_of(std::span(integers), {3, 4})}, Storage::kF32),
              HasSubstr("type I32 is to be packed as a matrix; expected F32, F16 or BF16"));
  std::vector<float> large = values;
  large[6] = -65520;
  EXPECT_THAT(pack({matrix_view(large, 3, 4)}, Storage::kF16),
              HasSubstr("weight -65520 of output 1 and input 2 is too large"));
  large[6] = std::numeric_limits<float>::infinity();
  for (const Storage storage : {Storage::kInt8, Storage::kNf4}) {
    EXPECT_THAT(pack({matrix_view(large, 3, 4)}, storage), HasSubstr("row 1, column 2"));
  }
}

}  // namespace
}  // namespace sightline
