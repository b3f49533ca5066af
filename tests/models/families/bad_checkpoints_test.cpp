// Checkpoints that are damaged, incomplete, or not what their configuration says: each is refused
// with a message that names the file and the tensor or field.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "harness/formats/safetensors.h"
#include "models/families/clip.h"
#include "models/families/roberta.h"
#include "models/families/siglip.h"
#include "tests/models/families/golden_family.h"
#include "tests/support/errors.h"
#include "tests/support/safetensors.h"

namespace sightline::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;

constexpr const char* kFirst = "model-00001-of-00002.safetensors";
constexpr const char* kSecond = "model-00002-of-00002.safetensors";
constexpr const char* kIndex = "model.safetensors.index.json";
constexpr const char* kNorm = "language_model.model.norm.weight";
constexpr const char* kQuery = "language_model.model.layers.3.self_attn.q_proj.weight";

/// A copy of a fixture, to be damaged.
class Copy {
 public:
  explicit Copy(const std::string& family) {
    fs::copy(data_path("models/" + family + "/checkpoint"), path());
  }

  fs::path path() const { return folder_ / "checkpoint"; }
  fs::path file(const std::string& name) const { return path() / name; }
  void remove(const std::string& name) const { ASSERT_TRUE(fs::remove(file(name))); }
  void write(const std::string& name, const std::string& text) const {
    write_file_atomically(file(name), text);
  }

  /// Sets what a JSON file holds at `pointer`; null: removes it.
  void set(const std::string& name, const std::string& pointer, const json& value) const {
    json document = read_json_file(file(name));
    const json::json_pointer place(pointer);
    if (value.is_null()) {
      ASSERT_EQ(document.at(place.parent_pointer()).erase(place.back()), 1U) << pointer;
    } else {
      document[place] = value;
    }
    write(name, document.dump(1));
  }
  void set_config(const std::string& pointer, const json& value) const {
    set("config.json", pointer, value);
  }

  using Tensors = std::map<std::string, StoredTensor>;
  /// Changes the tensors of a file, which stays whole.
  void change(const std::string& name, const std::function<void(Tensors&)>& change) const {
    Tensors tensors = read_safetensors(file(name));
    change(tensors);
    std::vector<NamedTensor> named;
    for (const auto& [tensor, stored] : tensors) {
      const auto bytes = std::as_bytes(std::span(stored.bytes));
      named.push_back(
          {tensor,
           {find_dtype(stored.dtype).value(), {stored.shape.begin(), stored.shape.end()}, bytes}});
    }
    sightline::write_safetensors(file(name), named);
  }
  /// Makes a tensor one of another type, full of zeros.
  void retype(const std::string& name, const std::string& tensor, const std::string& dtype) const {
    change(name, [&](Tensors& tensors) {
      StoredTensor& stored = tensors.at(tensor);
      const std::size_t count = stored.bytes.size() / 4;
      stored = {dtype, stored.shape, std::string(count * size_of(*find_dtype(dtype)), '\0')};
    });
  }
  /// Sets one number.
  void poison(const std::string& name, const std::string& tensor, float value) const {
    change(name, [&](Tensors& tensors) {
      std::memcpy(tensors.at(tensor).bytes.data() + 4 * sizeof value, &value, sizeof value);
    });
  }
  /// Changes a file's header as text; its size is kept right.
  void change_header(const std::string& name, const std::function<void(json&)>& change) const {
    const std::string bytes = read_file(file(name));
    std::uint64_t size = 0;
    std::memcpy(&size, bytes.data(), sizeof size);
    json header = json::parse(bytes.substr(sizeof size, size));
    change(header);
    const std::string text = header.dump();
    const std::uint64_t length = text.size();
    write(name, std::string(reinterpret_cast<const char*>(&length), sizeof length) + text +
                    bytes.substr(sizeof size + size));
  }
  void cut(const std::string& name, std::size_t bytes) const { fs::resize_file(file(name), bytes); }

 private:
  TemporaryFolder folder_;
};

struct Damage {
  const char* name;
  std::function<void(const Copy&)> apply;
  std::vector<std::string> says;
  const char* family = "paligemma2";
};

void PrintTo(const Damage& damage, std::ostream* out) {
  *out << damage.name;
}

