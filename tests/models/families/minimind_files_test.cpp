// MiniMind-V in the files that its authors write: the repository's .pth, and the export for
// transformers with the vision tower in a folder of its own.

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "harness/base/file.h"
#include "harness/formats/safetensors.h"
#include "models/nn/weights.h"
#include "tests/models/families/minimind_golden.h"
#include "tests/support/errors.h"
#include "tests/support/torch_checkpoint.h"

namespace sightline::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

/// Tensors of a file, rounded to another type.
class Tensors {
 public:
  Tensors(const fs::path& path, at::ScalarType type) {
    const TensorFile file = open_tensor_file(path);
    for (const std::string& name : file.names()) {
      add(name, to_floats(file.at(name)).to(type));
    }
  }

  void add(const std::string& name, at::Tensor tensor) {
    tensors_.push_back(tensor.contiguous());
    const at::Tensor& kept = tensors_.back();
    const DType dtype = kept.scalar_type() == at::kHalf       ? DType::kF16
                        : kept.scalar_type() == at::kBFloat16 ? DType::kBF16
                        : kept.scalar_type() == at::kBool     ? DType::kBool
                                                              : DType::kF32;
    const auto* bytes = static_cast<const std::byte*>(kept.data_ptr());
    named_.push_back({name, {dtype, kept.sizes().vec(), {bytes, kept.nbytes()}}});
  }
  void rename(const std::string& prefix, const std::string& other) {
    for (NamedTensor& tensor : named_) {
      if (tensor.name.starts_with(prefix)) {
        tensor.name = other + tensor.name.substr(prefix.size());
      }
    }
  }
  /// The numbers as they are now, in float32.
  void widen() {
    std::deque<at::Tensor> rounded;
    std::vector<NamedTensor> named;
    rounded.swap(tensors_);
    named.swap(named_);
    for (std::size_t i = 0; i < named.size(); ++i) add(named[i].name, rounded[i].to(at::kFloat));
  }
  const std::vector<NamedTensor>& named() const { return named_; }

 private:
  std::deque<at::Tensor> tensors_;
  std::vector<NamedTensor> named_;
};

class MinimindFiles : public ::testing::TestWithParam<const char*> {
 protected:
  fs::path golden() const { return data_path("models/minimind_v") / GetParam(); }
  bool legacy() const { return std::string(GetParam()).starts_with("legacy"); }
  json golden_config() const { return read_json_file(golden() / "config.json"); }

  /// Writes the fixture's weights, rounded and then widened: what rounded weights must equal.
  NetworkSettings widened(at::ScalarType main, at::ScalarType tower) const {
    Tensors weights(golden() / "model.safetensors", main);
    Tensors vision(golden() / "vision/model.safetensors", tower);
    weights.widen();
    vision.widen();
    fs::create_directories(folder_ / "wide/vision");
    write_safetensors(folder_ / "wide/model.safetensors", weights.named());
    write_safetensors(folder_ / "wide/vision/model.safetensors", vision.named());
    fs::copy(golden() / "config.json", folder_ / "wide/config.json");
    NetworkSettings settings;
    settings.family = "minimind_v";
    settings.path = folder_ / "wide/model.safetensors";
    settings.config = folder_ / "wide/config.json";
    return settings;
  }

  /// The export of transformers.
  void write_export(const json& tower_config, const Tensors& tower) const {
    Tensors weights(golden() / "model.safetensors", at::kBFloat16);
    fs::create_directories(folder_ / "export/tower");
    write_torch_checkpoint(folder_ / "export/pytorch_model.bin", weights.named());
    write_safetensors(folder_ / "export/tower/model.safetensors", tower.named());
    json config = golden_config()["model"];
    config["model_type"] = "minimind-v";
    config["architectures"] = {"MiniMindVLM"};
    config["torch_dtype"] = "bfloat16";
    config["rope_scaling"] = nullptr;
    write("export/config.json", config);
    write("export/tower/config.json", tower_config);
    write("export/tower/preprocessor_config.json", processor_config());
  }
  json processor_config() const {
    const int side = golden_config()["preprocessing"]["size"];
    if (legacy()) {
      return {{"feature_extractor_type", "CLIPFeatureExtractor"},
              {"size", side},
              {"do_center_crop", true},
              {"crop_size", side},
              {"resample", 3}};
    }
    return {{"image_processor_type", "SiglipImageProcessor"},
            {"size", {{"height", side}, {"width", side}}},
            {"resample", 2},
            {"image_mean", {0.5, 0.5, 0.5}},
            {"image_std", {0.5, 0.5, 0.5}}};
  }
  /// The tower's own sizes, without what contains them.
  json flat_tower_config() const {
    json vision = golden_config()["vision"];
    if (vision.contains("vision_config")) vision = vision["vision_config"];
    vision["model_type"] = legacy() ? "clip_vision_model" : "siglip_vision_model";
    return vision;
  }
  void write(const std::string& name, const json& document) const {
    write_file_atomically(folder_ / name, document.dump(2));
  }

  void expect_equal(const NetworkSettings& settings, const NetworkSettings& reference,
                    double of_largest) const {
    Minimind actual(golden(), settings), expected(golden(), reference);
    for (const char* name : {"p0.", "p1.", "p2."}) {
      SCOPED_TRACE(name);
      if (!actual.has(std::string(name) + "input_ids")) continue;
      const auto logits = actual.greedy_logits(name);
      EXPECT_EQ(logits, expected.greedy_logits(name));
      // Rounding the weights moves the logits by little.
      const std::vector<float> exact = actual.floats(std::string(name) + "greedy_step_logits");
      const std::size_t width = exact.size() / logits.size();
      double largest = 0;
      for (const float value : exact) largest = std::max(largest, std::abs(double{value}));
      EXPECT_LE(max_difference(std::span(logits[0]).first(width), std::span(exact).first(width)),
                of_largest * largest);
    }
  }

