#include "models/generation/generator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

const PromptStyle& plain() {
  return prompt_style("plain");
}

std::map<std::string, Response> answer(FakeNetwork& network, std::vector<Request> requests,
                                       const GeneratorSettings& settings = {},
                                       std::size_t drip = 1000) {
  TestExchange exchange(std::move(requests));
  exchange.drip = drip;
  Generator generator(network, plain(), settings);
  generator.serve(exchange);
  EXPECT_EQ(exchange.in_hand, 0U);
  return exchange.answers;
}

/// Everything of a response but its times.
auto content_of(const Response& response) {
  const Generation generation = response.generation.value_or(Generation{});
  return std::tuple(response.outcome, response.error, response.text, generation.prompt_ids,
                    generation.ids, generation.logprobs, response.prompt_tokens,
                    response.generated_tokens);
}

/// Requests of every sort: with one image, with several, with none; with answers that end by
/// themselves or must; greedy, drawn, penalised, stopped.
std::vector<Request> mixed_requests() {
  std::vector<Request> requests;
  for (int i = 0; i < 36; ++i) {
    const std::string id = "sample " + std::to_string(i);
    std::vector<std::shared_ptr<const Image>> images;
    if (i % 3 > 0) images.push_back(image_of(static_cast<std::uint64_t>(i / 6)));
    if (i % 9 == 4) images.push_back(image_of(77));
    const std::string start = i % 4 == 0 ? std::string(90, 'x') : "";
    Request request =
        request_of(id, start + "question " + std::to_string(i % 7), 1 + i % 30, std::move(images));
    auto& extra = request.decoding.extra;
    if (i % 5 == 1) extra = {{"temperature", "0.8"}, {"top_p", "0.9"}};
    if (i % 5 == 2) extra = {{"repetition_penalty", "1.4"}};
    if (i % 5 == 3) request.decoding.stop = {"a", "b"};
    if (i % 11 == 0) extra["ignore_eos"] = "true";
    requests.push_back(std::move(request));
  }
  return requests;
}

TEST(Generator, GivesAnswersThatDoNotDependOnTheBatch) {
  FakeNetwork network;
  GeneratorSettings alone;
  alone.max_batch = 1;
  alone.sharing.share = false;
  const auto wanted = answer(network, mixed_requests(), alone);
  ASSERT_EQ(wanted.size(), 36U);
  for (const std::size_t batch : {1, 2, 3, 7, 36}) {
    for (const bool share : {false, true}) {
      for (const std::size_t drip : {0, 1, 1000}) {
        for (const std::size_t threads : {0, 3}) {
          SCOPED_TRACE(::testing::Message() << "batch " << batch << ", share " << share << ", drip "
                                            << drip << ", threads " << threads);
          GeneratorSettings settings{.max_batch = batch, .threads = threads};
          settings.sharing.share = share;
          settings.sharing.prefill_tokens = 300;
          const auto found = answer(network, mixed_requests(), settings, drip);
          ASSERT_EQ(found.size(), wanted.size());
          for (const auto& [id, response] : wanted) {
            EXPECT_EQ(content_of(found.at(id)), content_of(response)) << id;
          }
          EXPECT_EQ(network.caches, 0U) << "caches that nobody gave back";
        }
      }
    }
  }
}

// Greedy decoding in ten lines, without caches.
TEST(Generator, AnswersAsDecodingTokenByTokenDoes) {
  FakeNetwork network;
  const auto image = image_of(3);
  const auto responses = answer(network, {request_of("text", "what?", 25),
                                          request_of("image", "what is this?", 25, {image})});
  for (const auto& [id, response] : responses) {
    const Image* pixels = image.get();
    ProcessedImages processed;
    if (id == "image") processed = network.process({&pixels, 1}, false);
    const std::string words = id == "image" ? "<image>\nwhat is this?" : "what?";
    const Prompt prompt = network.prompt(words, processed.images);
    const ProcessedImages* input = &processed;
    const auto features =
        id == "image" ? network.encode({&input, 1}).front() : std::shared_ptr<VisionFeatures>();
    std::vector<TokenId> tokens = prompt.ids;
    std::vector<int> wanted;
    do {
      const auto logits = network.logits_after(prompt, tokens, features.get());
      tokens.push_back(
          static_cast<TokenId>(std::max_element(logits.begin(), logits.end()) - logits.begin()));
      wanted.push_back(tokens.back());
    } while (tokens.back() != FakeNetwork::kEos && wanted.size() < 25);
    EXPECT_EQ(response.generation->ids, wanted);
    EXPECT_EQ(response.generation->prompt_ids, prompt.ids);
    EXPECT_EQ(response.generation->logprobs.size(), wanted.size());
    EXPECT_EQ(response.prompt_tokens, static_cast<int>(prompt.ids.size()));
    EXPECT_EQ(response.generated_tokens, static_cast<int>(wanted.size()));
    if (wanted.back() == FakeNetwork::kEos) tokens.pop_back();
    EXPECT_EQ(response.text,
              network.tokenizer().decode(std::span(tokens).subspan(prompt.ids.size()),
                                         {.skip_special_tokens = true}));
  }
}

