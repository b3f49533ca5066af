#include "models/generation/native_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/models/families/golden_family.h"
#include "tests/support/errors.h"

// The model `native` on real checkpoints: words and images in, the reference's tokens out.

namespace sightline::testing {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

class Native : public ::testing::Test {
 protected:
  Native() {
    registry_.modules.insert("sightline_torch");
    registry_.network = make_network;
  }
  std::unique_ptr<Model> open(const std::filesystem::path& path, const std::string& more) {
    ModelSettings settings;
    settings.args = ModelArgs::parse("path=" + path.string() + more);
    return open_native(registry_, std::move(settings), pool_);
  }

  /// A case's question and images as a request for all of its answer.
  static Request request_of(const std::filesystem::path& root, const json& entry) {
    Request request;
    request.id = entry["id"];
    request.prompt = entry["question"];
    request.decoding.with_generation = true;
    request.decoding.max_new_tokens = static_cast<int>(entry["generated_ids"][0].size());
    for (const char* field : {"images", "frames", "image"}) {
      if (!entry.contains(field)) continue;
      const json names = entry[field].is_array() ? entry[field] : json::array({entry[field]});
      for (const std::string name : names) {
        request.images.push_back(
            {.path = name, .pixels = std::make_shared<const Image>(read_image(root / name))});
      }
    }
    return request;
  }

  Registry registry_;
  NetworkPool pool_;
};

TEST_F(Native, AnswersAboutAVideoAsTheReference) {
  for (const auto& root : golden_roots("llava_onevision")) {
    const auto folder = root / "llava_onevision";
    const auto video = open(folder / "checkpoint", ",frames=video,image_backend=torchvision");
    const auto images = open(folder / "checkpoint", ",image_backend=torchvision");
    for (const json& entry : read_json_file(folder / "cases.json")["cases"]) {
      const bool is_video = entry["kind"] == "video";
      if (!is_video && entry["kind"] != "multi_image") continue;
      SCOPED_TRACE(entry["id"].get<std::string>());
      Model& model = is_video ? *video : *images;
      const Response response = ask(model, {request_of(root, entry)}).front();
      ASSERT_EQ(response.outcome, Outcome::kOk) << response.error;
      EXPECT_EQ(json(response.generation->prompt_ids), entry["input_ids"][0]);
      EXPECT_EQ(json(response.generation->ids), entry["generated_ids"][0]);
    }
  }
}

TEST_F(Native, RefusesVideoWhereTheFamilyHasNone) {
  EXPECT_THAT(error_of([&] { open(data_path("models/paligemma2/checkpoint"), ",frames=video"); }),
              HasSubstr("the model paligemma takes no video"));
}

TEST_F(Native, TakesATokenizerFromElsewhere) {
  const auto checkpoint = data_path("models/llava_onevision/checkpoint");
  const TemporaryFolder folder;
  std::filesystem::copy(checkpoint, folder / "copy");
  std::filesystem::create_directory(folder / "words");
  std::filesystem::rename(folder / "copy/tokenizer.json", folder / "words/tokenizer.json");
  Request request;
  request.prompt = "What is this?";
  request.decoding.with_generation = true;
  const auto ids_of = [&](const std::string& more) {
    const Response response = ask(*open(folder / "copy", more), {request}).front();
    return response.generation ? response.generation->prompt_ids : std::vector<int>();
  };
  const Response expected = ask(*open(checkpoint, ""), {request}).front();
  for (const char* place : {"words", "words/tokenizer.json"}) {
    EXPECT_EQ(ids_of(",tokenizer=" + (folder / place).string()), expected.generation->prompt_ids);
  }
  EXPECT_THAT(error_of([&] { open(folder / "copy", ""); }),
              HasSubstr("copy has no tokenizer.json"));
  EXPECT_THAT(error_of([&] { open(folder / "copy", ",tokenizer=nowhere"); }),
              HasSubstr("tokenizer=nowhere: there is no such file or folder"));
}

}  // namespace
}  // namespace sightline::testing