  TemporaryFolder folder_;
};

TEST_P(MinimindFiles, TheRepositorysPthLoads) {
  Tensors weights(golden() / "model.safetensors", at::kHalf);
  // What the repository's code leaves out when it loads.
  weights.add("vision_encoder.embeddings.patch_embedding.weight", at::zeros({3, 3}, at::kHalf));
  weights.add("model.layers.0.self_attn.mask", at::zeros({4, 4}, at::kHalf));
  weights.add("model.causal_mask_of_all", at::zeros({4}, at::kBool));
  write_torch_checkpoint(folder_ / "sft_vlm_48.pth", weights.named());
  NetworkSettings settings;
  settings.family = "minimind_v";
  settings.path = folder_ / "sft_vlm_48.pth";
  settings.config = folder_ / "sizes.json";
  settings.vision = golden() / "vision";
  json config = golden_config();
  config["model"].erase("eos_token_id");
  write("sizes.json", config);
  EXPECT_EQ(make_network(settings)->info().eos, std::vector<TokenId>{2}) << "as the code has it";
  expect_equal(settings, widened(at::kHalf, at::kFloat), 0.01);
}

TEST_P(MinimindFiles, TransformersExportLoadsWithTheTowerInAFolder) {
  write_export(flat_tower_config(), Tensors(golden() / "vision/model.safetensors", at::kHalf));
  NetworkSettings settings;
  settings.path = folder_ / "export";
  expect_equal(settings, widened(at::kBFloat16, at::kHalf), 0.1);
}

TEST_P(MinimindFiles, TheTowerMayBePartOfAWholeModel) {
  Tensors tower(golden() / "vision/model.safetensors", at::kHalf);
  tower.add("text_model.one_more.weight", at::zeros({2, 2}, at::kHalf));
  tower.add("logit_scale_of_texts", at::zeros({1}, at::kHalf));
  json config{{"model_type", legacy() ? "clip" : "siglip"}, {"text_config", json::object()}};
  config["vision_config"] = flat_tower_config();
  write_export(config, tower);
  fs::rename(folder_ / "export/tower", folder_ / "elsewhere");
  NetworkSettings settings;
  settings.path = folder_ / "export";
  settings.vision = folder_ / "elsewhere";
  expect_equal(settings, widened(at::kBFloat16, at::kHalf), 0.1);
}

TEST_P(MinimindFiles, TheTowersNamesMayLackTheirPrefix) {
  Tensors tower(golden() / "vision/model.safetensors", at::kHalf);
  tower.rename("vision_model.", "");
  write_export(flat_tower_config(), tower);
  NetworkSettings settings;
  settings.path = folder_ / "export";
  expect_equal(settings, widened(at::kBFloat16, at::kHalf), 0.1);
}

TEST_P(MinimindFiles, BothFilesAreHashed) {
  NetworkSettings settings = widened(at::kHalf, at::kHalf);
  const auto hashes = make_network(settings)->info().hashes;
  ASSERT_EQ(hashes.size(), 2U);
  EXPECT_NE(hashes.at("model.safetensors"), hashes.at("vision/model.safetensors"));
}

TEST_P(MinimindFiles, SaysWhatIsWrongWithTheTower) {
  const Tensors tower(golden() / "vision/model.safetensors", at::kHalf);
  write_export(flat_tower_config(), tower);
  NetworkSettings settings;
  settings.path = folder_ / "export";
  const auto refusal = [&] { return error_of([&] { make_network(settings); }); };
  ASSERT_EQ(refusal(), "no error");

  settings.vision = folder_ / "nowhere";
  EXPECT_THAT(refusal(), HasSubstr("nowhere: want the folder of the vision tower"));
  settings.vision.clear();

  fs::copy(folder_ / "export/tower", folder_ / "export/second");
  EXPECT_THAT(refusal(),
              AllOf(HasSubstr("export/second, "), HasSubstr("export/tower; say vision=")));
  fs::remove_all(folder_ / "export/second");

  json other = processor_config();
  other[legacy() ? "crop_size" : "size"] = {{"height", 96}, {"width", 96}};
  write("export/tower/preprocessor_config.json", other);
  EXPECT_THAT(refusal(), AllOf(HasSubstr("tower"), HasSubstr("images of 96 x 96 pixels")));
  fs::remove(folder_ / "export/tower/preprocessor_config.json");
  EXPECT_EQ(refusal(), "no error") << "the authors' sizes are known";

  json wide = flat_tower_config();
  wide["hidden_size"] = 64;
  write("export/tower/config.json", wide);
  EXPECT_THAT(refusal(), AllOf(HasSubstr("tower/model.safetensors"), HasSubstr("has the shape")));
  wide["hidden_size"] = "64";
  write("export/tower/config.json", wide);
  EXPECT_THAT(refusal(), AllOf(HasSubstr("tower/config.json"), HasSubstr("'hidden_size'")));
  fs::remove(folder_ / "export/tower/config.json");
  EXPECT_THAT(refusal(), HasSubstr("tower/config.json"));
  fs::remove_all(folder_ / "export/tower");
  EXPECT_THAT(refusal(), HasSubstr("no folder with the vision tower"));
}

INSTANTIATE_TEST_SUITE_P(Variants, MinimindFiles, ::testing::Values("head_moe", "legacy_dense"),
                         [](const auto& made) { return std::string(made.param); });

}  // namespace
}  // namespace sightline::testing