Request of_length(const std::string& id, int tokens) {
  Request request = request_of(id, "prompt of " + id, tokens);
  request.decoding.extra["ignore_eos"] = "true";
  return request;
}

TEST(Generator, ReplacesASequenceThatEndsAtOnce) {
  FakeNetwork network;
  TestExchange exchange(
      {of_length("a", 5), of_length("b", 2), of_length("c", 3), of_length("d", 2)});
  std::vector<std::pair<std::string, std::size_t>> calls_when_given;
  exchange.on_answer = [&](const std::string& id) {
    calls_when_given.emplace_back(id, network.calls.size());
  };
  Generator generator(network, plain(), {.max_batch = 2});
  generator.serve(exchange);
  std::vector<std::pair<std::size_t, bool>> calls;  // sequences, and whether prompts are read
  for (const auto& call : network.calls) {
    calls.emplace_back(call.steps.size(), call.steps.front().second > 1);
  }
  EXPECT_THAT(calls, ElementsAre(Pair(2, true), Pair(2, false), Pair(1, true), Pair(2, false),
                                 Pair(2, false), Pair(1, true), Pair(2, false)));
  EXPECT_THAT(calls_when_given,
              ElementsAre(Pair("b", 2), Pair("c", 5), Pair("a", 7), Pair("d", 7)));
  EXPECT_EQ(exchange.most_in_hand, 2U);
}

TEST(Generator, FillsTheBatchAgainWhenAnswersEndWithTheirFirstToken) {
  FakeNetwork network;
  std::vector<Request> requests;
  for (int i = 0; i < 6; ++i) requests.push_back(of_length(std::to_string(i), i == 5 ? 2 : 1));
  TestExchange exchange(std::move(requests), 3);
  Generator generator(network, plain(), {});
  generator.serve(exchange);
  EXPECT_EQ(generator.statistics().prefill_calls, 2U);
  EXPECT_EQ(generator.statistics().decode_calls, 1U);
  EXPECT_EQ(exchange.most_in_hand, 3U);
}

TEST(Generator, TakesTheBatchSizeOfTheRun) {
  for (const std::size_t batch : {1, 2, 5}) {
    FakeNetwork network;
    TestExchange exchange(mixed_requests(), batch);
    Generator generator(network, plain(), {.max_batch = 3});
    generator.serve(exchange);
    std::size_t most = 0;
    for (const auto& call : network.calls) most = std::max(most, call.steps.size());
    EXPECT_LE(most, batch);
    EXPECT_EQ(exchange.most_in_hand, batch);
  }
}

TEST(Generator, WaitsOnlyWhenItHasNothingToDo) {
  FakeNetwork network;
  for (const std::size_t drip : {0, 1, 1000}) {
    TestExchange exchange(mixed_requests());
    exchange.drip = drip;
    Generator generator(network, plain(), {.max_batch = 4});
    generator.serve(exchange);
    EXPECT_EQ(exchange.answers.size(), 36U);
    EXPECT_EQ(exchange.waits, drip == 0 ? 37U : 1U);
  }
  TestExchange nothing({});
  Generator generator(network, plain(), {});
  generator.serve(nothing);
  EXPECT_TRUE(nothing.answers.empty());
}

TEST(Generator, ServesAgain) {
  FakeNetwork network;
  Generator generator(network, plain(), {.max_batch = 2, .threads = 2});
  for (const char* id : {"first", "second"}) {
    TestExchange exchange({of_length(id, 2)});
    generator.serve(exchange);
    EXPECT_EQ(exchange.order, std::vector<std::string>{id});
  }
  EXPECT_EQ(generator.statistics().requests, 2U);
}

TEST(Generator, ReadsPromptsInPortions) {
  FakeNetwork network;
  std::vector<Request> requests;
  for (const char c : {'a', 'b', 'c', 'd', 'e'}) {
    requests.push_back(of_length(std::string(1, c), 1));
    requests.back().prompt = std::string(c == 'd' ? 500 : 40, c);
  }
  GeneratorSettings settings{.max_batch = 5};
  settings.sharing.prefill_tokens = 100;
  answer(network, std::move(requests), settings);
  std::vector<std::size_t> sequences;
  for (const auto& call : network.calls) sequences.push_back(call.steps.size());
  EXPECT_THAT(sequences, ElementsAre(2, 1, 1, 1));
}

