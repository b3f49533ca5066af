#include "models/adapters/process_protocol.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "harness/base/base64.h"
#include "harness/base/error.h"
#include "harness/media/encode.h"
#include "tests/support/paths.h"

namespace sightline {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

std::shared_ptr<const std::vector<Category>> animals() {
  return std::make_shared<const std::vector<Category>>(
      std::vector<Category>{{17, "cat"}, {18, "dog"}, {19, "Dog"}, {44, "teddy bear"}});
}

Request request_of(Kind kind) {
  Request request;
  request.id = "7";
  request.kind = kind;
  request.text = "the left one";
  request.prompt = "Where is \"the left one\"?\n";
  request.images = {{.path = "/data/a.jpg", .pixels = {}, .width = 4, .height = 3}};
  request.categories = animals();
  request.decoding.max_new_tokens = 5;
  request.decoding.stop = {"\n"};
  return request;
}

TEST(ProcessProtocol, WritesTheGreeting) {
  EXPECT_EQ(json::parse(write_greeting("refcoco_val", "bf16")),
            json::parse(R"({"sightline": 1, "task": "refcoco_val", "precision": "bf16"})"));
}

TEST(ProcessProtocol, WritesEachKindOfRequestOnOneLine) {
  const std::map<Kind, std::string> wanted = {
      {Kind::kText, R"({"id": "x", "kind": "text", "images": ["/data/a.jpg"],
                        "prompt": "Where is \"the left one\"?\n", "max_new_tokens": 5,
                        "stop": ["\n"]})"},
      {Kind::kDetect, R"({"id": "x", "kind": "detect", "images": ["/data/a.jpg"],
                          "categories": ["cat", "dog", "Dog", "teddy bear"]})"},
      {Kind::kGround, R"({"id": "x", "kind": "ground", "images": ["/data/a.jpg"],
                          "expression": "the left one"})"},
      {Kind::kReconstruct, R"({"id": "x", "kind": "reconstruct", "image": "/data/crop.png"})"}};
  for (const auto& [kind, text] : wanted) {
    SCOPED_TRACE(name_of(kind));
    const std::string line = write_request(request_of(kind), kind, "x", "/data/crop.png");
    EXPECT_EQ(json::parse(line), json::parse(text));
    EXPECT_EQ(line.find('\n'), line.size() - 1);
  }
}

TEST(ProcessProtocol, WritesImagesAsAbsolutePaths) {
  Request request = request_of(Kind::kText);
  request.images[0].path = "b.jpg";
  const json line = json::parse(write_request(request, Kind::kText, "x", ""));
  EXPECT_EQ(line["images"][0], (std::filesystem::current_path() / "b.jpg").string());
}

TEST(ProcessProtocol, AddsDecodingSettingsOnlyWhereTheyAreUsed) {
  Request request = request_of(Kind::kText);
  request.decoding.temperature = 0.5;
  request.decoding.seed = 11;
  request.decoding.extra = {{"top_k", "3"}};
  const json line = json::parse(write_request(request, Kind::kText, "x", ""));
  EXPECT_EQ(line["temperature"], 0.5);
  EXPECT_EQ(line["seed"], 11);
  EXPECT_EQ(line["gen_kwargs"]["top_k"], "3");
}

TEST(ProcessProtocol, RefusesWhatJsonCannotCarry) {
  Request request = request_of(Kind::kText);
  request.images[0].path = "/data/\xff.jpg";
  EXPECT_THROW(write_request(request, Kind::kText, "x", ""), Error);
}

TEST(ProcessProtocol, ReadsAHandshake) {
  const ProcessHello hello = read_hello(
      R"({"sightline": 1, "name": "m", "kinds": ["text", "ground"], "max_batch": 8,
          "revision": "abc", "weights_sha256": {"a.bin": "12", "b.bin": "34"},
          "prompt_style": "raw", "geometry": "unit"})");
  EXPECT_EQ(hello.name, "m");
  EXPECT_EQ(hello.kinds, (std::vector{Kind::kText, Kind::kGround}));
  EXPECT_EQ(hello.max_batch, 8U);
  EXPECT_EQ(hello.revision, "abc");
  EXPECT_EQ(hello.hashes, (std::map<std::string, std::string>{{"a.bin", "12"}, {"b.bin", "34"}}));
  EXPECT_EQ(hello.prompt_style, "raw");
  EXPECT_EQ(hello.geometry, "unit");
}

