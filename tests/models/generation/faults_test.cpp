// What goes wrong with some requests, while others are answered as if nothing had happened.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <new>

#include "models/generation/generator.h"
#include "tests/models/generation/fake_network.h"
#include "tests/models/generation/test_exchange.h"
#include "tests/support/errors.h"

namespace sightline {
namespace {

using ::sightline::testing::error_of;
using ::sightline::testing::FakeNetwork;
using ::sightline::testing::image_of;
using ::sightline::testing::request_of;
using ::sightline::testing::TestExchange;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Gt;
using ::testing::HasSubstr;
using ::testing::Lt;
using ::testing::Not;
using ::testing::SizeIs;

std::vector<Request> requests_of(int count) {
  std::vector<Request> requests;
  for (int i = 0; i < count; ++i) {
    const std::string id(1, static_cast<char>('a' + i));
    requests.push_back(request_of(id, "prompt of " + id, 3 + i % 5));
  }
  return requests;
}

/// Serves with a batch of 4, and says how it ended.
struct Served {
  explicit Served(FakeNetwork& network, std::vector<Request> requests,
                  const GeneratorSettings& settings = {.max_batch = 4})
      : exchange(std::move(requests)), generator(network, prompt_style("plain"), settings) {
    error = error_of([&] { generator.serve(exchange); });
  }
  const Response& at(const std::string& id) const { return exchange.answers.at(id); }

  TestExchange exchange;
  Generator generator;
  std::string error;
};

/// All answers but those of `others` are what they are when nothing goes wrong.
void expect_unharmed(const Served& served, const std::vector<Request>& requests,
                     const std::set<std::string>& others) {
  FakeNetwork network;
  const Served whole(network, requests);
  EXPECT_EQ(served.error, "no error");
  EXPECT_EQ(served.exchange.answers.size(), requests.size());
  for (const auto& [id, response] : whole.exchange.answers) {
    if (others.contains(id)) continue;
    EXPECT_EQ(served.at(id).error, "") << id;
    EXPECT_EQ(served.at(id).generation->ids, response.generation->ids) << id;
    EXPECT_EQ(served.at(id).generation->logprobs, response.generation->logprobs) << id;
  }
}

TEST(Faults, OfASamplesOwnDataAreItsOutcome) {
  std::vector<Request> requests = requests_of(6);
  requests[1] = request_of("b", "x", 3, {image_of(1, 1)});
  requests[2].prompt = std::string(300, 'y');
  requests[3].prompt = "<image> and nothing to see";
  requests[4].images.emplace_back().path = "absent.png";
  for (const std::size_t threads : {0, 2}) {
    FakeNetwork network;
    network.change_info().max_positions = 200;
    const Served served(network, requests, {.max_batch = 4, .threads = threads});
    EXPECT_EQ(served.error, "no error");
    EXPECT_THAT(served.at("b").error, HasSubstr("3 x 1 pixels, which is too flat"));
    EXPECT_THAT(
        served.at("c").error,
        HasSubstr("the prompt has 300 tokens, 0 of them of images, which leaves no room for "
                  "an answer in the 200 positions of the network fake"));
    EXPECT_THAT(served.at("d").error, HasSubstr("1 image placeholders for 0 images"));
    EXPECT_THAT(served.at("e").error, HasSubstr("absent.png comes without pixels"));
    for (const char* id : {"b", "c", "d", "e"}) {
      EXPECT_EQ(served.at(id).outcome, Outcome::kBadInput) << id;
    }
    EXPECT_EQ(served.at("a").outcome, Outcome::kOk);
    EXPECT_EQ(served.at("f").outcome, Outcome::kOk);
  }
}

TEST(Faults, OfImagesForANetworkWithoutEyes) {
  FakeNetwork network;
  network.change_info().takes_images = false;
  const Served served(network, {request_of("a", "x", 3, {image_of(1)}), request_of("b", "x")});
  EXPECT_THAT(served.at("a").error, HasSubstr("fake reads no images, and there are 1"));
  EXPECT_EQ(served.at("b").outcome, Outcome::kOk);
}

/// Whether a step is one of the sequence "prompt of <letter>"; its letter is remembered by cache.
class Victim {
 public:
  explicit Victim(std::string letter) : text_("prompt of " + std::move(letter)) {}
  bool is_in(std::span<const Step> steps) {
    bool found = false;
    for (const Step& step : steps) {
      if (step.cache->length() == 0) {
        caches_.erase(step.cache);
        if (FakeNetwork::text_of(step.ids).starts_with(text_)) caches_.insert(step.cache);
      }
      found |= caches_.contains(step.cache);
    }
    return found;
  }

