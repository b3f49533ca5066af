#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/rng.h"
#include "models/generation/network.h"
#include "tests/support/paths.h"

namespace sightline::testing {

/// A network whose logits are a hash of all tokens and features before them: one wrong token, one
/// missing row of an image, a cache of another sequence change all that follows. It notes its calls
/// and can fail on command.
class FakeNetwork final : public Network {
 public:
  static constexpr TokenId kEos = 2;
  static constexpr TokenId kImageToken = 5;
  static constexpr std::size_t kRowsOfImage = 100;

  /// One call of `forward`: for each step the tokens that were there, and those that came.
  struct Call {
    std::vector<std::pair<std::size_t, std::size_t>> steps;
  };

  struct Cache final : SequenceCache {
    std::vector<std::uint64_t> states;  ///< the hash behind each token
    std::size_t* alive = nullptr;
    explicit Cache(std::size_t* count) : alive(count) { ++*alive; }
    ~Cache() override { --*alive; }
    std::size_t length() const override { return states.size(); }
    std::size_t bytes() const override { return 8 * states.size(); }
    std::unique_ptr<SequenceCache> fork(std::size_t length) const override {
      require(length <= states.size(), "a fork of {} of {} tokens", length, states.size());
      auto copy = std::make_unique<Cache>(alive);
      copy->states.assign(states.begin(), states.begin() + static_cast<std::ptrdiff_t>(length));
      return copy;
    }
  };

  struct Features final : VisionFeatures {
    std::vector<std::uint64_t> values;
    std::size_t rows() const override { return values.size(); }
    std::size_t bytes() const override { return 8 * values.size(); }
  };

  FakeNetwork() : tokenizer_(Tokenizer::open(data_path("tokenizers/qwen2"))) {
    info_.family = "fake";
    info_.prompt_style = "plain";
    info_.eos = {kEos};
    info_.vocabulary = 920;
    info_.protocol = {{"image_backend", "pil"}, {"resize_order", "pillow12"}};
    info_.weight_bytes = 1234;
  }

  const NetworkInfo& info() const override { return info_; }
  NetworkInfo& change_info() { return info_; }
  const Tokenizer& tokenizer() const override { return tokenizer_; }

  /// An image of one pixel row is refused. A video has the rows of one image.
  ProcessedImages process(std::span<const Image* const> images, bool video) const override {
    ProcessedImages processed;
    for (const Image* image : images) {
      require(image->height > 1, "the image is {} x {} pixels, which is too flat", image->width,
              image->height);
      for (const std::uint8_t sample : image->pixels) {
        processed.pixel_values.values.push_back(sample);
      }
      processed.pixel_values.values.push_back(static_cast<float>(image->width) / 1000);
      processed.images.push_back(
          {.size = {image->width, image->height}, .num_tokens = kRowsOfImage, .is_video = video});
    }
    if (video) processed.images.resize(1);
    return processed;
  }

  /// A token for each byte, and the rows of each image in front.
  Prompt prompt(std::string_view text, std::span<const ImageLayout> images) const override {
    Prompt prompt;
    for (std::size_t row = 0; row < images.size() * kRowsOfImage; ++row) {
      prompt.vision_rows.push_back({row, row});
      prompt.ids.push_back(kImageToken);
    }
    for (const char c : text) prompt.ids.push_back(10 + static_cast<unsigned char>(c));
    prompt.bidirectional = bidirectional ? prompt.ids.size() : 0;
    return prompt;
  }

  std::vector<std::shared_ptr<const VisionFeatures>> encode(
      std::span<const ProcessedImages* const> requests) override {
    encode_calls.push_back(requests.size());
    std::vector<std::shared_ptr<const VisionFeatures>> all;
    for (const ProcessedImages* request : requests) {
      require(!request->pixel_values.values.empty(), "pixels were given away");
      auto features = std::make_shared<Features>();
      std::uint64_t hash = 1;
      for (const float value : request->pixel_values.values) {
        hash = mix_bits(hash ^ static_cast<std::uint64_t>(value * 1000));
      }
      if (on_encode) on_encode(hash, requests.size());
      for (std::size_t row = 0; row < request->images.size() * kRowsOfImage; ++row) {
        features->values.push_back(mix_bits(hash + row));
      }
      all.push_back(std::move(features));
    }
    return all;
  }