TEST(ProcessProtocol, NamesTheFieldThatIsWrongInAHandshake) {
  const std::map<std::string, std::string> cases = {
      {"", "no JSON object"},
      {"Loading model", "no JSON object"},
      {"[1]", "no JSON object"},
      {R"({"name": "m"})", "no field 'sightline'"},
      {R"({"sightline": "1"})", "speaks protocol \"1\", want 1"},
      {R"({"sightline": 1, "kinds": ["text"]})", "'name' is missing"},
      {R"({"sightline": 1, "name": 3})", "'name' is 3, want a text"},
      {R"({"sightline": 1, "name": "m"})", "'kinds' is missing"},
      {R"({"sightline": 1, "name": "m", "kinds": []})", "'kinds' is []"},
      {R"({"sightline": 1, "name": "m", "kinds": "text"})", "'kinds' is \"text\""},
      {R"({"sightline": 1, "name": "m", "kinds": [1]})", "'kinds' holds 1"},
      {R"({"sightline": 1, "name": "m", "kinds": ["texts"]})", "did you mean 'text'?"},
      {R"({"sightline": 1, "name": "m", "kinds": ["text"], "max_batch": 0})", "'max_batch' is 0"},
      {R"({"sightline": 1, "name": "m", "kinds": ["text"], "max_batch": 2.5})", "is 2.5"},
      {R"({"sightline": 1, "name": "m", "kinds": ["text"], "max_batch": 99999999})", "65536"},
      {R"({"sightline": 1, "name": "m", "kinds": ["text"], "weights_sha256": 3})",
       "'weights_sha256' is 3"},
      {R"({"sightline": 1, "name": "m", "kinds": ["text"], "weights_sha256": {"a": 3}})",
       "'weights_sha256' is an object"}};
  for (const auto& [line, message] : cases) {
    SCOPED_TRACE(line);
    try {
      read_hello(line);
      ADD_FAILURE() << "it was taken";
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr(message));
    }
  }
}

TEST(ProcessProtocol, TakesPythonsNanForNull) {
  const std::map<std::string, std::string> cases = {
      {R"({"a": NaN})", R"({"a": null})"},
      {R"({"a": [-Infinity, Infinity]})", R"({"a": [null, null]})"},
      {R"({"a": "NaN \"NaN", "b": NaN})", R"({"a": "NaN \"NaN", "b": null})"},
      {R"({"a": "\\", "b": NaN})", R"({"a": "\\", "b": null})"},
      {R"({"a": 1})", R"({"a": 1})"}};
  for (const auto& [line, meaning] : cases) {
    SCOPED_TRACE(line);
    const auto read = read_answer_line(line);
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(*read, json::parse(meaning));
  }
}

TEST(ProcessProtocol, TellsLinesThatAreNoObject) {
  for (const char* line : {"", "NaN", "[]", "\"text\"", "{", "{\"a\": }", "{\"a\": 1} {\"b\": 2}",
                           "{\"a\": nan}", "{\"a\": \"\xff\"}", "\"", "{\"a\": \"\\", "1e999"}) {
    EXPECT_FALSE(read_answer_line(line).has_value()) << line;
  }
}

Response answer_to(Kind kind, const std::string& line) {
  const auto read = read_answer_line(line);
  const Request request = request_of(kind);
  return read_answer(read.value(), request, kind, CategoryNames(request.categories));
}

