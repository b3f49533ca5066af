// What a model does otherwise than others is part of what its results mean.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "harness/engine/run.h"
#include "tests/support/errors.h"
#include "tests/support/fake_task.h"
#include "tests/support/paths.h"

namespace sightline {
namespace {

using ::sightline::testing::error_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

class SilentModel final : public BatchModel {
 public:
  explicit SilentModel(std::map<std::string, std::string> protocol) {
    info_ = {.name = "silent", .kinds = {Kind::kText}};
    info_.protocol = std::move(protocol);
    info_.opens_images = info_.wants_pixels = false;
  }
  const ModelInfo& info() const override { return info_; }
  std::vector<Response> answer(std::span<const Request> requests) override {
    return std::vector<Response>(requests.size());
  }

 private:
  ModelInfo info_;
};

class ModelProtocol : public ::testing::Test {
 protected:
  RunEnd run_with(std::map<std::string, std::string> protocol,
                  std::map<std::string, std::string> gen_kwargs = {}) {
    Registry registry;
    registry.add({.name = "silent",
                  .summary = "",
                  .open =
                      [&](ModelSettings opened) {
                        gen_kwargs_ = opened.gen_kwargs;
                        return std::make_unique<SilentModel>(protocol);
                      },
                  .module = {}});
    RunSettings settings;
    settings.model = "silent";
    settings.tasks = parse_task_choices("numbers");
    settings.output_path = folder_.path() / "out";
    settings.progress = ProgressMode::kNone;
    settings.gen_kwargs = std::move(gen_kwargs);
    const std::atomic<bool> stop{false};
    return run(settings, registry, tasks_, stop);
  }

  testing::TemporaryFolder folder_;
  TaskTable tasks_ = testing::number_tasks(3);
  std::map<std::string, std::string> gen_kwargs_;
};

TEST_F(ModelProtocol, IsPartOfTheResults) {
  const RunEnd end = run_with({{"image_backend", "torchvision"}});
  const auto protocol = nlohmann::json::parse(end.results.tasks.at(0).protocol);
  EXPECT_EQ(protocol.at("image_backend"), "torchvision");
  EXPECT_EQ(protocol.at("split"), "all");
}

TEST_F(ModelProtocol, IsPartOfTheRunsIdentity) {
  run_with({{"image_backend", "torchvision"}});
  EXPECT_EQ(error_of([&] { run_with({{"image_backend", "torchvision"}}); }), "no error");
  EXPECT_THAT(error_of([&] { run_with({}); }), HasSubstr("image_backend"));
}

TEST_F(ModelProtocol, IsTheModelsToCheckWhereItIsOfDecoding) {
  run_with({}, {{"top_k", "3"}});
  EXPECT_THAT(gen_kwargs_, ElementsAre(Pair("top_k", "3")));
}

}  // namespace
}  // namespace sightline
