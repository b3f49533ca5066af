// FlowMo beside what its reference computed: every stage, codes, velocities and reconstructions.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/models/families/flowmo_golden.h"

namespace sightline::testing {
namespace {

/// Of a tensor's largest number; the specification's for float32 on a CPU.
constexpr double kTolerance = 5e-5;
/// Absolute, of images in [-1, 1], behind up to 31 passes of the decoder.
constexpr double kImageTolerance = 1e-5;

struct Case {
  const char* model;
  bool kernels;
};
void PrintTo(const Case& chosen, std::ostream* out) {
  *out << chosen.model << (chosen.kernels ? "" : " libtorch");
}

class FlowMoParity : public ::testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    const std::string name = std::string("flowmo/") + GetParam().model;
    if (golden_roots(name).empty()) SIGHTLINE_NEED_SHARED("goldens/models/" + name);
    golden_.emplace(GetParam().model, ImageTokenizerSettings{.kernels = GetParam().kernels});
  }

  const FlowMoNetwork& network() const { return golden_->network(); }
  at::Tensor golden(const std::string& name) const { return golden_->tensor(name); }

  /// Compares every traced stage that the goldens have under `prefix`.
  FlowMoTrace compare_with(const std::string& prefix, const std::string& except) {
    return [this, prefix, except](const std::string& name, const at::Tensor& value) {
      if (name == except || golden_->file().find(prefix + name) == nullptr) return;
      const at::Tensor want = golden(prefix + name);
      // One time for all images is one row, and one an image in the goldens.
      const bool shared = value.size(0) == 1 && value.numel() < want.numel();
      const at::Tensor own = shared ? value.expand_as(want) : value.view(want.sizes());
      EXPECT_LE(relative_difference(own, want), kTolerance) << prefix << name;
      ++compared_;
    };
  }

  /// Both velocities of a golden state.
  void expect_velocities(const std::string& state, float time) const {
    const at::Tensor x = golden(state + ".x_t"), code = golden("decoder.code_in");
    EXPECT_LE(
        relative_difference(network().velocity(x, code, {&time, 1}), golden(state + ".v_cond")),
        kTolerance);
    EXPECT_LE(relative_difference(network().velocity(x, at::zeros_like(code), {&time, 1}),
                                  golden(state + ".v_null")),
              kTolerance);
  }

  InferenceScope scope_;
  std::optional<FlowMoGolden> golden_;
  int compared_ = 0;
};

TEST_P(FlowMoParity, EncoderAndCodesMatch) {
  const std::int64_t depth = network().config().encoder.depth;
  const std::string unused = fmt::format("block{}_img", depth - 1);
  const at::Tensor code =
      network().encode(golden("images"), compare_with("encoder.", unused)).contiguous();
  EXPECT_EQ(compared_, 3 + 2 * depth - 1);
  EXPECT_LE(relative_difference(code, golden("encoder.code_prequant")), kTolerance);
  const at::Tensor quantised = golden("quantized_code").contiguous();
  if (network().config().code == CodeKind::kContinuous) {
    EXPECT_LE(relative_difference(code, quantised), kTolerance);
    return;
  }
  const auto symbols = lfq_symbols(floats(code));
  const std::vector<float> values = lfq_values(symbols);
  // The reference's are +-1 up to its rounding of x + (q - x).
  EXPECT_LE(max_difference(values, floats(quantised)), 1e-6);
  EXPECT_EQ(lfq_indices(symbols, static_cast<std::size_t>(network().config().context_dim),
                        static_cast<std::size_t>(network().config().index_bits)),
            golden_->whole("indices"));
}

TEST_P(FlowMoParity, DecoderMatchesAtEveryStage) {
  const std::int64_t depth = network().config().decoder.depth;
  const std::string unused = fmt::format("block{}_txt", depth - 1);
  const at::Tensor code = golden("decoder.code_in");
  EXPECT_LE(relative_difference(FlowMoNetwork::with_mask(golden("quantized_code")), code), 1e-6);
  const auto time = golden("v1.t").item<float>();
  network().velocity(golden("v1.x_t"), code, {&time, 1}, compare_with("decoder_t1.", unused));
  EXPECT_EQ(compared_, 2 * depth - 1 + 5);
}

TEST_P(FlowMoParity, VelocitiesMatch) {
  for (const char* state : {"v0", "v1", "v2"}) {
    SCOPED_TRACE(state);
    expect_velocities(state, golden(std::string(state) + ".t").item<float>());
  }
  const at::Tensor times = golden("vmix.t").contiguous();
  EXPECT_LE(
      relative_difference(network().velocity(golden("z"), golden("decoder.code_in"), floats(times)),
                          golden("vmix.v")),
      kTolerance);
}