 private:
  std::string text_;
  std::set<const SequenceCache*> caches_;
};

bool in_prompt(std::span<const Step> steps) {
  return std::any_of(steps.begin(), steps.end(),
                     [](const Step& step) { return step.cache->length() == 0; });
}

TEST(Faults, OfTheNetworkAreChargedToTheCulprit) {
  for (const bool at_once : {true, false}) {
    FakeNetwork network;
    Victim victim("c");
    network.on_forward = [&](std::span<const Step> steps) {
      const bool there = victim.is_in(steps);
      if (there && (at_once || !in_prompt(steps))) fail("an odd tensor");
    };
    const Served served(network, requests_of(9));
    EXPECT_EQ(served.at("c").outcome, Outcome::kModelError);
    EXPECT_EQ(served.at("c").error, "an odd tensor");
    EXPECT_GT(served.generator.statistics().retries, 0U);
    expect_unharmed(served, requests_of(9), {"c"});
    EXPECT_EQ(network.caches, 0U);
  }
}

TEST(Faults, ThatLeaveCachesHalfWrittenDoNoHarm) {
  FakeNetwork network;
  int countdown = 3;
  network.on_forward = [&](std::span<const Step> steps) {
    if (steps.size() < 2 || --countdown > 0) return;
    countdown = 3;
    auto& cache = dynamic_cast<FakeNetwork::Cache&>(*steps[0].cache);
    cache.states.push_back(0);
    fail("half of it was written");
  };
  const Served served(network, requests_of(9));
  EXPECT_GT(served.generator.statistics().retries, 1U);
  expect_unharmed(served, requests_of(9), {});
}

TEST(Faults, OfTheVisionTowerAreChargedToTheCulprits) {
  const std::uint64_t kNone = 0;
  std::vector<Request> requests;
  for (int i = 0; i < 6; ++i) {
    const std::string id(1, static_cast<char>('a' + i));
    requests.push_back(request_of(id, "x" + id, 4, {image_of(static_cast<std::uint64_t>(i / 2))}));
  }
  FakeNetwork network;
  std::uint64_t bad = kNone;
  network.on_encode = [&](std::uint64_t hash, std::size_t) {
    if (bad == kNone) bad = hash;
    if (hash == bad) fail("an odd picture");
  };
  const Served served(network, requests);
  for (const char* id : {"a", "b"}) {
    EXPECT_EQ(served.at(id).outcome, Outcome::kModelError);
    EXPECT_EQ(served.at(id).error, "an odd picture");
  }
  expect_unharmed(served, requests, {"a", "b"});
}

TEST(Faults, OfMemoryAreChargedToWhatHasNoRoomAlone) {
  for (const bool at_once : {true, false}) {
    FakeNetwork network;
    Victim victim("c");
    network.on_forward = [&](std::span<const Step> steps) {
      const bool there = victim.is_in(steps);
      if (there && (at_once || !in_prompt(steps))) throw std::bad_alloc();
    };
    std::vector<Request> requests = requests_of(9);
    // Beside others it gets on by a token each time it is read again.
    requests[2].decoding = {.max_new_tokens = 99, .extra = {{"ignore_eos", "true"}}};
    const Served served(network, requests);
    EXPECT_EQ(served.at("c").outcome, Outcome::kOom);
    EXPECT_THAT(served.at("c").error, HasSubstr("no memory for a prompt of 11 tokens, alone"));
    expect_unharmed(served, requests, {"c"});
  }
}

TEST(Faults, OfMemoryMakeTheBatchSmaller) {
  for (const std::size_t room : {1, 2, 3}) {
    FakeNetwork network;
    network.on_forward = [&](std::span<const Step>) {
      if (network.caches > room) throw std::bad_alloc();
    };
    const Served served(network, requests_of(12), {.max_batch = 6});
    expect_unharmed(served, requests_of(12), {});
    // After the first lesson no call has more sequences than there is room for.
    std::size_t too_many = 0;
    for (const auto& call : network.calls) too_many += call.steps.size() > room ? 1 : 0;
    EXPECT_LE(too_many, 3U) << room;
  }
}

TEST(Faults, OfMemoryLetGoOfWhatIsKeptFirst) {
  std::vector<Request> requests;
  for (int i = 0; i < 8; ++i) {
    const std::string id(1, static_cast<char>('a' + i));
    requests.push_back(request_of(id, std::string(100, *id.c_str()) + id, 3));
  }
  FakeNetwork network;
  network.on_forward = [&](std::span<const Step>) {
    if (network.caches > 2) throw std::bad_alloc();
  };
  const Served served(network, requests, {.max_batch = 2});
  EXPECT_EQ(served.error, "no error");
  for (const auto& [id, response] : served.exchange.answers) EXPECT_EQ(response.error, "") << id;
}

TEST(Faults, ThatEndTheRunKeepWhatWasAnswered) {
  FakeNetwork network;
  Victim victim("f");
  network.on_forward = [&](std::span<const Step> steps) {
    if (victim.is_in(steps)) throw StopError("the machine is gone");
  };
  const Served served(network, requests_of(9));
  EXPECT_EQ(served.error, "the machine is gone");
  EXPECT_THAT(served.exchange.order, SizeIs(AllOf(Gt(0), Lt(6))));
  EXPECT_THAT(served.exchange.order, Not(Contains("f")));
}

TEST(Faults, OfTheSettingsEndTheRun) {
  for (const std::size_t threads : {0, 2}) {
    FakeNetwork network;
    std::vector<Request> requests = requests_of(3);
    for (Request& request : requests) request.decoding.extra["top_q"] = "1";
    const Served served(network, requests, {.max_batch = 4, .threads = threads});
    EXPECT_THAT(served.error, HasSubstr("there is no 'top_q'; did you mean 'top_k'?"));
    EXPECT_TRUE(served.exchange.answers.empty());
  }
}

TEST(Faults, OfLogitsAreTheSequencesOwn) {
  FakeNetwork network;
  std::vector<Request> requests = requests_of(4);
  requests[1].decoding.extra["temperature"] = "1e-40";  // 0 as a float: logits become infinite
  const Served served(network, requests);
  EXPECT_EQ(served.at("b").outcome, Outcome::kModelError);
  EXPECT_THAT(served.at("b").error, HasSubstr("logit"));
  expect_unharmed(served, requests_of(4), {"b"});
}

}  // namespace
}  // namespace sightline
