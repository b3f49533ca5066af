#include "models/generation/native_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/models/generation/fake_network.h"
#include "tests/models/generation/test_exchange.h"
#include "tests/support/errors.h"

namespace sightline {
namespace {

using ::sightline::testing::error_of;
using ::sightline::testing::FakeNetwork;
using ::sightline::testing::image_of;
using ::sightline::testing::request_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

/// Opens `native` on a fake network, and notes how that was opened.
class NativeModelTest : public ::testing::Test {
 protected:
  NativeModelTest() {
    registry_.modules.insert("sightline_torch");
    registry_.network = [this](const NetworkSettings& settings) {
      opened_ = settings;
      auto network = std::make_unique<FakeNetwork>();
      change_(*network);
      return network;
    };
  }

  std::unique_ptr<Model> open(const std::string& args, ModelSettings settings = {}) {
    settings.args = ModelArgs::parse(args);
    return open_native(registry_, std::move(settings), pool_);
  }

  Registry registry_;
  NetworkPool pool_;
  NetworkSettings opened_;
  std::function<void(FakeNetwork&)> change_ = [](FakeNetwork&) {};
};

TEST_F(NativeModelTest, IsFoundByName) {
  add_native_model(registry_);
  ModelSettings settings;
  settings.args = ModelArgs::parse("path=a");
  EXPECT_EQ(registry_.open_model("native", std::move(settings))->info().name, "native");
}

TEST_F(NativeModelTest, OpensANetworkOnceForAllTasksOfARun) {
  int opened = 0;
  change_ = [&](FakeNetwork&) { ++opened; };
  for (const char* task : {"vqav2_val", "refcoco_val"}) {
    ModelSettings settings;
    settings.task = task;
    open("path=a", std::move(settings));
  }
  EXPECT_EQ(opened, 1);
  ModelSettings settings;
  settings.task = "vqav2_val";
  settings.precision = "bf16";
  open("path=a", std::move(settings));
  EXPECT_EQ(opened, 2);
}

TEST_F(NativeModelTest, PassesItsArgumentsOn) {
  open("path=some/folder");
  EXPECT_EQ(opened_.path, "some/folder");
  EXPECT_EQ(opened_.family, "");
  EXPECT_EQ(opened_.config, "");
  EXPECT_FALSE(opened_.precision.has_value());
  EXPECT_EQ(opened_.images, ImageProtocol{});
  EXPECT_TRUE(opened_.logits_softcap);
  EXPECT_TRUE(opened_.quantise_vision);
  EXPECT_FALSE(opened_.double_quantise);
  EXPECT_FALSE(opened_.batch_invariant);
  EXPECT_FALSE(opened_.hash_weights) << "nothing is compared without a task";

  ModelSettings settings;
  settings.task = "vqav2_val";
  settings.precision = "nf4";
  settings.device = "cuda:1";
  open(
      "path=a.pth,family=fake,config=b.json,image_backend=torchvision,logits_softcap=off,"
      "double_quant=on,quantise_vision=off,batch_invariant=on,share=off,vision=tower,tokenizer=t",
      std::move(settings));
  EXPECT_EQ(opened_.path, "a.pth");
  EXPECT_EQ(opened_.family, "fake");
  EXPECT_EQ(opened_.config, "b.json");
  EXPECT_EQ(opened_.vision, "tower");
  EXPECT_EQ(opened_.tokenizer, "t");
  EXPECT_EQ(opened_.precision, Precision::kNf4);
  EXPECT_EQ(opened_.device, "cuda:1");
  EXPECT_EQ(opened_.images.backend, ImageBackend::kTorchvision);
  EXPECT_FALSE(opened_.logits_softcap);
  EXPECT_FALSE(opened_.quantise_vision);
  EXPECT_TRUE(opened_.double_quantise);
  EXPECT_TRUE(opened_.batch_invariant);
  EXPECT_TRUE(opened_.hash_weights);

  open("path=a,resize_order=pillow13");
  EXPECT_EQ(opened_.images.order, PassOrder::kPillow13);
  open("path=a,batch_invariant=on");
  EXPECT_TRUE(opened_.batch_invariant) << "a CPU has it anyway";
}

TEST_F(NativeModelTest, RefusesArgumentsBeforeItOpensTheCheckpoint) {
  registry_.network = [](const NetworkSettings&) -> std::unique_ptr<Network> {
    fail("the checkpoint was opened");
  };
  const struct {
    std::string args;
    const char* message;
  } cases[] = {
      {"", "path=..., which is the folder of a checkpoint, or a file of weights"},
      {"path=", "path=..."},
      {"path=a,image_backend=opencv", "image_backend is 'opencv', want pil or torchvision"},
      {"path=a,resize_order=pillow11", "resize_order is 'pillow11', want pillow12 or pillow13"},
      {"path=a,image_backend=torchvision,resize_order=pillow13", "only with image_backend=pil"},
      {"path=a,logits_softcap=maybe", "logits_softcap=maybe: want on or off"},
      {"path=a,share=1", "share=1: want on or off"},
      {"path=a,double_quant=on", "only with --precision nf4"},
      {"path=a,quantise_vision=off", "only with --precision int8 or nf4"},
      {"path=a,batch_invariant=yes", "batch_invariant=yes: want on or off"},
      {"path=a,frames=8", "frames=8: want images or video"},
      {"path=a,prompt_style=paligema", "did you mean 'paligemma'?"},
      {"path=a,geometry=sideways", "geometry"},
      {"path=a,pth=b", "no argument 'pth'; did you mean 'path'?"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(error_of([&] { open(c.args); }), HasSubstr(c.message)) << c.args;
    EXPECT_THROW(open(c.args), UsageError) << c.args;
  }
  ModelSettings settings;
  settings.precision = "fp64";
  EXPECT_THAT(error_of([&] { open("path=a", std::move(settings)); }), HasSubstr("'fp64'"));
  ModelSettings decoding;
  decoding.gen_kwargs = {{"top_q", "1"}};
  EXPECT_THAT(error_of([&] { open("path=a", std::move(decoding)); }), HasSubstr("'top_q'"));
  EXPECT_THAT(error_of([&] { open("path=a"); }), HasSubstr("the checkpoint was opened"));
}

TEST_F(NativeModelTest, SaysWhatItIs) {
  change_ = [](FakeNetwork& network) {
    network.change_info().hashes = {{"model.safetensors", "ab12"}};
    network.change_info().precision = Precision::kBf16;
  };
  const auto model = open("path=a");
  const ModelInfo& info = model->info();
  EXPECT_EQ(info.name, "native");
  EXPECT_EQ(info.revision, "fake");
  EXPECT_EQ(info.precision, "bf16");
  EXPECT_THAT(info.hashes, ElementsAre(Pair("model.safetensors", "ab12")));
  EXPECT_THAT(info.kinds, ElementsAre(Kind::kText));
  EXPECT_EQ(info.prompt_style, "plain");
  EXPECT_FALSE(info.geometry.has_value());
  EXPECT_EQ(info.max_batch, 32U);
  EXPECT_TRUE(info.wants_pixels);
  EXPECT_EQ(info.facts.at("weight_bytes"), 1234);
  const auto other = open("path=a,prompt_style=paligemma,geometry=pixels");
  EXPECT_EQ(other->info().prompt_style, "paligemma");
  EXPECT_TRUE(other->info().geometry.has_value());
}

TEST_F(NativeModelTest, SaysHowItDepartsFromPublishedResults) {
  EXPECT_THAT(open("path=a")->info().protocol, IsEmpty());
  change_ = [](FakeNetwork& network) {
    network.change_info().protocol = {
        {"image_backend", "torchvision"}, {"logits_softcap", "off"}, {"frames", "8"}};
  };
  EXPECT_THAT(open("path=b")->info().protocol,
              ElementsAre(Pair("frames", "8"), Pair("image_backend", "torchvision"),
                          Pair("logits_softcap", "off")));
}

TEST_F(NativeModelTest, TakesTheImagesOfARequestForTheFramesOfOneVideo) {
  change_ = [](FakeNetwork& network) { network.change_info().takes_video = true; };
  const auto model = open("path=a,frames=video");
  EXPECT_THAT(model->info().protocol, ElementsAre(Pair("frames", "video")));
  const std::pair<const char*, const char*> prompts[] = {
      {"What happens?", "<image>\nWhat happens?"},
      {"See <video>: what happens?", "See <image>: what happens?"},
      {"See <image>: what happens?", "See <image>: what happens?"}};
  for (const auto& [prompt, wrapped] : prompts) {
    const Request request = request_of("a", prompt, 1, {image_of(1), image_of(2), image_of(3)});
    const Response response = ask(*model, {request}).front();
    EXPECT_EQ(response.outcome, Outcome::kOk) << response.error;
    const auto& ids = response.generation->prompt_ids;
    EXPECT_EQ(std::ranges::count(ids, FakeNetwork::kImageToken), FakeNetwork::kRowsOfImage);
    EXPECT_EQ(FakeNetwork::text_of(ids), wrapped);
  }
  EXPECT_EQ(ask(*model, {request_of("a", "Hello", 1)}).front().outcome, Outcome::kOk)
      << "a request without images has no video";
}

TEST_F(NativeModelTest, RefusesVideoForNetworksWithout) {
  EXPECT_THAT(error_of([&] { open("path=a,frames=video"); }),
              HasSubstr("the model fake takes no video"));
  EXPECT_THROW(open("path=a,frames=video"), UsageError);
  EXPECT_THAT(open("path=a,frames=images")->info().protocol, IsEmpty());
}

TEST_F(NativeModelTest, AnswersAndCounts) {
  const auto model = open("path=a");
  const Response response = ask(*model, {request_of("a", "question", 5)}).front();
  EXPECT_EQ(response.outcome, Outcome::kOk);
  EXPECT_EQ(response.prompt_tokens, 8);
  EXPECT_GT(response.generated_tokens, 0);
  EXPECT_EQ(response.generation->ids.size(), response.generation->logprobs.size());
  EXPECT_EQ(model->info().facts.at("prompt_tokens"), 8);
  EXPECT_EQ(model->info().facts.at("generated_tokens"), response.generated_tokens);
}

TEST_F(NativeModelTest, WrapsPromptsInTheStyle) {
  const auto model = open("path=a,prompt_style=qwen2_vl");
  const Response response = ask(*model, {request_of("a", "Hello", 1)}).front();
  EXPECT_THAT(FakeNetwork::text_of(response.generation->prompt_ids),
              HasSubstr("<|im_start|>user\nHello<|im_end|>"));
}

TEST_F(NativeModelTest, KeepsSpecialTokensInAnswersWithBoxes) {
  change_ = [](FakeNetwork& network) {
    network.only_token = *network.tokenizer().token_to_id("<|im_end|>");
  };
  for (const Kind kind : {Kind::kText, Kind::kDetect, Kind::kGround}) {
    ModelSettings settings;
    settings.kind = kind;
    const auto model = open("path=a", std::move(settings));
    const Response response = ask(*model, {request_of("a", "question", 2)}).front();
    EXPECT_EQ(response.text, kind == Kind::kText ? "" : "<|im_end|><|im_end|>");
  }
}

}  // namespace
}  // namespace sightline