const std::vector<Damage>& damages() {
  static const std::vector<Damage> all = {
      {"MissingShard", [](const Copy& c) { c.remove(kSecond); }, {kSecond, "fetch it"}},
      {"ShardWithoutItsTensor",
       [](const Copy& c) { c.change(kSecond, [](auto& t) { t.erase(kNorm); }); },
       {kIndex, kSecond, kNorm}},
      {"EmptyShard", [](const Copy& c) { c.write(kSecond, ""); }, {kSecond, "empty"}},
      {"ShardCutInItsNumbers",
       [](const Copy& c) { c.cut(kSecond, fs::file_size(c.file(kSecond)) / 2); },
       {kSecond}},
      {"ShardCutInItsHeader", [](const Copy& c) { c.cut(kSecond, 300); }, {kSecond}},
      {"ShardOfFourBytes", [](const Copy& c) { c.cut(kSecond, 4); }, {kSecond}},
      {"HeaderBeyondTheFile",
       [](const Copy& c) {
         std::string bytes = read_file(c.file(kSecond));
         bytes[3] = '\x04';
         c.write(kSecond, bytes);
       },
       {kSecond, "header"}},
      {"OverlappingTensors",
       [](const Copy& c) {
         c.change_header(kSecond, [](json& h) { h[kNorm]["data_offsets"] = {395000, 395256}; });
       },
       {kSecond, kNorm}},
      {"UnknownNumbers",
       [](const Copy& c) { c.change_header(kSecond, [](json& h) { h[kNorm]["dtype"] = "F12"; }); },
       {kSecond, kNorm, "F12"}},
      {"IndexIsNoJson", [](const Copy& c) { c.write(kIndex, "{\"weight_map\": "); }, {kIndex}},
      {"NoWeightsAtAll",
       [](const Copy& c) {
         for (const char* name : {kFirst, kSecond, kIndex}) c.remove(name);
       },
       {"checkpoint", "holds no weights"}},

      {"TransposedWeight",
       [](const Copy& c) {
         c.change(kSecond,
                  [](auto& t) { std::swap(t.at(kQuery).shape[0], t.at(kQuery).shape[1]); });
       },
       {kSecond, kQuery, "[64, 96]", "[96, 64]"}},
      {"WeightWithAnAxisMore",
       [](const Copy& c) { c.change(kSecond, [](auto& t) {
                             t.at(kNorm).shape = {64, 1};
                           }); },
       {kSecond, kNorm, "[64, 1]", "[64]"}},
      {"WholeNumbersForAWeight",
       [](const Copy& c) { c.retype(kSecond, kQuery, "I8"); },
       {kSecond, kQuery, "I8", "F32, F16 or BF16"}},
      {"EightBitFloatsForAWeight",
       [](const Copy& c) { c.retype(kSecond, kQuery, "F8_E4M3"); },
       {kSecond, kQuery, "F8_E4M3"}},
      {"DoublesForANorm",
       [](const Copy& c) { c.retype(kSecond, kNorm, "F64"); },
       {kSecond, kNorm, "F64"}},
      {"WholeNumbersForEmbeddings",
       [](const Copy& c) { c.retype(kFirst, "language_model.model.embed_tokens.weight", "I32"); },
       {kFirst, "embed_tokens.weight", "I32"}},
      {"MissingTensor",
       [](const Copy& c) {
         c.change(kSecond, [](auto& t) { t.erase(kNorm); });
         c.set(kIndex, "/weight_map/" + std::string(kNorm), nullptr);
       },
       {kIndex, "no tensor text.norm.weight"}},
      {"TensorTooMany",
       [](const Copy& c) {
         c.change(kSecond, [](auto& t) {
           t["language_model.model.layers.3.self_attn.q_norm.weight"] = t.at(kNorm);
         });
       },
       {kSecond, "language_model.model.layers.3.self_attn.q_norm.weight", "belongs to no layer"}},
      {"LayersTooMany",
       [](const Copy& c) {
         c.set_config("/text_config/num_hidden_layers", 2);
         c.set_config("/text_config/layer_types", nullptr);
       },
       {"language_model.model.layers.2.", "belongs to no layer", "others"}},
      {"LayersTooFew",
       [](const Copy& c) {
         c.set_config("/text_config/num_hidden_layers", 5);
         c.set_config("/text_config/layer_types", nullptr);
       },
       {kIndex, "no tensor text.layers.4."}},
      {"TwoNamesForOneTensor",
       [](const Copy& c) {
         c.change(kSecond, [](auto& t) { t["model.language_model.norm.weight"] = t.at(kNorm); });
       },
       {kIndex, kNorm, "model.language_model.norm.weight"}},

      {"NoConfiguration",
       [](const Copy& c) { c.remove("config.json"); },
       {"checkpoint", "no config.json"}},
      {"EmptyConfiguration",
       [](const Copy& c) { c.write("config.json", ""); },
       {"config.json", "no JSON"}},
      {"ConfigurationOfNothing",
       [](const Copy& c) { c.write("config.json", "{}"); },
       {"config.json", "'model_type' is missing", "family="}},
      {"ConfigurationIsAList",
       [](const Copy& c) { c.write("config.json", "[]"); },
       {"config.json", "want a JSON object"}},
      {"ConfigurationIsNoUtf8",
       [](const Copy& c) { c.write("config.json", "{\"model_type\": \"pali\xff\"}"); },
       {"config.json", "UTF-8"}},
      {"UnknownFamily",
       [](const Copy& c) { c.set_config("/model_type", "paligema"); },
       {"config.json", "'paligema'", "did you mean 'paligemma'", "llava_onevision"}},
      {"FamilyIsNoText",
       [](const Copy& c) { c.set_config("/model_type", 7); },
       {"config.json", "'model_type'", "a text"}},
      {"MissingField",
       [](const Copy& c) { c.set_config("/text_config/hidden_size", nullptr); },
       {"config.json: 'text_config'", "'hidden_size' is missing"}},
      {"MissingPart",
       [](const Copy& c) { c.set_config("/vision_config", nullptr); },
       {"config.json", "'vision_config' is missing"}},
      {"FieldIsAText",
       [](const Copy& c) { c.set_config("/text_config/hidden_size", "64"); },
       {"config.json", "'hidden_size'", "\"64\""}},
      {"FieldIsAFraction",
       [](const Copy& c) { c.set_config("/text_config/num_hidden_layers", 1.5); },
       {"config.json", "'num_hidden_layers'", "1.5"}},
      {"FieldIsZero",
       [](const Copy& c) { c.set_config("/text_config/num_attention_heads", 0); },
       {"config.json", "'num_attention_heads'"}},
      {"FieldIsHuge",
       [](const Copy& c) { c.set_config("/vision_config/hidden_size", 1L << 40); },
       {"config.json: 'vision_config'", "'hidden_size'"}},
      {"HeadsThatDoNotShare",
       [](const Copy& c) { c.set_config("/text_config/num_key_value_heads", 3); },
       {"config.json", "'num_key_value_heads'", "divisor of the 4"}},
      {"HeadOfOddSize",
       [](const Copy& c) { c.set_config("/text_config/head_dim", 23); },
       {"config.json", "'head_dim'", "even"}},
      {"VisionHeadsThatDoNotFit",
       [](const Copy& c) { c.set_config("/vision_config/num_attention_heads", 5); },
       {"config.json: 'vision_config'", "5 attention heads"}},
      {"PatchesLargerThanTheImage",
       [](const Copy& c) { c.set_config("/vision_config/patch_size", 112); },
       {"config.json: 'vision_config'", "'patch_size'"}},
      {"GreyImages",
       [](const Copy& c) { c.set_config("/vision_config/num_channels", 1); },
       {"config.json: 'vision_config'", "'num_channels'"}},
      {"LayerTypesOfAnotherNumber",
       [](const Copy& c) { c.set_config("/text_config/layer_types", {"full_attention"}); },
       {"config.json", "'layer_types'", "4 types"}},
      {"ScaledRotation",
       [](const Copy& c) { c.set_config("/text_config/rope_parameters/rope_type", "yarn"); },
       {"config.json", "'rope_type'", "yarn"}},
      {"UnknownActivation",
       [](const Copy& c) { c.set_config("/text_config/hidden_activation", "mish"); },
       {"config.json", "'hidden_activation'", "mish"}},
      {"EndOfAnswerIsNoId",
       [](const Copy& c) { c.set("generation_config.json", "/eos_token_id", "</s>"); },
       {"generation_config.json", "'eos_token_id'"}},
      {"NothingEndsAnAnswer",
       [](const Copy& c) {
         c.remove("generation_config.json");
         c.set_config("/eos_token_id", nullptr);
         c.set_config("/text_config/eos_token_id", nullptr);
       },
       {"config.json", "'eos_token_id'"}},

      {"TokenizerWithoutVocabulary",
       [](const Copy& c) { c.write("tokenizer.json", "{}"); },
       {"tokenizer.json"}},
      {"TokenizerIsNoJson",
       [](const Copy& c) { c.write("tokenizer.json", "{\"model\":"); },
       {"tokenizer.json"}},
      {"NoProcessor",
       [](const Copy& c) { c.remove("processor_config.json"); },
       {"checkpoint", "preprocessor_config.json"}},
      {"ProcessorOfAnotherSize",
       [](const Copy& c) {
         c.set("processor_config.json", "/image_processor/size", {{"height", 112}, {"width", 112}});
       },
       {"checkpoint", "112 x 112", "56 x 56"}},
      {"ProcessorOfOtherTokens",
       [](const Copy& c) {
         c.set("processor_config.json", "/image_processor/image_seq_length", 9);
       },
       {"checkpoint", "9 tokens", "16"}},
      {"UnknownProcessor",
       [](const Copy& c) {
         c.set("processor_config.json", "/image_processor/image_processor_type", "Vit");
       },
       {"processor_config.json", "'image_processor_type'"}},

      {"TilesOfAnotherSize",
       [](const Copy& c) {
         c.set("processor_config.json", "/image_processor/size", {{"height", 35}, {"width", 35}});
       },
       {"checkpoint", "35 x 35", "70 x 70"},
       "llava_onevision"},
      {"FeaturesOfALayerThatIsNotThere",
       [](const Copy& c) { c.set_config("/vision_feature_layer", 99); },
       {"config.json", "'vision_feature_layer'"},
       "llava_onevision"},
      {"FeatureLayerIsAText",
       [](const Copy& c) { c.set_config("/vision_feature_layer", "last"); },
       {"config.json", "'vision_feature_layer'"},
       "llava_onevision"},
      {"SlidingWindow",
       [](const Copy& c) { c.set_config("/text_config/use_sliding_window", true); },
       {"config.json", "'use_sliding_window'"},
       "llava_onevision"},
  };
  return all;
}

