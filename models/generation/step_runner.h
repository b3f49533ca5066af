#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "models/generation/image_store.h"
#include "models/generation/network.h"
#include "models/generation/prefix_store.h"
#include "models/generation/sequence.h"
#include "models/generation/statistics.h"

namespace sightline {

/// What a generator computes at a time, and what it keeps so as not to compute it again.
struct SharingSettings {
  bool share = true;  ///< vision features and keys and values of common starts
  std::size_t feature_bytes = std::size_t{1} << 30;
  std::size_t prefix_bytes = std::size_t{1} << 30;
  std::size_t least_shared_tokens = 64;  ///< a common start is worth a copy from here on
  std::size_t prefill_tokens = 4096;     ///< a call, unless one prompt alone has more
  std::size_t encode_values = std::size_t{8} << 20;  ///< floats of pixels a call, likewise
};

/// Takes the active sequences through the network, all in one call. When a call fails, its
/// sequences are tried one by one, so that only the one at fault is charged with it. A sequence for
/// which there is no memory beside others is paused.
class StepRunner {
 public:
  using Sequences = std::vector<std::unique_ptr<Sequence>>;

  /// All outlive the runner.
  StepRunner(Network& network, const Sequences& active, ImageStore& images,
             const SharingSettings& settings, GenerationStatistics& statistics);

  /// Encodes the images and prompts of active sequences that have not begun, which gives each its
  /// first token. Where several start alike, the common start is computed once.
  void start();
  /// Gives each of the running sequences its next token.
  void decode();
  /// Keeps the prompt's keys and values of a sequence that is done.
  void keep_prefix(Sequence& sequence);
  /// Sequences at a time that memory has proved to have room for.
  std::size_t most_sequences() const { return most_sequences_; }

 private:
  using Group = std::span<Sequence* const>;
  using Work = std::function<void(Group)>;

  void encode(std::vector<Sequence*> fresh);
  void encode_group(Group group);
  void prefill(std::vector<Sequence*> fresh);
  std::vector<Sequence*> take_leaders(std::vector<Sequence*>& fresh);
  void step(Group group);
  void attach_cache(Sequence& sequence);
  PrefixMatch longest_prefix(const Sequence& sequence);
  void account(Group group, bool prefill, double seconds);

  void attempt(Group group, const Work& work);
  bool free_memory();
  void out_of_memory(Sequence& sequence);

  Network& network_;
  const Sequences& active_;
  ImageStore& images_;
  PrefixStore prefixes_;
  SharingSettings settings_;
  GenerationStatistics& statistics_;
  std::size_t most_sequences_;
};

}  // namespace sightline
