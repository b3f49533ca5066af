#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "metrics/sample_means.h"
#include "tasks/task.h"

namespace sightline::testing {

/// A text task without files: sample i asks for the number i, an answer scores 1 when it is it.
class NumberDataset final : public Dataset {
 public:
  explicit NumberDataset(std::size_t size) : size_(size) {}
  std::size_t size() const override { return size_; }
  std::string id(std::size_t index) const override { return "n" + std::to_string(index); }
  std::uint32_t cluster(std::size_t index) const override {
    return static_cast<std::uint32_t>(index / 5);
  }
  std::map<std::string, std::string> hashes() const override {
    return {{"numbers", std::to_string(size_)}};
  }
  Request request(std::size_t index) const override {
    Request request{.ticket = index, .id = id(index)};
    request.text = "What number is " + std::to_string(index) + "?";
    return request;
  }

 private:
  std::size_t size_;
};

class NumberScorer final : public Scorer {
 public:
  SampleScore update(std::size_t index, const Answer& answer) override {
    const double value = answer.text == std::to_string(index) ? 1.0 : 0.0;
    means_.update(static_cast<std::uint32_t>(index / 5), std::span(&value, 1));
    return {{"accuracy", value}};
  }
  void merge(Scorer& next) override { means_.merge(dynamic_cast<NumberScorer&>(next).means_); }
  TaskScores compute() const override { return {.metrics = {means_.metric(0)}, .breakdowns = {}}; }

 private:
  SampleMeans means_{{"accuracy"}};
};

/// A table with the task "numbers" of `size` samples.
inline TaskTable number_tasks(std::size_t size) {
  TaskTable table;
  TaskDeclaration declaration{
      .name = "numbers", .summary = "which number", .metrics = {"accuracy"}};
  declaration.predictions = {.id_field = "id", .text_field = "answer"};
  declaration.open = [size](const TaskSources&, const TaskDeclaration::Options&) {
    Task task;
    task.version = "1";
    task.rules = {"numbers/exact"};
    task.protocol = {{"split", "all"}};
    task.dataset = std::make_shared<NumberDataset>(size);
    task.new_scorer = [](const std::string&) { return std::make_unique<NumberScorer>(); };
    return task;
  };
  table.add(std::move(declaration));
  return table;
}

}  // namespace sightline::testing