class BadCheckpoint : public ::testing::TestWithParam<Damage> {};

TEST_P(BadCheckpoint, IsRefusedNamingFileAndPlace) {
  const Damage& damage = GetParam();
  const Copy copy(damage.family);
  NetworkSettings settings;
  settings.path = copy.path();
  ASSERT_EQ(error_of([&] { make_network(settings); }), "no error");
  damage.apply(copy);
  const std::string error = error_of([&] { make_network(settings); });
  for (const std::string& says : damage.says) EXPECT_THAT(error, HasSubstr(says));
  settings.kernels = false;
  EXPECT_EQ(error_of([&] { make_network(settings); }), error) << "without kernels";
}

INSTANTIATE_TEST_SUITE_P(All, BadCheckpoint, ::testing::ValuesIn(damages()),
                         [](const auto& made) { return std::string(made.param.name); });

TEST(BadCheckpoints, WithoutATokenizerTakeIdsAlone) {
  const Copy copy("paligemma2");
  copy.remove("tokenizer.json");
  NetworkSettings settings;
  settings.path = copy.path();
  const auto network = make_network(settings);
  const std::string error = error_of([&] { network->prompt("caption en", {}); });
  EXPECT_THAT(error, HasSubstr(copy.path().string()));
  EXPECT_THAT(error, HasSubstr("no tokenizer.json"));
}

