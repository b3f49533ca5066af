#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "harness/formats/tensor_file.h"
#include "harness/media/decode.h"
#include "models/families/families.h"
#include "models/prompts/style.h"
#include "tests/support/paths.h"

namespace sightline::testing {

inline nlohmann::json read_json_file(const std::filesystem::path& path) {
  return nlohmann::json::parse(std::ifstream(path));
}

/// The folders that hold goldens `name`: some are in the repository, all outside of it.
inline std::vector<std::filesystem::path> golden_roots(const std::string& name) {
  std::vector<std::filesystem::path> roots;
  for (const auto& root : {data_path("models"), shared_path("goldens/models")}) {
    if (std::filesystem::exists(root / name)) roots.push_back(root);
  }
  return roots;
}

/// The largest absolute difference; infinite for different sizes or a difference that is no number.
inline double max_difference(std::span<const float> a, std::span<const float> b) {
  if (a.size() != b.size()) return INFINITY;
  double most = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double difference = std::abs(static_cast<double>(a[i]) - b[i]);
    if (!(difference <= most)) most = std::isnan(difference) ? INFINITY : difference;
  }
  return most;
}

/// One prompt of a golden case, ready to run.
struct GoldenPrompt {
  Prompt prompt;
  std::shared_ptr<const VisionFeatures> vision;
};

/// A family's goldens: a checkpoint, cases, and what the reference made of them.
class GoldenFamily {
 public:
  /// @param root  the folder that holds images and families
  GoldenFamily(std::filesystem::path root, const std::string& family, NetworkSettings settings,
               const std::string& checkpoint = "checkpoint", const std::string& variant = "")
      : root_(std::move(root)),
        cases_(read_json_file(root_ / family / ("cases" + variant + ".json"))),
        golden_(open_tensor_file(root_ / family / ("golden" + variant + ".safetensors"))) {
    settings.path = root_ / family / checkpoint;
    network_ = make_network(settings);
  }

  Network& network() { return *network_; }
  const nlohmann::json& cases() const { return cases_["cases"]; }
  bool has(const std::string& name) const { return golden_.find(name) != nullptr; }
  std::vector<float> golden(const std::string& name) const {
    return golden_.at(name).values<float>();
  }

  std::vector<Image> images(const nlohmann::json& entry) const {
    std::vector<Image> images;
    for (const char* field : {"images", "frames"}) {
      if (!entry.contains(field)) continue;
      for (const auto& name : entry[field]) images.push_back(read_image(root_ / name));
    }
    if (entry.contains("image")) images.push_back(read_image(root_ / entry["image"]));
    return images;
  }

  /// The text for the tokenizer: the reference's own, or made by the family's style.
  std::string wrapped_text(const nlohmann::json& entry) const {
    if (network_->info().family != "paligemma") return entry["text_to_processor"];
    return prompt_style("paligemma").wrap(entry["prompt"].get<std::string>(), images(entry).size());
  }

  /// Processes the images and runs the vision tower; `wrapped` is the text with its chat turns.
  GoldenPrompt prepare(const std::string& wrapped, std::span<const Image> images,
                       bool video = false) {
    GoldenPrompt ready;
    std::vector<ImageLayout> layouts;
    if (!images.empty()) {
      std::vector<const Image*> pointers;
      for (const Image& image : images) pointers.push_back(&image);
      processed_ = network_->process(pointers, video);
      layouts = processed_.images;
      const ProcessedImages* request = &processed_;
      ready.vision = network_->encode({&request, 1}).front();
    }
    ready.prompt = network_->prompt(wrapped, layouts);
    return ready;
  }
  const ProcessedImages& processed() const { return processed_; }

  /// The step that reads a whole prompt.
  static Step first_step(const GoldenPrompt& ready, SequenceCache& cache, Step::Want want) {
    return {.cache = &cache,
            .ids = ready.prompt.ids,
            .vision = ready.vision.get(),
            .vision_rows = ready.prompt.vision_rows,
            .bidirectional = ready.prompt.bidirectional,
            .want = want};
  }

 private:
  std::filesystem::path root_;
  nlohmann::json cases_;
  TensorFile golden_;
  std::unique_ptr<Network> network_;
  ProcessedImages processed_;
};

/// Logits of greedy steps, [sequences][steps][vocabulary]; the tokens that follow are given.
inline std::vector<std::vector<std::vector<float>>> forced_logits(
    Network& network, std::span<const GoldenPrompt> prompts,
    const std::vector<std::vector<TokenId>>& next) {
  std::vector<std::unique_ptr<SequenceCache>> caches;
  std::vector<Step> steps;
  for (const GoldenPrompt& prompt : prompts) {
    caches.push_back(network.new_cache(prompt.prompt.ids.size() + 8));
    steps.push_back(GoldenFamily::first_step(prompt, *caches.back(), Step::Want::kLogits));
  }
  std::vector<std::vector<std::vector<float>>> logits(prompts.size());
  for (std::size_t step = 0;; ++step) {
    std::vector<StepResult> results = network.forward(steps);
    for (std::size_t i = 0; i < results.size(); ++i) {
      logits[i].push_back(std::move(results[i].logits));
    }
    if (step + 1 >= next[0].size()) return logits;
    for (std::size_t i = 0; i < steps.size(); ++i) {
      steps[i] = {.cache = caches[i].get(),
                  .ids = std::span(&next[i][step], 1),
                  .want = Step::Want::kLogits};
    }
  }
}

/// The answer that a case appends to a prompt of so many tokens.
inline std::vector<TokenId> forced_answer(const nlohmann::json& entry, std::size_t prompt) {
  const nlohmann::json& forced = entry["teacher_forced"];
  if (forced.contains("appended_ids")) return forced["appended_ids"];
  const std::vector<TokenId> all = forced["input_ids"][0];
  return {all.begin() + static_cast<std::ptrdiff_t>(prompt), all.end()};
}

inline TokenId argmax(std::span<const float> logits) {
  return static_cast<TokenId>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

}  // namespace sightline::testing
