#include "models/families/torchscript.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/script.h>

#include "harness/base/file.h"
#include "harness/base/hash.h"
#include "harness/base/rng.h"
#include "models/tokenizers/tokenizer.h"
#include "tests/support/errors.h"
#include "tests/support/paths.h"

namespace sightline::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class TorchScript : public ::testing::Test {
 protected:
  /// Saves a module whose methods are `code`; `prepare` adds what it keeps.
  std::string save(const std::string& code,
                   const std::function<void(torch::jit::Module&)>& prepare = {}) const {
    torch::jit::Module module("m");
    if (prepare) prepare(module);
    module.define(code);
    const std::string path = (folder_ / "module.pt").string();
    module.save(path);
    return path;
  }

  static std::unique_ptr<Model> open(const std::string& path, const std::string& more = "",
                                     Kind kind = Kind::kReconstruct,
                                     const std::string& precision = "") {
    ModelSettings settings;
    settings.args = ModelArgs::parse("path=" + path + more);
    settings.kind = kind;
    settings.task = kind == Kind::kText ? "vqav2_val" : "imagenet_recon_val";
    settings.precision = precision;
    return open_torchscript(std::move(settings));
  }

  static Image noise(int width, int height, std::uint64_t seed) {
    Image image = black_image(width, height);
    Rng random(seed);
    for (std::uint8_t& sample : image.pixels) sample = static_cast<std::uint8_t>(random.next());
    return image;
  }
  static Request request_of(const Image& image) {
    Request request;
    request.kind = Kind::kReconstruct;
    request.images.push_back({.path = "a.png", .pixels = std::make_shared<const Image>(image)});
    return request;
  }
  static Reconstruction reconstruct(Model& model, const Image& image) {
    const Response response = ask(model, {request_of(image)}).front();
    EXPECT_EQ(response.outcome, Outcome::kOk) << response.error;
    return response.answer ? response.answer->reconstruction : Reconstruction{};
  }
  static std::string failure(Model& model, const Image& image) {
    const Response response = ask(model, {request_of(image)}).front();
    EXPECT_EQ(response.outcome, Outcome::kModelError);
    return response.error;
  }

  TemporaryFolder folder_;
};

TEST_F(TorchScript, IdentityGivesEverySampleBack) {
  const std::string path = save("def forward(self, x):\n  return x\n");
  const Image image = noise(20, 14, 1);
  for (const char* range : {"", ",range=unit", ",range=symmetric"}) {
    const auto model = open(path, range);
    const Reconstruction made = reconstruct(*model, image);
    ASSERT_NE(made.image, nullptr);
    EXPECT_EQ(*made.image, image) << range;
    EXPECT_FALSE(made.bits.has_value());
  }
}

TEST_F(TorchScript, SamplesHaveTheRangeThatIsAskedFor) {
  // Halved: of [0, 1] all samples are; of [-1, 1] they come nearer to the middle. Then red and blue
  // change places, which tells the order of the axes.
  const std::string path = save("def forward(self, x):\n  return x.flip([1]) * 0.5\n");
  Image image = black_image(2, 1);
  image.pixels = {0, 100, 250, 255, 50, 10};
  const std::vector<std::uint8_t> unit{125, 50, 0, 5, 25, 128};
  const std::vector<std::uint8_t> symmetric{189, 114, 64, 69, 89, 191};
  EXPECT_EQ(reconstruct(*open(path), image).image->pixels, unit);
  EXPECT_EQ(reconstruct(*open(path, ",range=symmetric"), image).image->pixels, symmetric);
}

TEST_F(TorchScript, SamplesStandBesideTheImageBeforeTheyAreRounded) {
  const std::string path = save("def forward(self, x):\n  return x * 0.5\n");
  Image image = black_image(2, 1);
  image.pixels = {0, 100, 250, 255, 50, 10};
  const std::vector<float> planes = {0, 255, 100, 50, 250, 10};
  const auto unit = reconstruct(*open(path), image).samples;
  const auto symmetric = reconstruct(*open(path, ",range=symmetric"), image).samples;
  ASSERT_EQ(unit->size(), planes.size());
  ASSERT_EQ(symmetric->size(), planes.size());
  for (std::size_t i = 0; i < planes.size(); ++i) {
    EXPECT_FLOAT_EQ((*unit)[i], planes[i] / 255 - 1);
    EXPECT_FLOAT_EQ((*symmetric)[i], (planes[i] / 127.5F - 1) / 2);
  }
}

