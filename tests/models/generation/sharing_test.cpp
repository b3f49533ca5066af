// What requests share: features of images, and keys and values of common starts.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "models/generation/generator.h"
#include "tests/models/generation/fake_network.h"
#include "tests/models/generation/test_exchange.h"

namespace sightline {
namespace {

using ::sightline::testing::FakeNetwork;
using ::sightline::testing::image_of;
using ::sightline::testing::request_of;
using ::sightline::testing::TestExchange;
using ::testing::ElementsAre;
using ::testing::Pair;

using Images = std::vector<std::shared_ptr<const Image>>;

/// Five questions about each of `pictures` images, each request with its own copy of the pixels.
std::vector<Request> questions(int pictures) {
  std::vector<Request> requests;
  for (int i = 0; i < 5 * pictures; ++i) {
    const std::string id = std::to_string(i);
    requests.push_back(
        request_of(id, id + " is the question", 3, {image_of(static_cast<std::uint64_t>(i / 5))}));
    requests.back().decoding.extra["ignore_eos"] = "true";
  }
  return requests;
}

GenerationStatistics serve(FakeNetwork& network, std::vector<Request> requests,
                           const GeneratorSettings& settings) {
  TestExchange exchange(std::move(requests));
  Generator generator(network, prompt_style("plain"), settings);
  generator.serve(exchange);
  for (const auto& [id, response] : exchange.answers) EXPECT_EQ(response.error, "") << id;
  return generator.statistics();
}

constexpr std::size_t kRows = FakeNetwork::kRowsOfImage;
/// "<image>\n", which the style puts before the question.
constexpr std::size_t kCommon = kRows + 8;
constexpr std::size_t kQuestion = 17;

TEST(Sharing, EncodesEachImageOnce) {
  for (const std::size_t batch : {1, 2, 5, 15}) {
    for (const std::size_t threads : {0, 3}) {
      FakeNetwork network;
      const auto statistics =
          serve(network, questions(3), {.max_batch = batch, .threads = threads});
      EXPECT_EQ(statistics.images_encoded, 3U) << batch;
      EXPECT_EQ(statistics.images_reused, 12U) << batch;
      std::size_t encoded = 0;
      for (const std::size_t requests : network.encode_calls) encoded += requests;
      EXPECT_EQ(encoded, 3U);
    }
  }
}

TEST(Sharing, ComputesACommonStartOnce) {
  for (const std::size_t batch : {1, 2, 5, 15}) {
    FakeNetwork network;
    const auto statistics = serve(network, questions(3), {.max_batch = batch});
    // Questions 10 to 14 share their first letter too.
    EXPECT_EQ(statistics.reused_tokens, 8 * kCommon + 4 * (kCommon + 1)) << batch;
    EXPECT_EQ(statistics.prompt_tokens + statistics.reused_tokens, 15 * (kCommon + kQuestion) + 5)
        << batch;
  }
}

TEST(Sharing, ReadsOneOfABatchFirst) {
  FakeNetwork network;
  serve(network, questions(1), {.max_batch = 5});
  ASSERT_GE(network.calls.size(), 2U);
  EXPECT_THAT(network.calls[0].steps, ElementsAre(Pair(0, kCommon + kQuestion)));
  const auto follower = Pair(kCommon, kQuestion);
  EXPECT_THAT(network.calls[1].steps, ElementsAre(follower, follower, follower, follower));
}

TEST(Sharing, CanBeSwitchedOff) {
  FakeNetwork network;
  GeneratorSettings settings{.max_batch = 5};
  settings.sharing.share = false;
  const auto statistics = serve(network, questions(1), settings);
  EXPECT_EQ(statistics.images_encoded, 5U);
  EXPECT_EQ(statistics.images_reused, 0U);
  EXPECT_EQ(statistics.reused_tokens, 0U);
  EXPECT_EQ(network.calls[0].steps.size(), 5U);
}

TEST(Sharing, IsOfFeaturesAloneWherePromptsSeeBothWays) {
  FakeNetwork network;
  network.bidirectional = true;
  const auto statistics = serve(network, questions(2), {.max_batch = 4});
  EXPECT_EQ(statistics.images_encoded, 2U);
  EXPECT_EQ(statistics.reused_tokens, 0U);
}

TEST(Sharing, IsOfTextToo) {
  FakeNetwork network;
  std::vector<Request> requests;
  for (int i = 0; i < 4; ++i) {
    const std::string id = std::to_string(i);
    requests.push_back(request_of(id, std::string(200, 'e') + id, 2));
  }
  EXPECT_EQ(serve(network, requests, {.max_batch = 3}).reused_tokens, 600U);
  GeneratorSettings settings{.max_batch = 3};
  settings.sharing.least_shared_tokens = 201;
  EXPECT_EQ(serve(network, requests, settings).reused_tokens, 0U);
}

TEST(Sharing, KnowsImagesByPixelsNumberAndOrder) {
  const auto a = image_of(1), b = image_of(2);
  Image flat = *a;
  std::swap(flat.width, flat.height);
  const struct {
    const char* name;
    Images first, second;
    std::size_t encoded;
  } cases[] = {{"the same object", {a}, {a}, 1},
               {"equal pixels", {a}, {image_of(1)}, 1},
               {"other pixels", {a}, {b}, 2},
               {"another shape", {a}, {std::make_shared<const Image>(flat)}, 2},
               {"more", {a}, {a, a}, 2},
               {"several", {a, b}, {a, b}, 1},
               {"another order", {a, b}, {b, a}, 2}};
  for (const auto& c : cases) {
    FakeNetwork network;
    const auto statistics =
        serve(network, {request_of("1", "x", 2, c.first), request_of("2", "x", 2, c.second)}, {});
    EXPECT_EQ(statistics.images_encoded, c.encoded) << c.name;
  }
}

TEST(Sharing, ForgetsFeaturesBeyondItsRoom) {
  std::vector<Request> requests;
  for (const int number : {1, 2, 1, 3, 1, 2}) {
    const std::string id = std::to_string(requests.size());
    requests.push_back(request_of(id, id, 2, {image_of(static_cast<std::uint64_t>(number))}));
  }
  GeneratorSettings settings{.max_batch = 1};
  settings.sharing.feature_bytes = 2 * 8 * kRows;  // two of three; the one used longest ago goes
  FakeNetwork network;
  EXPECT_EQ(serve(network, requests, settings).images_encoded, 4U);
  // One batch has room whatever it needs.
  settings.sharing.feature_bytes = 1;
  settings.max_batch = 6;
  FakeNetwork at_once;
  EXPECT_EQ(serve(at_once, requests, settings).images_encoded, 3U);
}

TEST(Sharing, EncodesImagesInPortions) {
  FakeNetwork network;
  std::vector<Request> requests;
  for (int i = 0; i < 5; ++i) {
    const std::string id = std::to_string(i);
    requests.push_back(request_of(id, id, 2, {image_of(static_cast<std::uint64_t>(i))}));
  }
  GeneratorSettings settings;
  settings.sharing.encode_values = 40;  // two of 19
  serve(network, requests, settings);
  EXPECT_THAT(network.encode_calls, ElementsAre(2, 2, 1));
}

}  // namespace
}  // namespace sightline
