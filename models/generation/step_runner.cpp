#include "models/generation/step_runner.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <new>
#include <set>
#include <utility>

#include "harness/base/error.h"
#include "harness/base/parallel.h"

namespace sightline {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Parts of `all`, in order, whose costs add up to `most`; a part of one may cost more.
template <typename Cost>
std::vector<std::span<Sequence* const>> in_portions(std::span<Sequence* const> all,
                                                    std::size_t most, const Cost& cost) {
  std::vector<std::span<Sequence* const>> portions;
  for (std::size_t begin = 0, end = 0; begin < all.size(); begin = end) {
    std::size_t left = most - std::min(most, cost(*all[end]));
    while (++end < all.size()) {
      const std::size_t next = cost(*all[end]);
      if (next > left) break;
      left -= next;
    }
    portions.push_back(all.subspan(begin, end - begin));
  }
  return portions;
}

}  // namespace

StepRunner::StepRunner(Network& network, const Sequences& active, ImageStore& images,
                       const SharingSettings& settings, GenerationStatistics& statistics)
    : network_(network),
      active_(active),
      images_(images),
      prefixes_(settings.prefix_bytes, settings.least_shared_tokens),
      settings_(settings),
      statistics_(statistics),
      most_sequences_(std::numeric_limits<std::size_t>::max()) {}

void StepRunner::start() {
  std::vector<Sequence*> fresh;
  for (const auto& sequence : active_) {
    if (sequence->running() && sequence->cache() == nullptr) fresh.push_back(sequence.get());
  }
  encode(fresh);
  prefill(std::move(fresh));
}

void StepRunner::decode() {
  std::vector<Sequence*> group;
  for (const auto& sequence : active_) {
    if (sequence->running()) group.push_back(sequence.get());
  }
  attempt(group, [this](Group part) { step(part); });
}

void StepRunner::encode(std::vector<Sequence*> fresh) {
  std::erase_if(fresh, [](const Sequence* sequence) { return sequence->images() == nullptr; });
  std::size_t encoded = 0;
  const std::size_t wanted = fresh.size();
  for (;;) {
    std::erase_if(fresh, [](const Sequence* sequence) {
      return !sequence->running() || sequence->images()->features() != nullptr;
    });
    if (fresh.empty()) break;
    // One for each set of images. Should that one fail, the next with the set tries.
    std::vector<Sequence*> group;
    std::set<const ImageSet*> seen;
    for (Sequence* sequence : fresh) {
      if (seen.insert(sequence->images()).second) group.push_back(sequence);
    }
    encoded += group.size();
    const auto values = [](const Sequence& sequence) {
      return sequence.images()->pixels().pixel_values.values.size();
    };
    for (const Group portion : in_portions(group, settings_.encode_values, values)) {
      attempt(portion, [this](Group part) { encode_group(part); });
    }
  }
  statistics_.images_encoded += encoded;
  statistics_.images_reused += wanted - std::min(wanted, encoded);
  images_.trim();
}

void StepRunner::encode_group(Group group) {
  std::vector<const ProcessedImages*> pixels;
  for (const Sequence* sequence : group) pixels.push_back(&sequence->images()->pixels());
  const Clock::time_point begin = Clock::now();
  auto features = network_.encode(pixels);
  require(features.size() == group.size(), "the network encoded {} requests of {}", features.size(),
          group.size());
  const double seconds = seconds_since(begin);
  statistics_.vision_s += seconds;
  for (std::size_t i = 0; i < group.size(); ++i) {
    group[i]->images()->set_features(std::move(features[i]));
    group[i]->vision_s += seconds / static_cast<double>(group.size());
  }
}

void StepRunner::prefill(std::vector<Sequence*> fresh) {
  for (;;) {
    std::erase_if(fresh, [](const Sequence* sequence) { return !sequence->running(); });
    if (fresh.empty()) return;
    const std::vector<Sequence*> leaders = take_leaders(fresh);
    const auto tokens = [this](const Sequence& sequence) {
      return sequence.unseen() - longest_prefix(sequence).length;
    };
    for (const Group portion : in_portions(leaders, settings_.prefill_tokens, tokens)) {
      attempt(portion, [this](Group part) { step(part); });
    }
  }
}

/// Takes from `fresh` those that share no long start with one of them, beyond what is there
/// already; the others have their turn when that start has been computed.
std::vector<Sequence*> StepRunner::take_leaders(std::vector<Sequence*>& fresh) {
  if (!settings_.share) return std::exchange(fresh, {});
  std::vector<Sequence*> leaders, followers;
  for (Sequence* sequence : fresh) {
    const std::size_t worth = longest_prefix(*sequence).length + settings_.least_shared_tokens;
    const bool follows = std::any_of(leaders.begin(), leaders.end(), [&](const Sequence* leader) {
      return shared_prefix(sequence->prompt(), leader->prompt()) >= worth;
    });
    (follows ? followers : leaders).push_back(sequence);
  }
  fresh = std::move(followers);
  return leaders;
}