TEST_F(TorchScript, ResultsBeyondTheRangeAreClamped) {
  const std::string path = save("def forward(self, x):\n  return x * 4.0 - 1.0\n");
  Image image = black_image(1, 1);
  image.pixels = {0, 64, 255};
  EXPECT_EQ(reconstruct(*open(path), image).image->pixels, (std::vector<std::uint8_t>{0, 1, 255}));
}

TEST_F(TorchScript, BitsAreAnAttributeOrASecondResult) {
  const Image image = noise(4, 4, 2);
  const auto bits = [&](const std::string& code,
                        const std::function<void(torch::jit::Module&)>& prepare = {}) {
    return reconstruct(*open(save(code, prepare)), image).bits;
  };
  const std::string same = "def forward(self, x):\n  return x\n";
  EXPECT_EQ(
      bits(same,
           [](auto& m) { m.register_attribute("bits_per_image", c10::IntType::get(), 4608); }),
      4608);
  EXPECT_EQ(bits(same, [](auto& m) { m.register_buffer("bits_per_image", at::tensor({14336})); }),
            14336);
  EXPECT_EQ(bits("def forward(self, x):\n  return x, 512\n"), 512);
  EXPECT_EQ(bits("def forward(self, x):\n  return x, x.sum([1, 2, 3]) * 0 + 77.0\n"), 77);
}

TEST_F(TorchScript, ImagesAreAnsweredInOrderWhateverTheBatch) {
  const std::string path =
      save("def forward(self, x):\n  return x, torch.floor(x.amax([1, 2, 3]) * 255.0 + 0.5)\n");
  std::vector<Request> requests;
  for (int i = 0; i < 13; ++i) {
    Image image = black_image(i % 5 == 4 ? 6 : 4, 3);
    std::ranges::fill(image.pixels, static_cast<std::uint8_t>(10 * i));
    requests.push_back(request_of(image));
  }
  for (const char* batch : {"", ",batch=4", ",batch=64"}) {
    const auto model = open(path, batch);
    const std::vector<Response> responses = ask(*model, requests);
    for (std::size_t i = 0; i < responses.size(); ++i) {
      ASSERT_EQ(responses[i].outcome, Outcome::kOk) << responses[i].error;
      const Reconstruction& made = responses[i].answer->reconstruction;
      EXPECT_EQ(*made.image, *requests[i].images[0].pixels);
      EXPECT_EQ(made.bits, 10 * static_cast<int>(i));
    }
  }
}

TEST_F(TorchScript, OnlyTheImageAtFaultFails) {
  const std::string path = save(
      "def forward(self, x):\n"
      "  assert bool(x.max() < 0.9), 'too bright'\n  return x\n");
  std::vector<Request> requests;
  for (int i = 0; i < 5; ++i) {
    Image image = black_image(2, 2);
    if (i == 3) image.pixels[5] = 255;
    requests.push_back(request_of(image));
  }
  const std::vector<Response> responses = ask(*open(path, ",batch=5"), requests);
  for (std::size_t i = 0; i < responses.size(); ++i) {
    EXPECT_EQ(responses[i].outcome, i == 3 ? Outcome::kModelError : Outcome::kOk) << i;
  }
  EXPECT_THAT(responses[3].error, HasSubstr("too bright"));
}