TEST(ProcessProtocol, ReadsBoxesAsPixelsWithTheirCategory) {
  const Response response = answer_to(Kind::kDetect, R"({"boxes": [
      {"xyxy": [10, 20.5, 30, 60.5], "label": "dog", "score": 0.25},
      {"xyxy": [-1, 0, -1, 0], "label": "Dog"},
      {"xyxy": [0, 0, 1, 1], "label": "Teddy Bear", "score": 3},
      {"xyxy": [0, 0, 1, 1], "label": "unicorn"},
      {"xyxy": [0, 0, 1, 1], "label": null}]})");
  ASSERT_EQ(response.outcome, Outcome::kOk) << response.error;
  const auto& boxes = response.answer->boxes;
  ASSERT_EQ(boxes.size(), 5U);
  EXPECT_EQ(boxes[0].box, (Box{10, 20.5, 20, 40}));
  EXPECT_EQ(boxes[0].score, 0.25);
  EXPECT_EQ(boxes[1].box, (Box{-1, 0, 0, 0}));
  EXPECT_FALSE(boxes[1].score.has_value());
  const std::vector<std::int64_t> wanted = {18, 19, 44, PredictedBox::kNoCategory,
                                            PredictedBox::kNoCategory};
  for (std::size_t i = 0; i < boxes.size(); ++i) EXPECT_EQ(boxes[i].category_id, wanted[i]) << i;
  EXPECT_EQ(boxes[3].label, "unicorn");
}

TEST(ProcessProtocol, ReadsNoBoxesAsAnAnswer) {
  const Response response = answer_to(Kind::kGround, R"({"boxes": []})");
  EXPECT_EQ(response.outcome, Outcome::kOk);
  EXPECT_TRUE(response.answer->boxes.empty());
}

TEST(ProcessProtocol, ReadsTokenCounts) {
  const Response response =
      answer_to(Kind::kText, R"({"text": "a", "prompt_tokens": 12, "generated_tokens": -3})");
  EXPECT_EQ(response.prompt_tokens, 12);
  EXPECT_EQ(response.generated_tokens, 0);
}

struct BadAnswerCase {
  Kind kind;
  std::string line, reason;
};

TEST(ProcessProtocol, SaysWhatIsWrongWithAnAnswer) {
  const std::vector<BadAnswerCase> cases = {
      {Kind::kText, R"({"text": 3})", "'text' is 3, want a text"},
      {Kind::kText, R"({"text": null})", "'text' is null"},
      {Kind::kText, R"({"boxes": []})", "no 'text'"},
      {Kind::kDetect, R"({"text": "none"})", "no 'boxes'"},
      {Kind::kDetect, R"({"boxes": {}})", "'boxes' is an object of 0 fields, want a list"},
      {Kind::kDetect, R"({"boxes": [[1, 2, 3, 4]]})", "boxes[0] is [1, 2, 3, 4], want an object"},
      {Kind::kDetect, R"({"boxes": [{"box": [1, 2, 3, 4]}]})", "boxes[0] has no 'xyxy'"},
      {Kind::kDetect, R"({"boxes": [{"xyxy": [1, 2, 3]}]})", "boxes[0].xyxy is [1, 2, 3], want"},
      {Kind::kDetect, R"({"boxes": [{"xyxy": "1 2 3 4"}]})", "boxes[0].xyxy is \"1 2 3 4\""},
      {Kind::kDetect, R"({"boxes": [{"xyxy": [1, 2, 3, "4"]}]})", "boxes[0].xyxy[3] is \"4\""},
      {Kind::kDetect, R"({"boxes": [{"xyxy": [1, 2, 3, 4]}, {"xyxy": [1, NaN, 3, 4]}]})",
       "boxes[1].xyxy[1] is null, want a finite number"},
      {Kind::kDetect, R"({"boxes": [{"xyxy": [3, 2, 1, 4]}]})", "want x1 <= x2 and y1 <= y2"},
      {Kind::kDetect, R"({"boxes": [{"xyxy": [1, 2, 3, 4], "score": "high"}]})",
       "boxes[0].score is \"high\""},
      {Kind::kDetect, R"({"boxes": [{"xyxy": [1, 2, 3, 4], "score": NaN}]})",
       "boxes[0].score is null"},
      {Kind::kDetect, R"({"boxes": [{"xyxy": [1, 2, 3, 4], "label": 17}]})",
       "boxes[0].label is 17"},
      {Kind::kGround, R"({"boxes": [{"xyxy": [[[]], 2, 3, 4]}]})", "boxes[0].xyxy[0] is a list"}};
  for (const BadAnswerCase& one : cases) {
    SCOPED_TRACE(one.line);
    const Response response = answer_to(one.kind, one.line);
    EXPECT_EQ(response.outcome, Outcome::kParseFail);
    EXPECT_THAT(response.error, HasSubstr(one.reason));
    EXPECT_FALSE(response.answer.has_value());
  }
}

