// Files of FlowMo: the published checkpoint's tensors, configurations, and what is wrong with them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/file.h"
#include "harness/formats/safetensors.h"
#include "tests/models/families/flowmo_golden.h"
#include "tests/support/errors.h"
#include "tests/support/torch_checkpoint.h"

namespace sightline::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;

fs::path fixture() {
  return data_path("models/flowmo/hi");
}

class FlowMoPublished : public ::testing::TestWithParam<std::pair<std::string, std::int64_t>> {};

TEST_P(FlowMoPublished, HasEveryTensorOfTheCheckpointAndNoOther) {
  SIGHTLINE_NEED_SHARED("goldens/models/flowmo/fullsize_tensors.json");
  const json golden =
      read_json_file(shared_path("goldens/models/flowmo/fullsize_tensors.json"))[GetParam().first];
  json own;
  for (const TensorSpec& tensor : flowmo_tensors(published_flowmo(GetParam().second))) {
    own[tensor.name] = tensor.shape;
  }
  EXPECT_EQ(own.size(), 608U);
  EXPECT_EQ(own, golden);
}

INSTANTIATE_TEST_SUITE_P(All, FlowMoPublished,
                         ::testing::Values(std::pair("flowmo_lo", 18), std::pair("flowmo_hi", 56)),
                         [](const auto& chosen) { return chosen.param.first; });

TEST(FlowMoPublishedConfig, IsThatOfTheFirstOfItsFiles) {
  const json document = {{"model",
                          {{"patch_size", 4},
                           {"mup_width", 6},
                           {"enc_mup_width", 4},
                           {"code_length", 256},
                           {"context_dim", 18},
                           {"enc_depth", 8},
                           {"dec_depth", 16}}},
                         {"data", {{"image_size", 256}}}};
  const FlowMoConfig read = read_flowmo_config({document, "base"});
  const FlowMoConfig published = published_flowmo(18);
  EXPECT_EQ(read.sampling, published.sampling);
  EXPECT_EQ(read.image_width, 256);
  EXPECT_EQ(read.index_bits, published.index_bits);
  EXPECT_EQ(read.decoder.head_dim(), 96);
  EXPECT_EQ(read.encoder.head_dim(), 64);
  EXPECT_EQ(flowmo_tensors(read).size(), flowmo_tensors(published).size());
}

using Tensors = std::map<std::string, TensorView>;

/// The fixture's files in a folder of their own, to be changed.
class FlowMoCopy {
 public:
  FlowMoCopy() : file_(open_tensor_file(fixture() / "model.safetensors")) {
    config_ = read_json_file(fixture() / "config.json");
    for (const std::string& name : file_.names()) tensors_[name] = file_.at(name);
  }

  json& config() { return config_; }
  Tensors& tensors() { return tensors_; }
  fs::path path() const { return folder_.path(); }

  ImageTokenizerSettings write() {
    write_file_atomically(folder_ / "config.json", config_.dump());
    write_safetensors(folder_ / "model.safetensors", named(""));
    return {.path = folder_.path(), .family = "flowmo"};
  }
  /// As torch.save writes a training run, under the given names.
  ImageTokenizerSettings write_training(const std::vector<std::string>& dictionaries) {
    write_file_atomically(folder_ / "run.json", config_.dump());
    std::vector<NamedTensor> all;
    for (const std::string& dictionary : dictionaries) {
      for (NamedTensor& tensor : named(dictionary + ".")) {
        // Only one of the dictionaries holds the right numbers.
        if (dictionary != "model_ema_state_dict") tensor.view.bytes = zeros(tensor.view);
        all.push_back(tensor);
      }
    }
    write_torch_checkpoint(folder_ / "flowmo.pth", all);
    return {.path = folder_ / "flowmo.pth", .family = "flowmo", .config = folder_ / "run.json"};
  }