TEST_P(FlowMoParity, ReconstructionsMatch) {
  const std::vector<std::int64_t> saved = golden_->whole("trajectory_steps");
  const at::Tensor trajectory = golden("trajectory");
  std::size_t next = 0;
  double worst = 0;
  const auto compare = [&](std::size_t step, const at::Tensor& z) {
    if (next == saved.size() || static_cast<std::int64_t>(step) != saved[next]) return;
    const at::Tensor want = trajectory[static_cast<std::int64_t>(next++)].contiguous();
    worst = std::max(worst, max_difference(floats(z.contiguous()), floats(want)));
  };
  const at::Tensor made =
      network().sample(golden("z"), golden("quantized_code"), network().config().sampling, compare);
  EXPECT_EQ(next, saved.size());
  EXPECT_LE(worst, kImageTolerance);
  const double difference =
      max_difference(floats(made.contiguous()), floats(golden("reconstruction").contiguous()));
  RecordProperty("trajectory_difference", fmt::format("{:.3g}", worst));
  RecordProperty("reconstruction_difference", fmt::format("{:.3g}", difference));
  EXPECT_LE(difference, kImageTolerance);
}

/// What a golden's variant sets, as options.
std::map<std::string, std::string> options_of(const nlohmann::json& variant) {
  std::map<std::string, std::string> options;
  for (const auto& [name, value] : variant.items()) {
    options[name] = value.is_null()     ? "none"
                    : value.is_string() ? value.get<std::string>()
                                        : value.dump();
  }
  return options;
}

TEST_P(FlowMoParity, OtherSamplersMatch) {
  for (const auto& [name, variant] : golden_->config()["variants"].items()) {
    SCOPED_TRACE(name);
    const FlowSampling sampling =
        with_options(network().config().sampling, options_of(variant), "");
    const at::Tensor made = network().sample(golden("z"), golden("quantized_code"), sampling);
    EXPECT_LE(
        max_difference(floats(made.contiguous()), floats(golden("variant_" + name).contiguous())),
        kImageTolerance);
  }
}

TEST_P(FlowMoParity, ScheduleAndGuidedStepsMatch) {
  const std::vector<FlowStep> steps = flow_steps(network().config().sampling);
  const at::Tensor ts = golden("schedule_ts"), dts = golden("schedule_dts");
  const std::vector<std::int64_t> guided = golden_->whole("cfg_active");
  ASSERT_EQ(static_cast<std::int64_t>(steps.size()), dts.size(0));
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const auto at = static_cast<std::int64_t>(i);
    EXPECT_EQ(steps[i].t, ts[at].item<float>()) << i;
    EXPECT_EQ(steps[i].dt, dts[at].item<float>()) << i;
    EXPECT_EQ(steps[i].guided, guided[i] != 0) << i;
  }
}

TEST_P(FlowMoParity, RotationsMatch) {
  for (const auto& [prefix, stack] :
       {std::pair<std::string, FlowMoStack>("encoder.", network().config().encoder),
        {"decoder_t1.", network().config().decoder}}) {
    const at::Tensor want = golden(prefix + "rope_double")[0][0];  // [positions, pairs, 2, 2]
    const std::int64_t patch = network().config().patch_size;
    const at::Tensor images = golden("images");
    const at::Tensor angles =
        at::cat({code_angles(stack, network().config().code_length),
                 patch_angles(stack, images.size(2) / patch, images.size(3) / patch)});
    const PairRotation rotation = pair_rotation(network().compute(), angles);
    const at::Tensor cos = rotation.cos.view({want.size(0), -1, 2});
    const at::Tensor sin = rotation.sin.view({want.size(0), -1, 2});
    EXPECT_TRUE(at::equal(cos.select(2, 0), want.select(3, 0).select(2, 0)));
    EXPECT_TRUE(at::equal(sin.select(2, 0), want.select(3, 1).select(2, 0)));
    EXPECT_TRUE(at::equal(sin.select(2, 1), want.select(3, 0).select(2, 1)));
  }
}

INSTANTIATE_TEST_SUITE_P(All, FlowMoParity,
                         ::testing::Values(Case{"hi", true}, Case{"hi", false}, Case{"lo", true},
                                           Case{"lo", false}, Case{"nomup", true},
                                           Case{"nomup", false}),
                         [](const auto& chosen) {
                           return std::string(chosen.param.model) +
                                  (chosen.param.kernels ? "_kernels" : "_libtorch");
                         });

}  // namespace
}  // namespace sightline::testing