TEST(ProcessProtocol, SurvivesAnswersNestedWithoutEnd) {
  const std::string deep = std::string(200'000, '[') + std::string(200'000, ']');
  const Response response = answer_to(Kind::kText, R"({"text": )" + deep + "}");
  EXPECT_EQ(response.outcome, Outcome::kParseFail);
}

TEST(ProcessProtocol, TakesTheProgramsWordForAnError) {
  for (const char* line : {R"({"error": "too dark"})", R"({"error": "too dark", "text": "a"})"}) {
    const Response response = answer_to(Kind::kText, line);
    EXPECT_EQ(response.outcome, Outcome::kModelError);
    EXPECT_THAT(response.error, HasSubstr("too dark"));
  }
  EXPECT_EQ(answer_to(Kind::kText, R"({"error": null, "text": "a"})").outcome, Outcome::kOk);
}

/// RFC 4648, plain and slow.
class Reconstructions : public ::testing::Test {
 protected:
  Reconstructions() {
    image_ = black_image(4, 3);
    image_.pixels[5] = 200;
    request_.images[0].pixels = std::make_shared<const Image>(black_image(4, 3));
  }
  Response read(const json& answer) {
    return read_answer(answer, request_, Kind::kReconstruct, CategoryNames(nullptr));
  }
  Image image_;
  Request request_ = request_of(Kind::kReconstruct);
};

TEST_F(Reconstructions, AreReadFromAFile) {
  const testing::TemporaryFolder folder;
  std::ofstream(folder / "out.png") << encode_png(image_);
  const Response response = read({{"image", (folder / "out.png").string()}, {"bits", 4608}});
  ASSERT_EQ(response.outcome, Outcome::kOk) << response.error;
  EXPECT_EQ(*response.answer->reconstruction.image, image_);
  EXPECT_EQ(response.answer->reconstruction.bits, 4608);
}

TEST_F(Reconstructions, AreReadFromBase64OfAnyLength) {
  for (int compression = 0; compression <= 9; ++compression) {
    const std::string bytes = encode_png(image_, compression);
    for (const char* tail : {"", "x", "xy"}) {
      SCOPED_TRACE(tail);
      const Response response = read({{"image_png_base64", to_base64(bytes + tail)}});
      ASSERT_EQ(response.outcome, Outcome::kOk) << response.error;
      EXPECT_EQ(*response.answer->reconstruction.image, image_);
      EXPECT_FALSE(response.answer->reconstruction.bits.has_value());
    }
  }
}

TEST_F(Reconstructions, AreRefusedWithTheReason) {
  const std::string good = to_base64(encode_png(image_));
  const std::string large = to_base64(encode_png(black_image(5, 3)));
  const std::vector<std::pair<json, std::string>> cases = {
      {json::object(), "neither 'image' nor 'image_png_base64'"},
      {{{"image", 3}}, "'image' is 3, want a text"},
      {{{"image", "/nowhere/out.png"}}, "/nowhere/out.png"},
      {{{"image_png_base64", ""}}, "no base64"},
      {{{"image_png_base64", "AAA"}}, "no base64"},
      {{{"image_png_base64", "****"}}, "no base64"},
      {{{"image_png_base64", "AAAA"}}, "holds no image that can be read"},
      {{{"image_png_base64", "===="}}, "image_png_base64"},
      {{{"image_png_base64", "    "}}, "image_png_base64"},
      {{{"image_png_base64", large}}, "has 5 x 3 pixels, want 4 x 3"},
      {{{"image_png_base64", good}, {"bits", -1}}, "'bits' is -1"},
      {{{"image_png_base64", good}, {"bits", 0.5}}, "'bits' is 0.5"},
      {{{"image_png_base64", good}, {"bits", "8"}}, "'bits' is \"8\""}};
  for (const auto& [answer, reason] : cases) {
    SCOPED_TRACE(reason);
    const Response response = read(answer);
    EXPECT_EQ(response.outcome, Outcome::kParseFail);
    EXPECT_THAT(response.error, HasSubstr(reason));
  }
}

}  // namespace
}  // namespace sightline