TEST_F(TorchScript, WeightsTakeThePrecisionThatIsAskedFor) {
  const std::string path = save("def forward(self, x):\n  return x * self.w\n", [](auto& m) {
    m.register_parameter("w", at::full({1}, 1.001), false);
  });
  const Image image = noise(8, 8, 3);
  EXPECT_EQ(open(path)->info().precision, "fp32");
  const auto model = open(path, "", Kind::kReconstruct, "bf16");
  EXPECT_EQ(model->info().precision, "bf16");
  // 1.001 is 1 in bfloat16, which has 8 bits for each sample.
  const Reconstruction made = reconstruct(*model, image);
  for (std::size_t i = 0; i < image.pixels.size(); ++i) {
    EXPECT_LE(std::abs(made.image->pixels[i] - image.pixels[i]), 1);
  }
  EXPECT_THAT(error_of([&] { open(path, "", Kind::kReconstruct, "nf4"); }),
              HasSubstr("fp32, bf16 or fp16"));
}

TEST_F(TorchScript, SaysWhatItIs) {
  const std::string path = save("def forward(self, x):\n  return x\n");
  const auto model = open(path);
  EXPECT_EQ(model->info().name, "torchscript");
  EXPECT_EQ(model->info().kinds, std::vector<Kind>{Kind::kReconstruct});
  EXPECT_TRUE(model->info().wants_pixels);
  EXPECT_EQ(model->info().hashes.at("module.pt"), sha256_of_file(path));
}

TEST_F(TorchScript, RefusesFilesThatAreNoModules) {
  write_file_atomically(folder_ / "text.pt", "hello");
  write_file_atomically(folder_ / "empty.pt", "");
  for (const std::string& path : {(folder_ / "text.pt").string(), (folder_ / "empty.pt").string(),
                                  data_path("formats/state_dict.pt").string(),
                                  data_path("models/clip/checkpoint/model.safetensors").string()}) {
    EXPECT_THAT(error_of([&] { open(path); }),
                AllOf(HasSubstr(path), HasSubstr("is no TorchScript module")));
  }
  EXPECT_THAT(error_of([&] { open((folder_ / "nowhere.pt").string()); }), HasSubstr("nowhere.pt"));
  const std::string whole = read_file(save("def forward(self, x):\n  return x\n"));
  write_file_atomically(folder_ / "cut.pt", whole.substr(0, whole.size() / 2));
  EXPECT_THAT(error_of([&] { open((folder_ / "cut.pt").string()); }),
              HasSubstr("is no TorchScript module"));
  EXPECT_THAT(error_of([&] { open(save("def backward(self, x):\n  return x\n")); }),
              HasSubstr("no forward()"));
}

TEST_F(TorchScript, RefusesSignaturesAndArgumentsThatDoNotFit) {
  const std::string one = save("def forward(self, x):\n  return x\n");
  EXPECT_THAT(error_of([&] { open(one, ",kind=detect"); }), HasSubstr("want reconstruct or text"));
  EXPECT_THAT(error_of([&] { open(one, ",range=byte"); }), HasSubstr("want unit"));
  EXPECT_THAT(error_of([&] { open(one, ",batch=0"); }), HasSubstr("batch=0: want a whole number"));
  EXPECT_THAT(error_of([&] { open(one, ",rang=unit"); }), HasSubstr("did you mean 'range'?"));
  EXPECT_THAT(error_of([&] { open(one, ",kind=text", Kind::kText); }),
              AllOf(HasSubstr("forward(x: Tensor) -> Tensor"), HasSubstr("Tensor, Tensor")));
  EXPECT_THAT(error_of([&] { open(one, "", Kind::kText); }),
              HasSubstr("answers requests of kind reconstruct, and task vqav2_val asks for text"));
  const std::string number = save("def forward(self, x, n: int):\n  return x * n\n");
  EXPECT_THAT(error_of([&] { open(number); }), AllOf(HasSubstr("module.pt"), HasSubstr("n: int")));
  const std::string optional = save("def forward(self, x, n: int = 1):\n  return x * n\n");
  EXPECT_EQ(error_of([&] { open(optional); }), "no error");
}

