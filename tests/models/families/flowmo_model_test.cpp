// FlowMo as the model `native`: images in, reconstructions and bits out.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/parallel.h"
#include "models/api/packed_code.h"
#include "models/generation/native_model.h"
#include "tests/models/families/flowmo_golden.h"
#include "tests/support/errors.h"
#include "tests/support/images.h"

namespace sightline::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

constexpr int kWidth = 48, kHeight = 32;  // of the fixture's images
constexpr const char* kFast = ",sample_steps=3";

fs::path fixture() {
  return data_path("models/flowmo/hi");
}

class FlowMoModel : public ::testing::Test {
 protected:
  FlowMoModel() { registry_.image_tokenizer = make_image_tokenizer; }
  ~FlowMoModel() override { set_thread_count(0); }

  std::unique_ptr<Model> open(const std::string& more = kFast, std::uint64_t seed = 1,
                              const std::string& precision = "") {
    ModelSettings settings;
    settings.kind = Kind::kReconstruct;
    settings.seed = seed;
    settings.precision = precision;
    settings.args = ModelArgs::parse("path=" + fixture().string() + ",family=flowmo" + more);
    NetworkPool pool;
    return open_native(registry_, std::move(settings), pool);
  }

  static Request request(std::uint64_t number, int width = kWidth, int height = kHeight) {
    Request request{.ticket = number, .id = "image " + std::to_string(number)};
    request.kind = Kind::kReconstruct;
    request.images.push_back(
        {.pixels = std::make_shared<const Image>(gradient_image(width, height, 20, number))});
    return request;
  }
  static std::vector<Request> requests(std::vector<std::uint64_t> numbers) {
    std::vector<Request> all;
    for (const std::uint64_t number : numbers) all.push_back(request(number));
    return all;
  }
  static std::map<std::string, Image> images_by_id(Model& model, std::vector<std::uint64_t> numbers,
                                                   std::size_t batch) {
    std::map<std::string, Image> images;
    auto& answers = dynamic_cast<BatchModel&>(model);
    const std::vector<Request> all = requests(std::move(numbers));
    for (std::size_t begin = 0; begin < all.size(); begin += batch) {
      const auto part = std::span(all).subspan(begin, std::min(batch, all.size() - begin));
      const std::vector<Response> responses = answers.answer(part);
      for (std::size_t i = 0; i < part.size(); ++i) {
        EXPECT_EQ(responses[i].outcome, Outcome::kOk) << responses[i].error;
        images[part[i].id] = *responses[i].answer->reconstruction.image;
      }
    }
    return images;
  }

  Registry registry_;
};

TEST_F(FlowMoModel, AnswersAnImageAndTheBitsOfItsCode) {
  const std::unique_ptr<Model> model = open();
  EXPECT_THAT(model->info().kinds, ElementsAre(Kind::kReconstruct));
  EXPECT_EQ(model->info().revision, "flowmo");
  EXPECT_EQ(model->info().precision, "fp32");
  const Response response = ask(*model, {request(1)}).front();
  ASSERT_EQ(response.outcome, Outcome::kOk) << response.error;
  const Reconstruction& made = response.answer->reconstruction;
  EXPECT_EQ(made.image->width, kWidth);
  EXPECT_EQ(made.image->height, kHeight);
  EXPECT_EQ(made.bits, 24 * 12);
}

TEST_F(FlowMoModel, TheProtocolHoldsDeparturesFromThePublishedSampler) {
  EXPECT_TRUE(open("")->info().protocol.empty());
  EXPECT_TRUE(open(",sample_steps=25,schedule=pow_0.25,cfg=1.5,cfg_interval=(.17\\,1.02)")
                  ->info()
                  .protocol.empty());
  EXPECT_THAT(open(",sample_steps=8,schedule=linear,cfg=3,cfg_interval=none")->info().protocol,
              ElementsAre(Pair("cfg", "3"), Pair("cfg_interval", "none"), Pair("sample_steps", "8"),
                          Pair("schedule", "linear")));
  EXPECT_THAT(open(",schedule=pow_0.5,cfg_interval=(0.1\\,0.9)")->info().protocol,
              ElementsAre(Pair("cfg_interval", "(0.1,0.9)"), Pair("schedule", "pow_0.5")));
}

