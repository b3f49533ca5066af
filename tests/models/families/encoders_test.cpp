#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "models/families/clip.h"
#include "models/families/roberta.h"
#include "models/families/siglip.h"
#include "tests/models/families/golden_family.h"

namespace sightline::testing {
namespace {

using nlohmann::json;

constexpr double kTolerance = 2e-4;  // models-hf.md, section 18

/// The goldens in the repository, or all of them where they are.
std::vector<std::filesystem::path> roots(const std::string& family) {
  std::vector<std::filesystem::path> found = golden_roots(family);
  for (std::filesystem::path& root : found) root = root / (family);
  return found;
}

struct Golden {
  explicit Golden(const std::filesystem::path& folder)
      : cases(read_json_file(folder / "cases.json")["cases"]),
        tensors(open_tensor_file(folder / "golden.safetensors")) {}

  at::Tensor at(const std::string& name) const {
    const TensorView& view = tensors.at(name);
    return at::tensor(view.values<float>()).view(view.shape);
  }
  json cases;
  TensorFile tensors;
};

double difference(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor left = a.to(at::kFloat).contiguous(), right = b.contiguous();
  const auto values = [](const at::Tensor& x) {
    return std::span<const float>(x.data_ptr<float>(), static_cast<std::size_t>(x.numel()));
  };
  return max_difference(values(left), values(right));
}

NetworkSettings settings_for(const std::filesystem::path& folder, bool kernels) {
  NetworkSettings settings;
  settings.path = folder / "checkpoint";
  settings.images.backend = ImageBackend::kTorchvision;
  settings.kernels = kernels;
  return settings;
}

class Encoders : public ::testing::TestWithParam<bool> {};

TEST_P(Encoders, ClipEqualsTheReference) {
  for (const auto& folder : roots("clip")) {
    const Golden golden(folder);
    const Clip clip = Clip::open(settings_for(folder, GetParam()));
    std::vector<at::Tensor> hidden;
    const at::Tensor pixels = golden.at("pixel_values");
    const Clip::VisionOutput seen = clip.see(pixels);
    EXPECT_LE(difference(seen.last_hidden, golden.at("vision_last_hidden_state")), kTolerance);
    EXPECT_LE(difference(seen.pooled, golden.at("vision_pooler_output")), kTolerance);
    clip.see(pixels.narrow(0, 0, 1), false, &hidden);
    for (std::size_t i = 0; i < hidden.size(); ++i) {
      const at::Tensor expected = golden.at("vision_hidden_" + std::to_string(i));
      EXPECT_LE(difference(hidden[i].view(expected.sizes()), expected), kTolerance) << i;
    }
    const Clip::VisionOutput scaled = clip.see(golden.at("interp/pixel_values"), true);
    EXPECT_LE(difference(scaled.last_hidden, golden.at("interp/vision_last_hidden_state")),
              kTolerance);

    std::vector<std::vector<TokenId>> texts;
    for (const auto& text : golden.cases[0]["texts"])
      texts.push_back(clip.tokenize(text.get<std::string>()));
    EXPECT_EQ(texts,
              golden.cases[0]["unpadded_input_ids"].get<std::vector<std::vector<TokenId>>>());
    const at::Tensor pooled = golden.at("text_pooler_output");
    for (std::size_t i = 0; i < texts.size(); ++i) {
      EXPECT_LE(difference(clip.read(texts[i]).pooled, pooled[static_cast<std::int64_t>(i)]),
                kTolerance);
    }
    const at::Tensor images = clip.embed_images(pixels), words = clip.embed_texts(texts);
    EXPECT_LE(difference(images, golden.at("image_embeds")), kTolerance);
    EXPECT_LE(difference(words, golden.at("text_embeds")), kTolerance);
    const at::Tensor logits = at::matmul(images, words.t()) * clip.logit_scale();
    EXPECT_LE(difference(logits, golden.at("logits_per_image")), kTolerance);
    EXPECT_LE(difference(at::softmax(logits, 1), golden.at("probs")), kTolerance);
  }
}

TEST_P(Encoders, SiglipEqualsTheReference) {
  for (const auto& folder : roots("siglip_vision")) {
    const Golden golden(folder);
    const SiglipVision siglip = SiglipVision::open(settings_for(folder, GetParam()));
    const SiglipVision::Output seen = siglip.see(golden.at("pixel_values"));
    EXPECT_LE(difference(seen.last_hidden, golden.at("last_hidden_state")), kTolerance);
    EXPECT_LE(difference(seen.pooled, golden.at("pooler_output")), kTolerance);
    std::vector<at::Tensor> hidden;
    siglip.see(golden.at("pixel_values").narrow(0, 0, 1), false, &hidden);
    for (std::size_t i = 0; i < hidden.size(); ++i) {
      const at::Tensor expected = golden.at("hidden_" + std::to_string(i));
      EXPECT_LE(difference(hidden[i].view(expected.sizes()), expected), kTolerance) << i;
    }
    const SiglipVision::Output scaled = siglip.see(golden.at("interp/pixel_values"), true);
    EXPECT_LE(difference(scaled.last_hidden, golden.at("interp/last_hidden_state")), kTolerance);
    EXPECT_LE(difference(scaled.pooled, golden.at("interp/pooler_output")), kTolerance);
  }
}

INSTANTIATE_TEST_SUITE_P(Products, Encoders, ::testing::Values(true, false),
                         [](const auto& made) { return made.param ? "Kernels" : "Libtorch"; });

TEST(Entailment, ScoresEqualTheReference) {
  for (const auto& folder : roots("nli_roberta")) {
    const Golden golden(folder);
    const auto model = make_entailment({.path = folder / "checkpoint"});
    std::vector<std::string> texts;
    for (const json& entry : golden.cases) {
      if (!entry.contains("premise")) continue;
      const std::string premise = entry["premise"], hypothesis = entry["hypothesis"];
      const EntailmentPair pair{premise, hypothesis};
      const EntailmentScores scores = model->classify({&pair, 1})[0];
      const auto expected = entry["probs"][0].get<std::vector<float>>();
      EXPECT_NEAR(scores.contradiction, expected[0], kTolerance) << entry["id"];
      EXPECT_NEAR(scores.neutral, expected[1], kTolerance) << entry["id"];
      EXPECT_NEAR(scores.entailment, expected[2], kTolerance) << entry["id"];
    }
  }
}

TEST(Entailment, ScoresDoNotDependOnTheBatch) {
  for (const auto& folder : roots("nli_roberta")) {
    const auto model = make_entailment({.path = folder / "checkpoint"});
    const std::vector<EntailmentPair> pairs{{"A man holds an umbrella.", "It rains."},
                                            {"x", "y"},
                                            {"Two dogs run on the beach.", "A cat sleeps."}};
    const std::vector<EntailmentScores> together = model->classify(pairs);
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      EXPECT_EQ(model->classify({&pairs[i], 1})[0].entailment, together[i].entailment);
    }
  }
}

}  // namespace
}  // namespace sightline::testing