TEST_F(TorchScript, RefusesResultsThatAreNoImage) {
  const Image image = noise(4, 6, 4);
  const std::pair<const char*, const char*> cases[] = {
      {"return x[:, :, 1:]", "makes [1, 3, 5, 4] of [1, 3, 6, 4]"},
      {"return x.mean()", "makes [] of [1, 3, 6, 4]"},
      {"return x > 0.5", "a tensor of floats"},
      {"return x / 0.0 - x / 0.0", "holds NaN"},
      {"return {'image': x}", "want a tensor or a tuple of tensors"},
      {"return x, -1", "gives -1 bits"},
      {"return x, x", "numbers of bits for 1 images"},
      {"return torch.matmul(x, x[:, :, :1])", "module.pt: "},
  };
  for (const auto& [body, says] : cases) {
    const std::string path = save(std::string("def forward(self, x):\n  ") + body + "\n");
    const std::string error = failure(*open(path), image);
    EXPECT_THAT(error, HasSubstr(says)) << body;
    EXPECT_LT(error.size(), 300U) << "no traceback";
  }
  const std::string bits = save("def forward(self, x):\n  return x\n", [](auto& m) {
    m.register_buffer("bits_per_image", at::zeros({2}));
  });
  EXPECT_THAT(error_of([&] { open(bits); }), HasSubstr("'bits_per_image' is not one number"));
}

/// A language model that can be worked out by hand: the next token is the last one plus 1, plus 100
/// behind a bright image; placeholders are 916. Logits are -|id - next|.
constexpr const char* kCounter = R"(
def forward(self, input_ids, pixel_values):
  bright = 0.0
  if pixel_values.size(0) > 0:
    bright = float(pixel_values.mean() > 0.5)
  is_first = (input_ids == 300).float()
  next = input_ids.float() + 1.0 + 100.0 * bright * is_first
  ids = torch.arange(920).float()
  return -(ids.unsqueeze(0).unsqueeze(0) - next.unsqueeze(2)).abs()
)";

class TorchScriptText : public TorchScript {
 protected:
  static std::string arguments(const std::string& more = "") {
    return ",tokenizer=" + data_path("models/llava_onevision/checkpoint").string() +
           ",image_size=8,image_mean=0,image_std=1,image_tokens=4,image_token_id=916,eos_id=310+"
           "410" +
           more;
  }
  std::unique_ptr<Model> open_counter(const std::string& more = "") const {
    return open(save(kCounter), arguments(more), Kind::kText);
  }
  /// The prompt ends with token 300, as raw text.
  static Request ask_for(std::vector<Image> images, int most = 5) {
    Request request;
    const Tokenizer tokenizer = Tokenizer::open(data_path("models/llava_onevision/checkpoint"));
    for (std::size_t i = 0; i < images.size(); ++i) request.prompt += "<image>";
    request.prompt += tokenizer.decode(std::vector<TokenId>{300});
    for (Image& image : images) {
      request.images.push_back(
          {.path = "a.png", .pixels = std::make_shared<const Image>(std::move(image))});
    }
    request.decoding.max_new_tokens = most;
    request.decoding.with_generation = true;
    return request;
  }
  static Image flat(std::uint8_t grey) {
    Image image = black_image(12, 10);
    std::ranges::fill(image.pixels, grey);
    return image;
  }
};

TEST_F(TorchScriptText, GeneratesTokenByToken) {
  const auto model = open_counter(",prompt_style=raw");
  const struct {
    std::vector<Image> images;
    std::vector<int> ids;
  } cases[] = {{{}, {301, 302, 303, 304, 305}},
               {{flat(10)}, {301, 302, 303, 304, 305}},
               {{flat(250)}, {401, 402, 403, 404, 405}},
               {{flat(250), flat(240)}, {401, 402, 403, 404, 405}}};
  std::vector<Request> requests;
  for (const auto& c : cases) {
    requests.push_back(ask_for(c.images));
    requests.back().id = std::to_string(requests.size());
  }
  const std::vector<Response> together = ask(*model, requests);
  for (std::size_t i = 0; i < requests.size(); ++i) {
    SCOPED_TRACE(i);
    ASSERT_EQ(together[i].outcome, Outcome::kOk) << together[i].error;
    EXPECT_EQ(together[i].generation->ids, cases[i].ids);
    const auto& prompt = together[i].generation->prompt_ids;
    EXPECT_EQ(std::ranges::count(prompt, 916), 4 * static_cast<int>(cases[i].images.size()));
    EXPECT_EQ(prompt.back(), 300);
    const Response alone = ask(*model, {requests[i]}).front();
    EXPECT_EQ(alone.generation->logprobs, together[i].generation->logprobs);
  }
}