TEST_F(FlowMoModel, ResultsDependOnNeitherBatchNorOrderNorThreads) {
  for (const char* precision : {"fp32", "bf16", "int8", "nf4"}) {
    SCOPED_TRACE(precision);
    // Guided at every step: a batch then holds each image twice.
    const std::unique_ptr<Model> model = open(",sample_steps=3,cfg_interval=none", 1, precision);
    set_thread_count(1);
    const auto alone = images_by_id(*model, {1, 2, 3, 4, 5}, 1);
    EXPECT_EQ(images_by_id(*model, {1, 2, 3, 4, 5}, 5), alone);
    EXPECT_EQ(images_by_id(*model, {4, 2, 5, 1, 3}, 2), alone);
    set_thread_count(3);
    EXPECT_EQ(images_by_id(*model, {5, 4, 3, 2, 1}, 3), alone);
    set_thread_count(0);
  }
}

TEST_F(FlowMoModel, NoiseBelongsToTheSeedAndTheImage) {
  const auto first = images_by_id(*open(), {1}, 1);
  EXPECT_EQ(images_by_id(*open(), {1}, 1), first);
  EXPECT_NE(images_by_id(*open(kFast, 2), {1}, 1), first);
  const std::unique_ptr<Model> model = open();
  Request renamed = request(1);
  renamed.id = "another";
  const Response response = ask(*model, {renamed}).front();
  EXPECT_NE(*response.answer->reconstruction.image, first.begin()->second);
}

TEST_F(FlowMoModel, AnImageOfAnotherSizeIsBadInputAndOthersGoOn) {
  const std::unique_ptr<Model> model = open();
  std::vector<Request> all{request(1), request(2, 48, 48), request(3)};
  all.push_back(request(4));
  all.back().images.clear();
  const auto responses = dynamic_cast<BatchModel&>(*model).answer(all);
  EXPECT_EQ(responses[0].outcome, Outcome::kOk);
  EXPECT_EQ(responses[1].outcome, Outcome::kBadInput);
  EXPECT_THAT(responses[1].error, HasSubstr("48 x 48 pixels; this model takes 48 x 32"));
  EXPECT_EQ(responses[2].outcome, Outcome::kOk);
  EXPECT_EQ(responses[3].outcome, Outcome::kBadInput);
}

TEST_F(FlowMoModel, LibtorchAndTheKernelsAgree) {
  const auto own = images_by_id(*open(",sample_steps=8"), {1, 2}, 2);
  const auto other = images_by_id(*open(",sample_steps=8,kernels=off"), {1, 2}, 2);
  for (const auto& [id, image] : own) {
    for (std::size_t i = 0; i < image.pixels.size(); ++i) {
      ASSERT_NEAR(image.pixels[i], other.at(id).pixels[i], 1) << id << " " << i;
    }
  }
}

TEST_F(FlowMoModel, CodesPackAndDecodeToTheSameImages) {
  const auto tokenizer = open_image_tokenizer(
      registry_, {.path = fixture(), .family = "flowmo", .sampling = {{"sample_steps", "3"}}});
  const Image image = gradient_image(kWidth, kHeight, 20, 1);
  const Image* pointer = &image;
  ImageCode code = tokenizer->encode({&pointer, 1}).front();
  const CodeLayout& layout = tokenizer->info().layout;
  const auto bytes = pack_code(layout, code.symbols);
  EXPECT_EQ(bytes.size() * 8, layout.bits());
  code.symbols = unpack_code(layout, bytes);
  const ImageCode* codes = &code;
  const NoiseSource noise{1, "image 1"};
  const auto made = tokenizer->decode({&codes, 1}, {&noise, 1});
  EXPECT_EQ(truncate_to_image(made.front()), images_by_id(*open(), {1}, 1).begin()->second);
  code.symbols.pop_back();
  EXPECT_THAT(error_of([&] {
                tokenizer->decode({&codes, 1}, {&noise, 1});
              }),
              HasSubstr("a code has 287 symbols, want 24 tokens of 12"));
}

