#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "models/api/model.h"
#include "models/generation/image_store.h"
#include "models/generation/network.h"
#include "models/generation/preparer.h"
#include "models/generation/sequence.h"
#include "models/generation/statistics.h"
#include "models/generation/step_runner.h"
#include "models/prompts/style.h"

namespace sightline {

struct GeneratorSettings {
  std::size_t max_batch = 32;  ///< sequences at a time, unless the exchange says another number
  std::size_t threads = 0;     ///< that process images; 0: none but the caller's
  std::uint64_t seed = 0;      ///< of requests that bring none
  bool skip_special_tokens = true;  ///< in the text of answers
  bool video = false;               ///< the images of a request are the frames of one video
  SharingSettings sharing;
};

/// Answers requests with a network, many at a time: a sequence that ends is replaced by the next at
/// once ("continuous batching"). Answers do not depend on what is answered together.
class Generator {
 public:
  /// All outlive the generator.
  Generator(Network& network, const PromptStyle& style, const GeneratorSettings& settings);

  /// Answers all that the exchange offers. What is wrong with a sample, or what goes wrong with it
  /// alone, is its response. Throws `UsageError` for decoding settings that cannot be followed.
  void serve(Exchange& exchange);

  const GenerationStatistics& statistics() const { return statistics_; }

 private:
  bool fetch(Exchange& exchange);
  bool admit(Exchange& exchange);
  std::unique_ptr<Sequence> next_sequence(Exchange& exchange);
  void give_finished(Exchange& exchange);
  std::size_t most_active() const;

  Network& network_;
  const GeneratorSettings settings_;
  GenerationStatistics statistics_;
  ImageStore images_;
  const PreparingParts parts_;
  StepRunner::Sequences active_;
  std::deque<std::unique_ptr<Sequence>> paused_;
  StepRunner runner_;
  std::unique_ptr<Preparer> preparer_;  // while serving
  std::size_t batch_ = 0;
};

}  // namespace sightline