/// What a network says when it is opened and asked for one token behind a prompt.
std::string error_of_first_token(const NetworkSettings& settings) {
  return error_of([&] {
    const auto network = make_network(settings);
    const Prompt prompt = network->prompt("<bos>caption en\n", {});
    const auto cache = network->new_cache(prompt.ids.size());
    const Step step{.cache = cache.get(), .ids = prompt.ids};
    network->forward({&step, 1});
  });
}

// Large weights are not searched, which would cost seconds; small ones are.
TEST(BadCheckpoints, WeightsThatAreNoNumbersAreFoundByTheFirstLogit) {
  const std::string embeddings = "language_model.model.embed_tokens.weight";
  const std::tuple<const char*, std::string, float> cases[] = {
      {kSecond, kQuery, NAN},
      {kSecond, kQuery, INFINITY},
      // The row of a token that the prompt lacks: as the output's weights it spoils one logit.
      {kFirst, embeddings, NAN}};
  for (const auto& [file, tensor, value] : cases) {
    const Copy copy("paligemma2");
    copy.poison(file, tensor, value);
    for (const bool kernels : {true, false}) {
      SCOPED_TRACE(fmt::format("{} in {}, kernels {}", value, tensor, kernels));
      NetworkSettings settings;
      settings.path = copy.path();
      settings.kernels = kernels;
      EXPECT_THAT(error_of_first_token(settings), HasSubstr("weights hold NaN or infinity"));
    }
  }
}

