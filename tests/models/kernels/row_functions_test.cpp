#include "models/kernels/row_functions.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "harness/base/parallel.h"
#include "harness/base/rng.h"
#include "models/kernels/bfloat16.h"
#include "models/kernels/row_kernels.h"

namespace sightline {
namespace {

constexpr std::size_t kWidths[] = {1, 7, 16, 40, 64, 100, 257};

template <typename T>
std::vector<T> random_numbers(std::size_t count, std::uint64_t seed, double scale = 3) {
  Rng rng(seed);
  std::vector<T> numbers(count);
  for (T& number : numbers) number = round_to<T>(static_cast<float>(rng.normal() * scale));
  return numbers;
}

template <typename T>
std::vector<std::uint32_t> bits_of(const std::vector<T>& numbers) {
  std::vector<std::uint32_t> bits;
  for (const T number : numbers) bits.push_back(std::bit_cast<std::uint32_t>(to_float(number)));
  return bits;
}

/// The distance of `got` from `want` in units of the last place of a T.
template <typename T>
double ulps(T got, double want) {
  const double value = to_float(got);
  if (std::isnan(want)) return std::isnan(value) ? 0 : HUGE_VAL;
  if (value == want || value == static_cast<double>(static_cast<float>(want))) return 0;
  const int digits = std::is_same_v<T, float> ? 23 : 7;
  const int exponent = std::max(want == 0 ? -126 : std::ilogb(want), -126);
  return std::abs(value - want) / std::ldexp(1.0, exponent - digits);
}

double exact(Activation activation, double x) {
  switch (activation) {
    case Activation::kGelu:
      return x * 0.5 * std::erfc(-x / std::sqrt(2.0));
    case Activation::kGeluTanh:
      return x / (1 + std::exp(-2 * std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    case Activation::kQuickGelu:
      return x / (1 + std::exp(-1.702 * x));
    case Activation::kSilu:
      return x / (1 + std::exp(-x));
  }
  return 0;
}

constexpr Activation kActivations[] = {Activation::kGelu, Activation::kGeluTanh,
                                       Activation::kQuickGelu, Activation::kSilu};

/// Floats of all magnitudes of [2^-40, 128) and both signs.
std::vector<float> all_magnitudes() {
  std::vector<float> x;
  Rng rng(5);
  for (int exponent = -40; exponent < 7; ++exponent) {
    for (int i = 0; i < 2000; ++i) {
      const auto magnitude = static_cast<float>(std::ldexp(1 + rng.uniform(), exponent));
      x.push_back(i % 2 == 0 ? magnitude : -magnitude);
    }
  }
  return x;
}

class RowKernelSets : public ::testing::TestWithParam<const RowKernels*> {};

TEST_P(RowKernelSets, ActivationsAreTheFormulasToFewUnitsOfTheLastPlace) {
  for (const Activation activation : kActivations) {
    const std::vector<float> x = all_magnitudes();
    std::vector<float> y = x;
    GetParam()->floats.activate(y.data(), y.size(), activation);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double want = exact(activation, x[i]);
      // Where the result is a small part of x, a unit of the argument's last place counts for many.
      const double lost = x[i] < -1 ? std::abs(x[i]) * 1.3e-7 : 0;
      ASSERT_LE(std::abs(y[i] - want), 4 * std::abs(want) * 0x1p-24 + lost + 1e-45)
          << x[i] << " to " << y[i] << " instead of " << want;
    }
  }
}

TEST_P(RowKernelSets, SoftCapIsTanhToTwoUnitsOfTheLastPlace) {
  double worst = 0;
  std::vector<float> x = all_magnitudes(), y = x;
  GetParam()->floats.soft_cap(y.data(), y.size(), 1);
  for (std::size_t i = 0; i < x.size(); ++i) {
    worst = std::max(worst, ulps(y[i], std::tanh(static_cast<double>(x[i]))));
  }
  RecordProperty("worst", std::to_string(worst));
  EXPECT_LT(worst, 2);
  y = {100, -3, 0, 30, -1e30F};
  GetParam()->floats.soft_cap(y.data(), y.size(), 30);
  EXPECT_NEAR(y[0], 30 * std::tanh(100 / 30.0), 3e-6);
  EXPECT_NEAR(y[1], 30 * std::tanh(-0.1), 3e-7);
  EXPECT_EQ(y[2], 0);
  EXPECT_NEAR(y[3], 30 * std::tanh(1.0), 3e-6);
  EXPECT_EQ(y[4], -30);
}

TEST_P(RowKernelSets, SiluTailsOverflowAndNotANumberAreAsInTheFormula) {
  const float nan = std::nanf(""), infinity = std::numeric_limits<float>::infinity();
  std::vector<float> x = {-89, -100, -200, 89, 1e38F, infinity, nan, -0.0F, 0.0F};
  GetParam()->floats.activate(x.data(), x.size(), Activation::kSilu);
  EXPECT_EQ(x[0], 0);  // e^89 is beyond the floats
  EXPECT_EQ(x[1], 0);
  EXPECT_EQ(x[2], 0);
  EXPECT_EQ(x[3], 89);
  EXPECT_EQ(x[4], 1e38F);
  EXPECT_EQ(x[5], infinity);
  EXPECT_TRUE(std::isnan(x[6]));
  EXPECT_TRUE(std::signbit(x[7]));
  EXPECT_FALSE(std::signbit(x[8]));
}

TEST_P(RowKernelSets, RmsNormIsTheFormula) {
  for (const std::size_t width : kWidths) {
    const auto x = random_numbers<float>(3 * width, width), w = random_numbers<float>(width, 1);
    std::vector<float> y(x.size());
    GetParam()->floats.rms_norm(x.data(), w.data(), y.data(), 3, width,
                                {.eps = 1e-6F, .one_plus_weight = true});
    for (std::size_t i = 0; i < x.size(); ++i) {
      double sum = 0;
      const std::size_t row = i / width * width;
      for (std::size_t k = 0; k < width; ++k) sum += double{x[row + k]} * x[row + k];
      const double want =
          x[i] / std::sqrt(sum / static_cast<double>(width) + 1e-6) * (1 + double{w[i % width]});
      ASSERT_NEAR(y[i], want, 5e-7 * std::abs(want)) << width;
    }
  }
}

TEST_P(RowKernelSets, LayerNormIsTheFormula) {
  for (const std::size_t width : kWidths) {
    auto x = random_numbers<float>(2 * width, width);
    for (float& number : x) number += 10;
    const auto w = random_numbers<float>(width, 1), b = random_numbers<float>(width, 2);
    std::vector<float> y(x.size());
    GetParam()->floats.layer_norm(x.data(), w.data(), b.data(), y.data(), 2, width, 1e-5F);
    for (std::size_t i = 0; i < x.size(); ++i) {
      double mean = 0, variance = 0;
      const std::size_t row = i / width * width;
      for (std::size_t k = 0; k < width; ++k) mean += x[row + k] / static_cast<double>(width);
      for (std::size_t k = 0; k < width; ++k) {
        variance += std::pow(x[row + k] - mean, 2) / static_cast<double>(width);
      }
      const double scale = w[i % width] / std::sqrt(variance + 1e-5);
      ASSERT_NEAR(y[i], (x[i] - mean) * scale + b[i % width], 2e-6 + 2e-6 * std::abs(scale));
    }
  }
}

TEST_P(RowKernelSets, RotationOfFloatsHasPyTorchsRoundings) {
  for (const std::size_t head_dim : {16U, 64U, 72U, 80U}) {
    const std::size_t half = head_dim / 2, heads = 3, stride = heads * head_dim + 5;
    const auto x = random_numbers<float>(2 * stride, 1);
    const auto cos = random_numbers<float>(2 * half, 2), sin = random_numbers<float>(2 * half, 3);
    auto y = x;
    GetParam()->floats.rotate_halves(y.data(), 2, stride, heads, head_dim, cos.data(), sin.data());
    for (std::size_t row = 0; row < 2; ++row) {
      for (std::size_t i = 0; i < stride; ++i) {
        const std::size_t at = row * stride + i, d = i % head_dim, c = row * half + d % half;
        const float other = i >= heads * head_dim ? 0 : d < half ? -x[at + half] : x[at - half];
        const float want =
            i >= heads * head_dim ? x[at] : x[at] * cos[c] + other * sin[c];  // not fused
        ASSERT_EQ(y[at], want) << head_dim << " " << i;
      }
    }
  }
}

TEST_P(RowKernelSets, NormsAndRotatesNeighboursOfEachHead) {
  const std::size_t heads = 3, rows = 2;
  for (const std::size_t dim : {2U, 8U, 16U, 24U, 96U}) {
    const HeadRows shape{.rows = rows,
                         .heads = heads,
                         .head_dim = dim,
                         .x_stride = heads * dim + 5,
                         .y_stride = heads * dim};
    const auto x = random_numbers<float>(rows * shape.x_stride, dim);
    const auto weight = random_numbers<float>(dim, 8);
    const auto cos = random_numbers<float>(rows * dim, 9),
               sin = random_numbers<float>(rows * dim, 10);
    std::vector<float> y(rows * shape.y_stride), normed(dim);
    GetParam()->floats.norm_rotate_pairs(x.data(), y.data(), shape, weight.data(), 1e-6F,
                                         cos.data(), sin.data());
    for (std::size_t at = 0; at < rows * heads; ++at) {
      const std::size_t row = at / heads, head = at % heads;
      GetParam()->floats.rms_norm(x.data() + row * shape.x_stride + head * dim, weight.data(),
                                  normed.data(), 1, dim, {.eps = 1e-6F});
      for (std::size_t i = 0; i < dim; ++i) {
        const float turned = normed[i ^ 1U] * sin[row * dim + i];  // not fused
        ASSERT_EQ(y[at * dim + i], normed[i] * cos[row * dim + i] + turned) << dim << " " << i;
      }
    }
  }
}

TEST_P(RowKernelSets, AddsWhatItsGateLetsThrough) {
  const std::size_t rows = 3, width = 37;
  const auto x = random_numbers<float>(rows * width, 1), y = random_numbers<float>(rows * width, 2);
  const auto gate = random_numbers<float>(width, 3);
  std::vector<float> sum = x;
  GetParam()->floats.add_gated(sum.data(), y.data(), gate.data(), rows, width);
  for (std::size_t i = 0; i < sum.size(); ++i) {
    const float part = y[i] * gate[i % width];
    ASSERT_EQ(sum[i], x[i] + part);
  }
}

BFloat16 bf16(double value) {
  return round_to<BFloat16>(static_cast<float>(value));
}
double round_once(double value) {
  return to_float(bf16(value));
}

TEST_P(RowKernelSets, BrainFloatsRoundBehindEveryOperation) {
  const RowKernelsOf<BFloat16>& kernels = GetParam()->bfloats;
  const std::size_t count = 50, half = 25;
  const auto x = random_numbers<BFloat16>(count, 7);
  std::vector<BFloat16> y(count), gated(half);

  y = x;
  kernels.soft_cap(y.data(), count, 30);
  for (std::size_t i = 0; i < count; ++i) {
    const double want = round_once(std::tanh(round_once(to_float(x[i]) / 30.0F))) * 30;
    EXPECT_EQ(y[i].bits, bf16(want).bits);
  }
  y = x;
  kernels.activate(y.data(), count, Activation::kQuickGelu);
  for (std::size_t i = 0; i < count; ++i) {
    const double scaled = round_once(to_float(x[i]) * 1.702F);
    EXPECT_EQ(y[i].bits, bf16(to_float(x[i]) * round_once(1 / (1 + std::exp(-scaled)))).bits);
  }
  kernels.gate(x.data(), gated.data(), 1, half, Activation::kSilu);
  for (std::size_t i = 0; i < half; ++i) {
    const double open = round_once(exact(Activation::kSilu, to_float(x[i])));
    EXPECT_EQ(gated[i].bits, bf16(open * to_float(x[half + i])).bits);
  }
  const auto cos = random_numbers<float>(half, 8), sin = random_numbers<float>(half, 9);
  y = x;
  kernels.rotate_halves(y.data(), 1, count, 1, count, cos.data(), sin.data());
  for (std::size_t i = 0; i < half; ++i) {
    const double a = to_float(x[i]), b = to_float(x[half + i]);
    const double c = round_once(cos[i]), s = round_once(sin[i]);
    EXPECT_EQ(y[i].bits, bf16(round_once(a * c) - round_once(b * s)).bits);
    EXPECT_EQ(y[half + i].bits, bf16(round_once(b * c) + round_once(a * s)).bits);
  }
  y = x;
  const auto gate = random_numbers<float>(count, 10);
  kernels.add_gated(y.data(), x.data(), gate.data(), 1, count);
  for (std::size_t i = 0; i < count; ++i) {
    const float part = static_cast<float>(round_once(to_float(x[i]) * gate[i]));
    EXPECT_EQ(y[i].bits, bf16(to_float(x[i]) + part).bits);
  }
}

TEST_P(RowKernelSets, NormsOfBrainFloatsRoundWhereTheirModelsDo) {
  const std::size_t width = 96;
  const auto x = random_numbers<BFloat16>(width, 7);
  std::vector<float> w = random_numbers<float>(width, 8), xs(width), exact_norm(width);
  for (float& weight : w) weight = static_cast<float>(round_once(weight));
  for (std::size_t i = 0; i < width; ++i) xs[i] = to_float(x[i]);
  const std::vector<float> ones(width, 1.0F);
  GetParam()->floats.rms_norm(xs.data(), ones.data(), exact_norm.data(), 1, width, {});
  for (const bool before : {false, true}) {
    for (const bool one_plus : {false, true}) {
      std::vector<BFloat16> y(width);
      GetParam()->bfloats.rms_norm(x.data(), w.data(), y.data(), 1, width,
                                   {.one_plus_weight = one_plus, .round_before_weight = before});
      for (std::size_t i = 0; i < width; ++i) {
        const float norm = before ? to_float(bf16(exact_norm[i])) : exact_norm[i];
        const float want = norm * (one_plus ? 1.0F + w[i] : w[i]);
        ASSERT_EQ(y[i].bits, round_to<BFloat16>(want).bits) << before << one_plus;
      }
    }
  }
}

template <typename T>
void expect_equal_sets(const RowKernels& set) {
  const RowKernelsOf<T>&got = set.of<T>(), &want = generic_row_kernels()->of<T>();
  for (const std::size_t width : kWidths) {
    SCOPED_TRACE(width);
    const std::size_t rows = 3;
    auto x = random_numbers<T>(rows * 2 * width, width);
    x[0] = round_to<T>(std::nanf(""));
    x[x.size() / 2] = round_to<T>(-200.0F);
    const auto w = random_numbers<float>(2 * width, 2), b = random_numbers<float>(width, 3);
    std::vector<T> y(rows * width), z(rows * width);
    got.rms_norm(x.data(), w.data(), y.data(), rows, width, {.round_before_weight = true});
    want.rms_norm(x.data(), w.data(), z.data(), rows, width, {.round_before_weight = true});
    EXPECT_EQ(bits_of(y), bits_of(z));
    got.layer_norm(x.data(), w.data(), b.data(), y.data(), rows, width, 1e-5F);
    want.layer_norm(x.data(), w.data(), b.data(), z.data(), rows, width, 1e-5F);
    EXPECT_EQ(bits_of(y), bits_of(z));
    for (const Activation activation : kActivations) {
      got.gate(x.data(), y.data(), rows, width, activation);
      want.gate(x.data(), z.data(), rows, width, activation);
      EXPECT_EQ(bits_of(y), bits_of(z));
    }
    y = z = x;
    got.soft_cap(y.data(), y.size(), 5);
    want.soft_cap(z.data(), z.size(), 5);
    EXPECT_EQ(bits_of(y), bits_of(z));
    const HeadRows heads{.rows = 1, .heads = rows, .head_dim = width};
    got.norm_rotate_pairs(x.data(), y.data(), heads, b.data(), 1e-6F, w.data(), w.data() + width);
    want.norm_rotate_pairs(x.data(), z.data(), heads, b.data(), 1e-6F, w.data(), w.data() + width);
    EXPECT_EQ(bits_of(y), bits_of(z));
    got.add_gated(y.data(), x.data(), b.data(), rows, width);
    want.add_gated(z.data(), x.data(), b.data(), rows, width);
    EXPECT_EQ(bits_of(y), bits_of(z));
    got.rotate_halves(y.data(), 1, 0, rows, 2 * width, w.data(), w.data() + width);
    want.rotate_halves(z.data(), 1, 0, rows, 2 * width, w.data(), w.data() + width);
    EXPECT_EQ(bits_of(y), bits_of(z));
  }
}

TEST_P(RowKernelSets, GiveTheBitsOfTheGenericSet) {
  expect_equal_sets<float>(*GetParam());
  expect_equal_sets<BFloat16>(*GetParam());
}

INSTANTIATE_TEST_SUITE_P(All, RowKernelSets, ::testing::ValuesIn(row_kernels()),
                         [](const auto& set) { return std::string(set.param->name); });

/// All functions on `rows` rows of `width` numbers, one behind the other.
template <typename T>
std::vector<T> all_functions(std::vector<T> x, std::size_t width) {
  const std::size_t rows = x.size() / width;
  const auto w = random_numbers<float>(width, 2), b = random_numbers<float>(width, 3);
  std::vector<float> cos, sin;
  for (std::size_t row = 0; row < rows; ++row) {
    cos.insert(cos.end(), w.begin(), w.begin() + static_cast<std::ptrdiff_t>(width / 2));
    sin.insert(sin.end(), b.begin(), b.begin() + static_cast<std::ptrdiff_t>(width / 2));
  }
  rms_norm(x.data(), w.data(), x.data(), rows, width, {});
  rotate_halves(x.data(), rows, width, 1, width, cos.data(), sin.data());
  activate(x.data(), x.size(), Activation::kGeluTanh);
  layer_norm(x.data(), w.data(), b.data(), x.data(), rows, width, 1e-6F);
  soft_cap(x.data(), x.size(), 2);
  std::vector<T> gated(x.size() / 2);
  gate(x.data(), gated.data(), rows, width / 2, Activation::kSilu);
  return gated;
}

template <typename T>
void expect_rows_alone_equal_rows_together(std::size_t width) {
  const std::size_t rows = 150;
  const auto x = random_numbers<T>(rows * width, 11);
  set_thread_count(1);
  const auto whole = bits_of(all_functions(x, width));
  for (const std::size_t threads : {2U, 3U}) {
    set_thread_count(threads);
    EXPECT_EQ(bits_of(all_functions(x, width)), whole);
  }
  for (std::size_t row = 0; row < rows; ++row) {
    const auto begin = x.begin() + static_cast<std::ptrdiff_t>(row * width);
    const auto alone = bits_of(
        all_functions(std::vector<T>(begin, begin + static_cast<std::ptrdiff_t>(width)), width));
    const auto there = whole.begin() + static_cast<std::ptrdiff_t>(row * width / 2);
    ASSERT_TRUE(std::equal(alone.begin(), alone.end(), there)) << "row " << row;
  }
  set_thread_count(0);
}

TEST(RowFunctions, ARowAloneEqualsTheRowAmongOthersWithAnyThreads) {
  for (const std::size_t width : {90U, 2304U}) {
    expect_rows_alone_equal_rows_together<float>(width);
    expect_rows_alone_equal_rows_together<BFloat16>(width);
  }
}

TEST(RowFunctions, NothingIsDoneWithNoRows) {
  rms_norm<float>(nullptr, nullptr, nullptr, 0, 16, {});
  activate<float>(nullptr, 0, Activation::kSilu);
  gate<float>(nullptr, nullptr, 0, 16, Activation::kSilu);
}

}  // namespace
}  // namespace sightline
