#include "models/api/model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/error.h"

namespace sightline {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Answers with the id of each request and notes the sizes of its batches.
class IdModel final : public BatchModel {
 public:
  explicit IdModel(std::size_t max_batch) {
    info_.name = "id";
    info_.max_batch = max_batch;
  }
  const ModelInfo& info() const override { return info_; }
  std::vector<Response> answer(std::span<const Request> requests) override {
    batches.push_back(requests.size());
    std::vector<Response> responses;
    for (const Request& request : requests) {
      if (request.id == "fault") fail("no answer to this");
      if (request.id == "fewer") return responses;
      responses.emplace_back().text = request.id;
    }
    return responses;
  }
  std::vector<std::size_t> batches;

 private:
  ModelInfo info_;
};

std::vector<Request> requests_of(const std::vector<std::string>& ids) {
  std::vector<Request> requests(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) requests[i].id = ids[i];
  return requests;
}

TEST(BatchModel, GetsAtMostItsBatchAndAnswersInOrder) {
  IdModel model(2);
  const auto responses = ask(model, requests_of({"a", "b", "c", "d", "e"}));
  EXPECT_THAT(model.batches, ElementsAre(2, 2, 1));
  ASSERT_EQ(responses.size(), 5U);
  for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(responses[i].text, std::string(1, "abcde"[i]));
}

TEST(BatchModel, IsNotAskedForNothing) {
  IdModel model(2);
  EXPECT_TRUE(ask(model, {}).empty());
  EXPECT_TRUE(model.batches.empty());
}

TEST(BatchModel, HasItsFaultsToldWithTheSample) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"fault", "no answer to this\n  while asking id for 3 answers from sample a on"},
      {"fewer", "model id gave 1 answers to 3 requests"}};
  for (const auto& [id, message] : cases) {
    IdModel model(8);
    try {
      ask(model, requests_of({"a", id, "b"}));
      FAIL() << id;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr(message));
    }
  }
}

/// Leaves the last request without an answer, and answers backwards.
class CarelessModel final : public Model {
 public:
  explicit CarelessModel(bool complete) : complete_(complete) {}
  const ModelInfo& info() const override { return info_; }
  void serve(Exchange& exchange) override {
    std::vector<Request> requests = exchange.take(100, true);
    if (!complete_) requests.erase(requests.begin());
    while (!requests.empty()) {
      Response response;
      response.text = requests.back().id;
      std::vector<Request> one = {std::move(requests.back())};
      requests.pop_back();
      exchange.give(std::move(one), {response});
    }
  }

 private:
  bool complete_;
  ModelInfo info_{.name = "careless"};
};

TEST(Ask, PutsAnswersInTheOrderOfTheRequests) {
  CarelessModel model(true);
  const auto responses = ask(model, requests_of({"a", "b", "c"}));
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(responses[i].text, std::string(1, "abc"[i]));
}

TEST(Ask, MissesAnswers) {
  CarelessModel model(false);
  EXPECT_THROW(ask(model, requests_of({"a", "b"})), Error);
}

}  // namespace
}  // namespace sightline