TEST(BadCheckpoints, WeightsThatAreNoNumbersAreNotQuantised) {
  for (const Precision precision : {Precision::kInt8, Precision::kNf4}) {
    for (const float value : {NAN, INFINITY}) {
      const Copy copy("paligemma2");
      copy.poison(kSecond, kQuery, value);
      NetworkSettings settings;
      settings.path = copy.path();
      settings.precision = precision;
      for (const bool kernels : {true, false}) {
        settings.kernels = kernels;
        const std::string error = error_of([&] { make_network(settings); });
        EXPECT_THAT(error, HasSubstr("q_proj.weight")) << value << " " << kernels;
        EXPECT_THAT(error, HasSubstr(kSecond)) << value << " " << kernels;
      }
    }
  }
}

TEST(BadCheckpoints, OfOtherKindsAreRefusedInTheSameWay) {
  const auto open_roberta = [](const fs::path& path) { make_entailment({.path = path}); };
  const auto open_clip = [](const fs::path& path) { Clip::open({.path = path}); };
  const auto open_siglip = [](const fs::path& path) { SiglipVision::open({.path = path}); };
  const struct {
    const char* family;
    std::function<void(const fs::path&)> open;
    const char* field;
    json value;
    const char* says;
  } cases[] = {
      {"nli_roberta", open_roberta, "/id2label/0", "maybe", "'id2label'"},
      {"nli_roberta", open_roberta, "/num_attention_heads", 5, "5 attention heads"},
      {"nli_roberta", open_roberta, "/hidden_act", "mish", "'hidden_act'"},
      {"nli_roberta", open_roberta, "/model_type", "bert", "'bert'; want 'roberta'"},
      {"clip", open_clip, "/projection_dim", 31, "_projection.weight"},
      {"clip", open_clip, "/text_config/num_attention_heads", 5, "5 attention heads"},
      {"clip", open_clip, "/vision_config/image_size", 28, "position_embedding.weight"},
      {"siglip_vision", open_siglip, "/patch_size", 28, "patch_embedding.weight"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.family + std::string(c.field));
    const Copy copy(c.family);
    ASSERT_EQ(error_of([&] { c.open(copy.path()); }), "no error");
    copy.set_config(c.field, c.value);
    EXPECT_THAT(error_of([&] { c.open(copy.path()); }), HasSubstr(c.says));
  }
  const Copy siglip("siglip_vision");
  siglip.set("preprocessor_config.json", "/size", {{"height", 28}, {"width", 28}});
  EXPECT_THAT(error_of([&] { open_siglip(siglip.path()); }), HasSubstr("28 x 28"));
}

TEST(BadInput, ImagesOfOddShapesWorkOrAreRefusedClearly) {
  const struct { int width, height; } sizes[] = {{1, 1}, {20000, 20}, {20, 20000}, {1, 3000}};
  for (const char* family : {"paligemma2", "llava_onevision"}) {
    NetworkSettings settings;
    settings.path = data_path(std::string("models/") + family + "/checkpoint");
    const auto network = make_network(settings);
    for (const auto& size : sizes) {
      for (const ImageBackend backend : {ImageBackend::kPil, ImageBackend::kTorchvision}) {
        SCOPED_TRACE(fmt::format("{}: {} x {}", family, size.width, size.height));
        settings.images.backend = backend;
        Image image = black_image(size.width, size.height);
        const Image* one = &image;
        const ProcessedImages processed = network->process({&one, 1});
        const ProcessedImages* request = &processed;
        const auto features = network->encode({&request, 1}).front();
        const Prompt prompt = network->prompt("<image>caption", processed.images);
        ASSERT_EQ(features->rows(), prompt.vision_rows.size());
        const auto cache = network->new_cache(prompt.ids.size());
        const Step step{.cache = cache.get(),
                        .ids = prompt.ids,
                        .vision = features.get(),
                        .vision_rows = prompt.vision_rows,
                        .bidirectional = prompt.bidirectional,
                        .want = Step::Want::kLogits};
        const std::vector<StepResult> results = network->forward({&step, 1});
        for (const float logit : results[0].logits) ASSERT_TRUE(std::isfinite(logit));
      }
    }
  }
}

TEST(BadInput, TextThatIsNoUtf8IsRefused) {
  for (const char* family : {"paligemma2", "llava_onevision"}) {
    NetworkSettings settings;
    settings.path = data_path(std::string("models/") + family + "/checkpoint");
    const auto network = make_network(settings);
    EXPECT_THAT(error_of([&] { network->prompt("caption \xff", {}); }), HasSubstr("UTF-8"));
    EXPECT_THAT(error_of([&] { network->prompt("caption \xed\xa0\x80", {}); }), HasSubstr("UTF-8"));
  }
}

}  // namespace
}  // namespace sightline::testing
