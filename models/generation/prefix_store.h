#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <string>

#include "models/generation/network.h"

namespace sightline {

/// A prompt and the images it is about, for comparing.
struct PromptView {
  const Prompt* prompt = nullptr;
  const std::string* images = nullptr;  ///< `ImageSet::key`
};

/// How many tokens at the start of `a` have the keys and values that they have in `b`: equal ids,
/// and features of the same images at the same positions. It never ends between the features of one
/// image, nor has it the last token of `a`, which says what comes next. 0 unless both are causal.
std::size_t shared_prefix(const PromptView& a, const PromptView& b);

/// Keys and values of a prompt, the first `length` tokens of which may be copied.
struct PrefixMatch {
  const SequenceCache* cache = nullptr;
  std::size_t length = 0;
};

/// Keys and values of prompts that were answered, for prompts that start as they did. Those used
/// longest ago go first.
class PrefixStore {
 public:
  PrefixStore(std::size_t most_bytes, std::size_t least_tokens)
      : most_bytes_(most_bytes), least_tokens_(least_tokens) {}

  /// The longest start that `prompt` shares with one of these. It counts as used.
  PrefixMatch find(const PromptView& prompt);
  /// Keeps what `cache` holds of `prompt`, in place of earlier ones with a common start of
  /// `least_tokens`.
  void add(Prompt prompt, std::string images, std::unique_ptr<SequenceCache> cache);
  /// False when there was nothing to let go of.
  bool clear();

 private:
  struct Entry {
    Prompt prompt;
    std::string images;
    std::unique_ptr<SequenceCache> cache;
    PromptView view() const { return {&prompt, &images}; }
  };

  const std::size_t most_bytes_, least_tokens_;
  std::list<Entry> entries_;  // the last used at the end
};

}  // namespace sightline