PrefixMatch StepRunner::longest_prefix(const Sequence& sequence) {
  if (!settings_.share) return {};
  PrefixMatch best = prefixes_.find(sequence.prompt());
  for (const auto& other : active_) {
    if (other->cache() == nullptr || other.get() == &sequence) continue;
    const std::size_t length =
        std::min(shared_prefix(sequence.prompt(), other->prompt()), other->cache()->length());
    if (length > best.length) best = {other->cache(), length};
  }
  return best.length >= settings_.least_shared_tokens ? best : PrefixMatch{};
}

void StepRunner::attach_cache(Sequence& sequence) {
  if (sequence.cache() != nullptr) return;
  const PrefixMatch prefix = longest_prefix(sequence);
  sequence.set_cache(prefix.length > 0 ? prefix.cache->fork(prefix.length)
                                       : network_.new_cache(sequence.expected_length()));
}

void StepRunner::step(Group group) {
  for (Sequence* sequence : group) attach_cache(*sequence);
  std::vector<Step> steps;
  for (Sequence* sequence : group) steps.push_back(sequence->step());
  const auto in_prompt = [](const Sequence* sequence) { return sequence->in_prompt(); };
  const bool prefill = std::any_of(group.begin(), group.end(), in_prompt);
  const Clock::time_point begin = Clock::now();
  const std::vector<StepResult> results = network_.forward(steps);
  require(results.size() == group.size(), "the network gave {} results for {} sequences",
          results.size(), group.size());
  account(group, prefill, seconds_since(begin));
  const auto accept = [&](std::size_t first, std::size_t last) {
    for (std::size_t i = first; i < last; ++i) group[i]->accept(results[i]);
  };
  const bool has_logits =
      std::any_of(results.begin(), results.end(), [](const auto& r) { return !r.logits.empty(); });
  if (has_logits) {
    parallel_for(group.size(), 1, accept);
  } else {
    accept(0, group.size());
  }
  for (const Sequence* sequence : group)
    statistics_.cut_at_positions += sequence->cut_at_positions();
}

void StepRunner::account(Group group, bool prefill, double seconds) {
  std::size_t tokens = 0;
  for (const Sequence* sequence : group) tokens += sequence->unseen();
  const double share = seconds / static_cast<double>(tokens);
  for (Sequence* sequence : group) {
    double& time = sequence->in_prompt() ? sequence->prefill_s : sequence->decode_s;
    time += share * static_cast<double>(sequence->unseen());
    if (!prefill) continue;
    statistics_.prompt_tokens += sequence->unseen();
    statistics_.reused_tokens += sequence->cache()->length() - sequence->unseen();
  }
  statistics_.generated_tokens += group.size();
  ++(prefill ? statistics_.prefill_calls : statistics_.decode_calls);
  (prefill ? statistics_.prefill_s : statistics_.decode_s) += seconds;
  if (!prefill) statistics_.decoded_tokens += group.size();
}

void StepRunner::keep_prefix(Sequence& sequence) {
  if (!settings_.share || sequence.cache() == nullptr) return;
  if (sequence.cache()->length() < sequence.prompt_size()) return;
  if (sequence.prompt().prompt->bidirectional != 0) return;
  prefixes_.add(sequence.take_prompt(), sequence.image_key(), sequence.take_cache());
}

void StepRunner::attempt(Group group, const Work& work) {
  if (group.empty()) return;
  const bool alone = group.size() == 1;
  try {
    return work(group);
  } catch (const UsageError&) {
    throw;
  } catch (const StopError&) {
    throw;
  } catch (const Error& error) {
    if (alone) return group[0]->fail_with(Outcome::kModelError, error.what());
  } catch (const std::bad_alloc&) {
    const bool freed = free_memory();
    if (alone && !freed) return out_of_memory(*group[0]);
  }
  ++statistics_.retries;
  for (Sequence* sequence : group) sequence->check_cache();
  for (Sequence* const& sequence : group) {
    if (sequence->running()) attempt({&sequence, 1}, work);
  }
}

/// Lets go of what is kept for later. Fewer prompts will be taken at a time.
bool StepRunner::free_memory() {
  constexpr std::size_t kFewTokens = 256;
  settings_.prefill_tokens = std::max(settings_.prefill_tokens / 2, kFewTokens);
  const bool prefixes = prefixes_.clear();
  const bool features = images_.clear();
  return prefixes || features;
}

/// Called for a sequence that was alone in the call. Beside others it waits until there are fewer
/// of them; otherwise it can never be answered.
void StepRunner::out_of_memory(Sequence& sequence) {
  const auto others = std::count_if(active_.begin(), active_.end(), [&](const auto& other) {
    return other.get() != &sequence && other->running() && other->cache() != nullptr;
  });
  if (others == 0) {
    return sequence.fail_with(
        Outcome::kOom, fmt::format("no memory for a prompt of {} tokens, alone in the network",
                                   sequence.prompt_size()));
  }
  most_sequences_ = static_cast<std::size_t>(others);
  spdlog::warn("memory has room for {} answers at a time; a smaller --batch_size saves retries",
               others);
  sequence.pause();
}

}  // namespace sightline