TEST_F(FlowMoModel, RefusesOptionsThatMakeNoSense) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {",sample_steps=0", "sample_steps=0: want a whole number from 1"},
      {",sample_steps=2.5", "sample_steps=2.5: want a whole number"},
      {",sample_steps=many", "sample_steps=many"},
      {",schedule=cosine", "schedule=cosine: want linear, or pow_P"},
      {",schedule=pow_0", "schedule=pow_0"},
      {",schedule=pow_-1", "schedule=pow_-1"},
      {",cfg=nan", "cfg=nan: want a number"},
      {",cfg=-1", "cfg=-1"},
      {",cfg_interval=1", "cfg_interval=1: want (LOW,HIGH)"},
      {",cfg_interval=(1\\,0.5)", "cfg_interval=(1,0.5)"},
      {",steps=5", "steps"},
      {",share=off", "share"},
      {",kernels=perhaps", "kernels=perhaps: want on or off"},
      {",double_quant=on", "has an effect only with --precision nf4"},
  };
  for (const auto& [arguments, says] : cases) {
    SCOPED_TRACE(arguments);
    EXPECT_THAT(error_of([&] { open(arguments); }), HasSubstr(says));
  }
}

TEST_F(FlowMoModel, OtherKindsAndFamiliesAreRefused) {
  EXPECT_THAT(error_of([] { make_network({.path = fixture(), .family = "flowmo"}); }),
              HasSubstr("answers tasks of kind reconstruct only"));
  EXPECT_THAT(error_of([] { make_image_tokenizer({.path = fixture(), .family = "paligemma"}); }),
              HasSubstr("the family 'paligemma' does not reconstruct images; there is flowmo"));
  EXPECT_THAT(error_of([] { make_image_tokenizer({.path = fixture()}); }),
              HasSubstr("'model_type' is missing; say family=NAME"));
}

/// Mean difference of the velocity from that in float32, as a part of its mean size.
double velocity_error(Precision precision, bool kernels) {
  const InferenceScope scope;
  const FlowMoGolden exact("hi"), rounded("hi", {.precision = precision, .kernels = kernels});
  const auto time = exact.tensor("v1.t").item<float>();
  const auto velocity = [&](const FlowMoGolden& golden) {
    return golden.network().velocity(golden.tensor("v1.x_t"), golden.tensor("decoder.code_in"),
                                     {&time, 1});
  };
  const at::Tensor want = velocity(exact);
  return ((velocity(rounded) - want).abs().mean() / want.abs().mean()).item<double>();
}

TEST(FlowMoPrecision, RoundsAsMuchAsItsBitsSay) {
  for (const bool kernels : {true, false}) {
    SCOPED_TRACE(kernels);
    const double bf16 = velocity_error(Precision::kBf16, kernels);
    const double int8 = velocity_error(Precision::kInt8, kernels);
    const double nf4 = velocity_error(Precision::kNf4, kernels);
    RecordProperty(kernels ? "kernels" : "libtorch",
                   fmt::format("bf16 {:.4f} int8 {:.4f} nf4 {:.4f}", bf16, int8, nf4));
    EXPECT_GT(bf16, 1e-4);
    EXPECT_LT(bf16, 0.02);
    EXPECT_GT(int8, 1e-4);
    EXPECT_LT(int8, 0.03);
    EXPECT_GT(nf4, 0.02);
    EXPECT_LT(nf4, 0.3);
  }
}

TEST(FlowMoPrecision, QuantisesTheLinearLayersOfBlocksAlone) {
  const FlowMoGolden golden("hi", {.precision = Precision::kNf4});
  // qkv, proj and two of the MLP in both streams of 3 blocks; modulation in the decoder's 2.
  EXPECT_EQ(golden.opened().quantised.size(), 2U * (4U * 3U + 2U));
  for (const std::string& name : golden.opened().quantised) {
    EXPECT_THAT(name, HasSubstr("double_blocks."));
  }
  EXPECT_LT(golden.opened().weight_bytes, FlowMoGolden("hi").opened().weight_bytes / 2);
}

}  // namespace
}  // namespace sightline::testing