 private:
  std::vector<NamedTensor> named(const std::string& prefix) const {
    std::vector<NamedTensor> all;
    for (const auto& [name, view] : tensors_) all.push_back({prefix + name, view});
    return all;
  }
  std::span<const std::byte> zeros(const TensorView& view) {
    zeros_.resize(std::max(zeros_.size(), std::size_t{1} << 20));
    return std::span<const std::byte>(zeros_).first(view.bytes.size());
  }

  TemporaryFolder folder_;
  TensorFile file_;
  json config_;
  Tensors tensors_;
  std::vector<std::byte> zeros_;
};

at::Tensor code_of(const OpenedFlowMo& opened) {
  const InferenceScope scope;
  return opened.network.encode(
      to_floats(open_tensor_file(fixture() / "golden.safetensors").at("images")));
}

TEST(FlowMoCheckpoint, TakesTheEmaWeightsOfATrainingRun) {
  FlowMoCopy copy;
  const auto settings = copy.write_training({"model_state_dict", "model_ema_state_dict"});
  const OpenedFlowMo run = open_flowmo(settings);
  const OpenedFlowMo plain = open_flowmo({.path = fixture(), .family = "flowmo"});
  EXPECT_TRUE(at::equal(code_of(run), code_of(plain)));
  EXPECT_EQ(run.hashes.size(), 1U);
  EXPECT_TRUE(run.hashes.contains("flowmo.pth"));
}

TEST(FlowMoCheckpoint, RefusesATrainingRunWithoutEmaWeights) {
  FlowMoCopy copy;
  const auto settings = copy.write_training({"model_state_dict"});
  EXPECT_THAT(error_of([&] { open_flowmo(settings); }),
              HasSubstr("no tensor under 'model_ema_state_dict'"));
}

TEST(FlowMoCheckpoint, WithoutAConfigurationMustBeThePublishedOne) {
  FlowMoCopy copy;
  ImageTokenizerSettings settings = copy.write_training({"model_ema_state_dict"});
  settings.config.clear();
  EXPECT_THAT(error_of([&] { open_flowmo(settings); }),
              HasSubstr("codes of 12 channels are neither FlowMo-Lo's (18) nor FlowMo-Hi's (56)"));
}

struct Damage {
  const char* name;
  std::function<void(FlowMoCopy&)> apply;
  std::vector<std::string> says;
};
void PrintTo(const Damage& damage, std::ostream* out) {
  *out << damage.name;
}

constexpr const char* kUsed = "decoder.double_blocks.1.img_mlp.2.weight";
constexpr const char* kUnused = "encoder.time_in.in_layer.bias";  // not needed to encode

