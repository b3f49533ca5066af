#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "models/kernels/quantise.h"
#include "tests/models/families/golden_family.h"

namespace sightline::testing {
namespace {

using nlohmann::json;

struct Variant {
  const char* family;
  const char* variant;  ///< of the goldens
  Precision precision;
  bool quantise_vision = true;
  bool double_quantise = false;
  bool kernels = true;
};

void PrintTo(const Variant& chosen, std::ostream* out) {
  *out << chosen.family << " " << chosen.variant << (chosen.kernels ? "" : " libtorch");
}

std::string goldens_of(const Variant& chosen) {
  return std::string("quant/") + chosen.family + ".safetensors";
}

NetworkSettings settings_for(const Variant& chosen) {
  NetworkSettings settings;
  settings.images.backend = ImageBackend::kTorchvision;
  settings.logits_softcap = false;
  settings.precision = chosen.precision;
  settings.quantise_vision = chosen.quantise_vision;
  settings.double_quantise = chosen.double_quantise;
  settings.kernels = chosen.kernels;
  return settings;
}

struct Difference {
  double mean = 0, most = 0;
  double agreement = 0;  ///< of the likeliest tokens
};

Difference compare(const std::vector<std::vector<float>>& logits, std::span<const float> expected) {
  Difference difference;
  std::size_t place = 0, same = 0;
  for (const std::vector<float>& row : logits) {
    const auto golden = expected.subspan(place, row.size());
    for (std::size_t i = 0; i < row.size(); ++i) {
      const double d = std::abs(double{row[i]} - golden[i]);
      difference.mean += d;
      difference.most = std::max(difference.most, d);
    }
    same += argmax(row) == argmax(golden) ? 1 : 0;
    place += row.size();
  }
  difference.mean /= static_cast<double>(expected.size());
  difference.agreement = static_cast<double>(same) / static_cast<double>(logits.size());
  return difference;
}

class Precisions : public ::testing::TestWithParam<Variant> {
 protected:
  /// Logits behind a case's prompt and its fp32 answer.
  static std::vector<std::vector<float>> run(GoldenFamily& golden, const json& entry) {
    const std::vector<Image> images = golden.images(entry);
    const GoldenPrompt ready = golden.prepare(golden.wrapped_text(entry), images);
    const auto ids = entry["generated_ids"].get<std::vector<std::vector<TokenId>>>();
    return forced_logits(golden.network(), {&ready, 1}, ids)[0];
  }
};

TEST_P(Precisions, LogitsAreNearTheReferenceAndNearerThanFloat32) {
  const Variant& chosen = GetParam();
  for (const auto& root : golden_roots(goldens_of(chosen))) {
    SCOPED_TRACE(root);
    const TensorFile quant = open_tensor_file(root / goldens_of(chosen));
    GoldenFamily golden(root, chosen.family, settings_for(chosen));
    Variant plain = chosen;
    plain.precision = Precision::kFp32;
    GoldenFamily reference(root, chosen.family, settings_for(plain));
    double own = 0, float32 = 0;
    for (const json& entry : golden.cases()) {
      const std::string key = std::string(chosen.variant) + "/" + entry["id"].get<std::string>() +
                              "/forced_logits_on_fp32_ids";
      if (quant.find(key) == nullptr) continue;
      SCOPED_TRACE(key);
      const std::vector<float> expected = quant.at(key).values<float>();
      const Difference difference = compare(run(golden, entry), expected);
      own += difference.mean;
      float32 += compare(run(reference, entry), expected).mean;
      if (chosen.precision == Precision::kNf4) {
        EXPECT_LE(difference.most, 2e-3);
      } else {
        EXPECT_LT(difference.mean, 0.25);
        EXPECT_LT(difference.most, 2.0);
        EXPECT_GE(difference.agreement, 0.7);
      }
    }
    EXPECT_LT(own, float32);
  }
}

TEST_P(Precisions, TheLayersThatTheReferenceQuantisesAreQuantised) {
  const Variant& chosen = GetParam();
  for (const auto& root : golden_roots(goldens_of(chosen))) {
    SCOPED_TRACE(root);
    const json quant = read_json_file(root / "quant" / (std::string(chosen.family) + ".json"));
    GoldenFamily golden(root, chosen.family, settings_for(chosen));
    for (const json& variant : quant["variants"]) {
      if (variant["variant"] != chosen.variant) continue;
      const std::size_t layers =
          variant.contains("quantised_linears") ? variant["quantised_linears"].size() : 0;
      EXPECT_EQ(golden.network().info().quantised.size(), layers);
    }
  }
}

constexpr Precision kBf16 = Precision::kBf16, kInt8 = Precision::kInt8, kNf4 = Precision::kNf4;

INSTANTIATE_TEST_SUITE_P(
    Goldens, Precisions,
    ::testing::Values(Variant{"paligemma2", "bf16", kBf16},
                      Variant{"llava_onevision", "bf16", kBf16},
                      Variant{"paligemma2", "int8_all_but_lm_head", kInt8},
                      Variant{"paligemma2", "int8_language_only", kInt8, false},
                      Variant{"llava_onevision", "int8_all_but_lm_head", kInt8},
                      Variant{"llava_onevision", "int8_language_only", kInt8, false},
                      Variant{"paligemma2", "nf4_all_but_lm_head", kNf4},
                      Variant{"paligemma2", "nf4_language_only", kNf4, false},
                      Variant{"paligemma2", "nf4_dq_all_but_lm_head", kNf4, true, true},
                      Variant{"paligemma2", "nf4_dq_language_only", kNf4, false, true},
                      Variant{"llava_onevision", "nf4_all_but_lm_head", kNf4},
                      Variant{"llava_onevision", "nf4_language_only", kNf4, false},
                      Variant{"llava_onevision", "nf4_dq_all_but_lm_head", kNf4, true, true},
                      Variant{"llava_onevision", "nf4_dq_language_only", kNf4, false, true},
                      Variant{"llava_onevision", "bf16", kBf16, true, false, false},
                      Variant{"llava_onevision", "int8_all_but_lm_head", kInt8, true, false, false},
                      Variant{"llava_onevision", "nf4_all_but_lm_head", kNf4, true, false, false},
                      Variant{"llava_onevision", "nf4_dq_language_only", kNf4, false, true,
                              false}));

TEST(Precisions, WeightsShrinkAsTheirPrecisionSays) {
  for (const auto& root : golden_roots("llava_onevision")) {
    const auto bytes = [&](Precision precision) {
      Variant chosen{"llava_onevision", "", precision};
      return static_cast<double>(
          GoldenFamily(root, chosen.family, settings_for(chosen)).network().info().weight_bytes);
    };
    const double fp32 = bytes(Precision::kFp32);
    EXPECT_LT(bytes(Precision::kBf16), 0.6 * fp32);
    EXPECT_LT(bytes(Precision::kInt8), 0.7 * fp32);
    EXPECT_LT(bytes(Precision::kNf4), bytes(Precision::kInt8));
  }
}

// Sums run in one order whatever stands beside a row, so these are equalities of bits.
TEST(BatchInvariance, LogitsAreTheSameBitsAloneAndInABatch) {
  for (const auto& root : golden_roots("llava_onevision")) {
    for (const Precision precision : {Precision::kFp32, kBf16, kInt8, kNf4}) {
      SCOPED_TRACE(name_of(precision));
      GoldenFamily golden(root, "llava_onevision",
                          settings_for({"llava_onevision", "", precision}));
      std::vector<GoldenPrompt> prompts;
      std::vector<std::vector<TokenId>> next;
      for (const json& entry : golden.cases()) {
        if (entry["kind"] != "single") continue;
        prompts.push_back(golden.prepare(entry["text_to_processor"], golden.images(entry)));
        auto ids = entry["generated_ids"].get<std::vector<std::vector<TokenId>>>()[0];
        ids.resize(3);
        next.push_back(ids);
      }
      const auto together = forced_logits(golden.network(), prompts, next);
      for (std::size_t i = 0; i < prompts.size(); ++i) {
        const auto alone = forced_logits(golden.network(), {&prompts[i], 1}, {next[i]});
        EXPECT_EQ(alone[0], together[i]) << "prompt " << i;
      }
    }
  }
}

}  // namespace
}  // namespace sightline::testing