/// An answer of the fake network to "prompt of end", by greedy decoding.
Response answer_to(const std::function<void(Request&)>& change, std::size_t max_positions = 0) {
  FakeNetwork network;
  network.eos_every = 0;
  network.change_info().max_positions = max_positions;
  Request request = request_of("end", "prompt of end", 12);
  change(request);
  return answer(network, {request}).at("end");
}

TEST(Generator, EndsAnAnswerWhereItShould) {
  const Response whole = answer_to([](Request&) {});
  ASSERT_EQ(whole.generation->ids.size(), 12U);
  ASSERT_EQ(whole.outcome, Outcome::kOk);

  const Response limited = answer_to([](Request& r) { r.decoding.extra["max_new_tokens"] = "4"; });
  EXPECT_EQ(limited.generation->ids,
            std::vector<int>(whole.generation->ids.begin(), whole.generation->ids.begin() + 4));

  const std::size_t prompt = whole.generation->prompt_ids.size();
  const Response cut = answer_to([](Request&) {}, prompt + 3);
  EXPECT_EQ(cut.outcome, Outcome::kOk);
  EXPECT_EQ(cut.generation->ids.size(), 3U);

  ASSERT_GT(whole.text.size(), 6U);
  const std::string stop = whole.text.substr(4, 2);
  const Response stopped = answer_to([&](Request& r) { r.decoding.stop = {stop}; });
  EXPECT_EQ(stopped.text, whole.text.substr(0, whole.text.find(stop)));
  EXPECT_LT(stopped.generation->ids.size(), 12U);
}

TEST(Generator, KeepsTheTokenThatEndsAnAnswerOutOfTheText) {
  FakeNetwork network;
  network.eos_every = 1;
  const auto responses = answer(network, {request_of("a", "x")});
  EXPECT_THAT(responses.at("a").generation->ids, ElementsAre(FakeNetwork::kEos));
  EXPECT_EQ(responses.at("a").text, "");
  EXPECT_EQ(responses.at("a").outcome, Outcome::kOk);
  Request longer = request_of("b", "x", 3);
  longer.decoding.extra["ignore_eos"] = "true";
  const auto ignored = answer(network, {longer});
  EXPECT_THAT(ignored.at("b").generation->ids,
              ElementsAre(FakeNetwork::kEos, FakeNetwork::kEos, FakeNetwork::kEos));
}

TEST(Generator, SaysNothingOfTokensUnlessAsked) {
  FakeNetwork network;
  Request request = request_of("a", "x");
  request.decoding.with_generation = false;
  EXPECT_FALSE(answer(network, {request}).at("a").generation.has_value());
}

TEST(Generator, DrawsWithTheRunsSeedUnlessTheRequestHasOne) {
  FakeNetwork network;
  const auto text = [&](std::uint64_t run_seed, const std::string& own_seed) {
    Request request = request_of("a", "x");
    request.decoding.extra = {{"temperature", "1"}};
    if (!own_seed.empty()) request.decoding.extra["seed"] = own_seed;
    GeneratorSettings settings;
    settings.seed = run_seed;
    return answer(network, {request}, settings).at("a").text;
  };
  EXPECT_EQ(text(1, ""), text(1, ""));
  EXPECT_NE(text(1, ""), text(2, ""));
  EXPECT_EQ(text(1, "2"), text(2, ""));
}

TEST(Generator, CountsWhatItDid) {
  FakeNetwork network;
  TestExchange exchange({of_length("a", 4), of_length("b", 2)});
  Generator generator(network, plain(), {});
  generator.serve(exchange);
  const GenerationStatistics& statistics = generator.statistics();
  EXPECT_EQ(statistics.requests, 2U);
  EXPECT_EQ(statistics.prompt_tokens, 2 * std::string("prompt of a").size());
  EXPECT_EQ(statistics.generated_tokens, 6U);
  EXPECT_EQ(statistics.decoded_tokens, 4U);
  EXPECT_EQ(statistics.prefill_calls, 1U);
  EXPECT_EQ(statistics.decode_calls, 3U);
  const auto facts = facts_of(statistics);
  EXPECT_EQ(facts.at("generated_tokens"), 6);
  EXPECT_GT(facts.at("decode_tokens_per_s"), 0);
  EXPECT_FALSE(facts.contains("images_encoded"));
  const Response& response = exchange.answers.at("a");
  EXPECT_GT(response.generation->prefill_s, 0);
  EXPECT_GT(response.generation->decode_s, 0);
  EXPECT_GE(response.seconds, response.generation->prefill_s + response.generation->decode_s);
}

}  // namespace
}  // namespace sightline