std::vector<Damage> damages() {
  const auto set = [](const char* pointer, json value) {
    return [=](FlowMoCopy& copy) { copy.config()[json::json_pointer(pointer)] = value; };
  };
  return {
      {"TensorMissing", [](FlowMoCopy& c) { c.tensors().erase(kUsed); }, {kUsed, "there is no"}},
      {"UnusedTensorMissing", [](FlowMoCopy& c) { c.tensors().erase(kUnused); }, {kUnused}},
      {"TensorTooMany",
       [](FlowMoCopy& c) { c.tensors()["decoder.extra"] = c.tensors()[kUnused]; },
       {"decoder.extra", "belongs to no layer"}},
      {"TensorMisshapen",
       [](FlowMoCopy& c) { c.tensors()[kUsed] = c.tensors()["decoder.txt_in.weight"]; },
       {kUsed, "has the shape [48, 13]", "[48, 192]"}},
      {"UnusedTensorMisshapen",
       [](FlowMoCopy& c) { c.tensors()[kUnused] = c.tensors()[kUsed]; },
       {kUnused, "has the shape"}},
      {"BlockTooMany", set("/model/dec_depth", 3), {"decoder.double_blocks.2.img_mod.lin.weight"}},
      {"BlockTooFew",
       set("/model/dec_depth", 1),
       {"decoder.double_blocks.1", "belongs to no layer"}},
      {"OtherCode", set("/model/context_dim", 9), {"encoder.txt_in.weight", "[32, 12]", "[32, 9]"}},
      {"PatchThatDoesNotDivide",
       set("/image_hw", json::array({32, 52})),
       {"'patch_size' is 8, which does not divide the image's 52 x 32 pixels"}},
      {"PatchOfNothing", set("/model/patch_size", 0), {"patch_size"}},
      {"NoContext",
       [](FlowMoCopy& c) { c.config()["model"].erase("context_dim"); },
       {"context_dim"}},
      {"NoModel", [](FlowMoCopy& c) { c.config().erase("model"); }, {"model"}},
      {"HeadsThatDoNotDivide", set("/encoder/heads", 5), {"5 attention heads do not divide"}},
      {"AxesThatDoNotFit",
       set("/decoder/axes_dim", json::array({12, 6, 8})),
       {"'axes_dim' sum to 26, want the 24 values of a head"}},
      {"OddAxes", set("/decoder/axes_dim", json::array({12, 5, 7})), {"want even numbers"}},
      {"OtherQuantiser", set("/model/quantization_type", "kl"), {"lfq, fsq or noop"}},
      {"FsqWithoutLevels", set("/model/quantization_type", "fsq"), {"fsq_levels"}},
      {"NoGuidance", set("/model/enable_cfg", false), {"enable_cfg"}},
      {"IndicesThatDoNotFit", set("/model/codebook_size_for_entropy", 5), {"a divisor of"}},
      {"NoSteps", set("/sampling/sample_steps", 0), {"sample_steps=0: want a whole number"}},
      {"OtherSampler", set("/sampling/mode", "ddim"), {"mode"}},
      {"OtherSchedule", set("/sampling/schedule", "cosine"), {"schedule=cosine"}},
      {"ImageOfOneSide", set("/image_hw", json::array({32})), {"image_hw"}},
  };
}

class DamagedFlowMo : public ::testing::TestWithParam<Damage> {};

TEST_P(DamagedFlowMo, IsRefusedByName) {
  FlowMoCopy copy;
  GetParam().apply(copy);
  const ImageTokenizerSettings settings = copy.write();
  const std::string error = error_of([&] { make_image_tokenizer(settings); });
  for (const std::string& words : GetParam().says) EXPECT_THAT(error, HasSubstr(words));
}

INSTANTIATE_TEST_SUITE_P(All, DamagedFlowMo, ::testing::ValuesIn(damages()),
                         [](const auto& damage) { return std::string(damage.param.name); });

TEST(FlowMoCheckpoint, AContinuousCodeIsNoTokenizers) {
  FlowMoCopy copy;
  copy.config()["model"]["quantization_type"] = "noop";
  const ImageTokenizerSettings settings = copy.write();
  EXPECT_EQ(error_of([&] { open_flowmo(settings); }), "no error");
  EXPECT_THAT(error_of([&] { make_image_tokenizer(settings); }), HasSubstr("it has no rate"));
}

TEST(FlowMoCheckpoint, FsqCodesHaveTheirLevels) {
  FlowMoCopy copy;
  copy.config()["model"]["quantization_type"] = "fsq";
  copy.config()["model"]["fsq_levels"] = {8, 5, 5, 5, 8, 5, 5, 5, 2, 3, 4, 7};
  const auto tokenizer = make_image_tokenizer(copy.write());
  EXPECT_EQ(tokenizer->info().layout.levels.size(), 12U);
  const Image image = black_image(48, 32);
  const Image* pointer = &image;
  const ImageCode code = tokenizer->encode({&pointer, 1}).front();
  const ImageCode* codes = &code;
  const NoiseSource noise{0, "black"};
  EXPECT_EQ(tokenizer->decode({&codes, 1}, {&noise, 1}).front().values.size(), 48U * 32U * 3U);
}

TEST(FlowMoCheckpoint, RefusesAFileThatIsNotThere) {
  EXPECT_THAT(error_of([] { open_flowmo({.path = "nowhere/flowmo.pth"}); }),
              HasSubstr("there is no nowhere/flowmo.pth"));
}

}  // namespace
}  // namespace sightline::testing