  std::unique_ptr<SequenceCache> new_cache(std::size_t) override {
    return std::make_unique<Cache>(&caches);
  }

  std::vector<StepResult> forward(std::span<const Step> steps) override {
    Call& call = calls.emplace_back();
    std::set<const SequenceCache*> seen;
    for (const Step& step : steps) {
      require(seen.insert(step.cache).second, "a cache came twice");
      require(!step.ids.empty(), "a step without tokens");
      call.steps.emplace_back(step.cache->length(), step.ids.size());
    }
    if (on_forward) on_forward(steps);
    std::vector<StepResult> results;
    for (const Step& step : steps) results.push_back(advance(step));
    return results;
  }

  /// What the network says after `ids`, computed apart from all caches and batches.
  std::vector<float> logits_after(const Prompt& prompt, std::span<const TokenId> ids,
                                  const VisionFeatures* vision) const {
    std::size_t count = 0;
    Cache cache(&count);
    Step step;
    step.cache = &cache;
    step.ids = ids;
    step.vision = vision;
    step.vision_rows = prompt.vision_rows;
    step.bidirectional = prompt.bidirectional;
    append(step);
    return logits_of(cache.states.back());
  }

  std::vector<Call> calls;
  std::vector<std::size_t> encode_calls;  ///< requests in each
  std::size_t caches = 0;                 ///< that live
  bool bidirectional = false;
  /// One in so many hashes ends an answer.
  std::uint64_t eos_every = 12;
  TokenId only_token = -1;                                ///< what it says always, where set
  std::function<void(std::span<const Step>)> on_forward;  ///< may throw
  std::function<void(std::uint64_t hash, std::size_t requests)> on_encode;

  /// The text of a step's sequence start: its tokens as `prompt` made them. For telling which
  /// sequence is at fault, where it begins anew.
  static std::string text_of(std::span<const TokenId> ids) {
    std::string text;
    for (const TokenId id : ids) {
      if (id >= 10 && id < 266) text += static_cast<char>(id - 10);
    }
    return text;
  }

 private:
  void append(const Step& step) const {
    auto& states = dynamic_cast<Cache&>(*step.cache).states;
    auto row = step.vision_rows.begin();
    for (const TokenId id : step.ids) {
      const std::size_t position = states.size();
      std::uint64_t input = mix_bits(static_cast<std::uint64_t>(id) + 77);
      if (row != step.vision_rows.end() && row->position == position) {
        require(step.vision != nullptr, "rows without features");
        input = dynamic_cast<const Features&>(*step.vision).values.at(row->row);
        ++row;
      }
      const std::uint64_t before = states.empty() ? step.bidirectional : states.back();
      states.push_back(mix_bits(before * 31 + input));
    }
    require(row == step.vision_rows.end(), "rows of tokens that do not come");
  }

  std::vector<float> logits_of(std::uint64_t state) const {
    std::vector<float> logits(info_.vocabulary);
    for (std::size_t i = 0; i < logits.size(); ++i) {
      logits[i] = static_cast<float>(mix_bits(state + i) % 1000) / 100;
    }
    if (only_token >= 0) logits[static_cast<std::size_t>(only_token)] = 12;
    if (eos_every > 0 && state % eos_every == 0) logits[kEos] = 11;
    return logits;
  }

  StepResult advance(const Step& step) const {
    const auto& states = dynamic_cast<const Cache&>(*step.cache).states;
    const std::size_t before = states.size();
    append(step);
    StepResult result;
    if (step.want == Step::Want::kAllLogits) {
      for (std::size_t i = before; i < states.size(); ++i) {
        const std::vector<float> row = logits_of(states[i]);
        result.logits.insert(result.logits.end(), row.begin(), row.end());
      }
      return result;
    }
    std::vector<float> logits = logits_of(states.back());
    const auto best = std::max_element(logits.begin(), logits.end());
    result.best = static_cast<TokenId>(best - logits.begin());
    if (step.logprob) {
      double sum = 0;
      for (const float logit : logits) sum += std::exp(double{logit} - *best);
      result.best_logprob = static_cast<float>(-std::log(sum));
    }
    if (step.want == Step::Want::kLogits) result.logits = std::move(logits);
    return result;
  }

  NetworkInfo info_;
  Tokenizer tokenizer_;
};

}  // namespace sightline::testing
