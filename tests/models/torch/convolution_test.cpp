#include "models/torch/convolution.h"

#include <gtest/gtest.h>

#include "models/torch/tensors.h"
#include "tests/support/deterministic_weights.h"

namespace sightline {
namespace {

at::Tensor numbers(const std::string& name, std::vector<std::int64_t> shape) {
  std::vector<float> values = testing::deterministic_weights(
      {.name = name, .shape = shape, .kind = testing::WeightKind::kWeight});
  return at::from_blob(values.data(), shape, at::kFloat).clone();
}

/// Switches oneDNN for a test.
class OneDnn {
 public:
  explicit OneDnn(bool on) { at::globalContext().setUserEnabledMkldnn(on); }
  ~OneDnn() { at::globalContext().setUserEnabledMkldnn(true); }
};

struct Case {
  std::int64_t in, out;
  std::array<std::int64_t, 2> kernel;
  ConvolutionGeometry geometry;
};

const Case kCases[] = {
    {3, 32, {3, 3}, {.stride = {2, 2}}},
    {16, 48, {1, 7}, {.padding = {0, 3}}},
    {16, 24, {7, 1}, {.padding = {3, 0}, .relu = false}},
    {3, 64, {11, 11}, {.stride = {4, 4}, .padding = {2, 2}}},
    {80, 33, {1, 1}, {.relu = false, .input = {21, 17}}},
};

// The same in double precision: a sum of products for each result.
at::Tensor expected(const Case& c, const at::Tensor& x, const at::Tensor& weight,
                    const at::Tensor& bias) {
  const at::Tensor patches = at::im2col(x.to(at::kDouble), c.kernel, {1, 1}, c.geometry.padding,
                                        c.geometry.stride);  // [N, in * kernel, places]
  const at::Tensor flat = weight.to(at::kDouble).view({c.out, -1});
  const at::Tensor y = at::matmul(flat, patches) + bias.to(at::kDouble).view({-1, 1});
  return c.geometry.relu ? y.relu() : y;
}

TEST(Convolution, EqualsTheSumOfProductsWithAndWithoutOneDnn) {
  const InferenceScope inference;
  for (const Case& c : kCases) {
    const at::Tensor weight = numbers("weight", {c.out, c.in, c.kernel[0], c.kernel[1]});
    const at::Tensor bias = numbers("bias", {c.out, 1}).view({c.out});
    // Also of other sizes than it was planned for.
    for (const std::int64_t side : {64, 21, 15}) {
      const at::Tensor x = numbers("x", {3, c.in, side, side + 2});
      const at::Tensor want = expected(c, x, weight, bias);
      for (const bool with_onednn : {true, false}) {
        SCOPED_TRACE(::testing::Message() << c.in << " to " << c.out << " channels, side " << side
                                          << ", oneDNN " << with_onednn);
        const OneDnn setting(with_onednn);
        const Convolution convolution(weight, bias, c.geometry, at::kCPU);
        const at::Tensor y = convolution(x.contiguous(at::MemoryFormat::ChannelsLast));
        ASSERT_EQ(y.numel(), want.numel());
        const at::Tensor difference = y.to(at::kDouble).reshape(want.sizes()) - want;
        EXPECT_LT(difference.abs().max().item<double>(), 2e-6 * want.abs().max().item<double>());
        EXPECT_TRUE(y.is_contiguous(at::MemoryFormat::ChannelsLast));
      }
    }
  }
}

}  // namespace
}  // namespace sightline