TEST_F(TorchScriptText, StopsWhereAnAnswerEnds) {
  const auto model = open_counter(",prompt_style=raw");
  const auto ids = [&](const Image& image) {
    return ask(*model, {ask_for({image}, 50)}).front().generation->ids;
  };
  EXPECT_EQ(ids(flat(0)).back(), 310);
  EXPECT_EQ(ids(flat(0)).size(), 10U);
  EXPECT_EQ(ids(flat(255)).back(), 410);
  const auto bounded = open_counter(",prompt_style=raw,max_positions=9");
  EXPECT_EQ(ask(*bounded, {ask_for({flat(0)}, 50)}).front().generation->ids.size(), 4U);
}

TEST_F(TorchScriptText, WrapsPromptsInTheStyle) {
  const auto model = open_counter(",prompt_style=llava_onevision");
  EXPECT_EQ(model->info().name, "torchscript");
  EXPECT_EQ(model->info().prompt_style, "llava_onevision");
  EXPECT_EQ(model->info().precision, "fp32");
  Request request = ask_for({flat(0)}, 1);
  request.prompt = "What?";
  const Response response = ask(*model, {request}).front();
  ASSERT_EQ(response.outcome, Outcome::kOk) << response.error;
  const Tokenizer tokenizer = Tokenizer::open(data_path("models/llava_onevision/checkpoint"));
  EXPECT_EQ(
      tokenizer.decode(response.generation->prompt_ids),
      "<|im_start|>user <image><image><image><image>\nWhat?<|im_end|><|im_start|>assistant\n");
}

TEST_F(TorchScriptText, RefusesWhatDoesNotFit) {
  const auto refusal = [&](const std::string& code, const std::string& more) {
    return error_of([&] { open(save(code), more, Kind::kText); });
  };
  EXPECT_THAT(refusal(kCounter, ""), HasSubstr("tokenizer=..."));
  EXPECT_THAT(refusal(kCounter, ",tokenizer=a"), HasSubstr("image_size=..."));
  EXPECT_THAT(refusal(kCounter, arguments(",image_sice=3")), HasSubstr("'image_sice'"));
  EXPECT_THAT(refusal(kCounter, arguments(",resample=area")), HasSubstr("resample=area"));
  EXPECT_THAT(refusal(kCounter, arguments(",prompt_style=lava")), HasSubstr("'lava'"));
  const auto with = [](const std::string& from, const std::string& to) {
    std::string text = arguments();
    return text.replace(text.find(from), from.size(), to);
  };
  EXPECT_THAT(refusal(kCounter, with("eos_id=310+410", "eos_id=</s>")),
              HasSubstr("eos_id=</s>: want numbers"));
  EXPECT_THAT(refusal(kCounter, with("image_std=1", "image_std=0")), HasSubstr("image_std"));
  EXPECT_THAT(refusal(kCounter, with("image_mean=0", "image_mean=0+1")),
              HasSubstr("one number or three"));
  EXPECT_THAT(refusal(kCounter, with("image_tokens=4", "image_tokens=0.5")),
              HasSubstr("image_tokens=0.5: want a whole number"));
  EXPECT_THAT(refusal("def forward(self, a, b):\n  return a\n", arguments()),
              HasSubstr("makes [1, 5] of 5 tokens, want logits [1, 5, vocabulary]"));
  EXPECT_THAT(refusal("def forward(self, a, b):\n  return torch.matmul(a, b)\n", arguments()),
              HasSubstr("module.pt: "));
}

}  // namespace
}  // namespace sightline::testing
