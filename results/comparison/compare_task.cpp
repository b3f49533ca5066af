#include "results/comparison/compare_task.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "harness/base/error.h"
#include "metrics/decision/few_changes.h"

namespace sightline {

namespace {

/// The samples that both sides have, as places in each, in the base's order.
struct Pairs {
  std::vector<std::size_t> base, next;
};

Pairs pair_samples(const TaskSamples& base, const TaskSamples& next) {
  std::unordered_map<std::string_view, std::size_t> places;
  places.reserve(next.ids.size());
  for (std::size_t i = 0; i < next.ids.size(); ++i) {
    require(places.emplace(next.ids[i], i).second, "the sample '{}' is there twice", next.ids[i]);
  }
  Pairs pairs;
  for (std::size_t i = 0; i < base.ids.size(); ++i) {
    const auto found = places.find(base.ids[i]);
    if (found == places.end()) continue;
    pairs.base.push_back(i);
    pairs.next.push_back(found->second);
  }
  return pairs;
}

/// A number for each image of the pairs; every sample its own where images are not known.
std::vector<std::uint32_t> clusters_of(const TaskSamples& base, const Pairs& pairs) {
  std::vector<std::uint32_t> clusters(pairs.base.size());
  std::unordered_map<std::string_view, std::uint32_t> numbers;
  for (std::size_t i = 0; i < clusters.size(); ++i) {
    const std::string_view image =
        base.images.empty() ? std::string_view() : std::string_view(base.images[pairs.base[i]]);
    const std::string_view name = image.empty() ? std::string_view(base.ids[pairs.base[i]]) : image;
    clusters[i] = numbers.emplace(name, static_cast<std::uint32_t>(numbers.size())).first->second;
  }
  return clusters;
}

/// Scores of the samples that have one on both sides.
struct PairedScores {
  std::vector<std::size_t> pairs;  // places in `Pairs`
  std::vector<double> base, next;
  std::vector<std::uint32_t> clusters;
};

bool is_binary(const std::vector<double>& scores) {
  return std::ranges::all_of(scores, [](double score) { return score == 0 || score == 1; });
}

bool all_finite(const std::vector<double>& scores) {
  return std::ranges::all_of(scores, [](double score) { return std::isfinite(score); });
}

double mean_of(const std::vector<double>& scores) {
  double sum = 0;
  for (const double score : scores) sum += score;
  return sum / static_cast<double>(scores.size());
}

/// One task of both runs, paired.
class TaskPair {
 public:
  TaskPair(const TaskSamples& base, const TaskSamples& next, const CompareSettings& settings)
      : base_(base),
        next_(next),
        settings_(settings),
        pairs_(pair_samples(base, next)),
        clusters_(clusters_of(base, pairs_)),
        complete_(pairs_.base.size() == base.ids.size() && pairs_.base.size() == next.ids.size()) {}

  TaskComparison compare() {
    TaskComparison task{.task = base_.result.name};
    rescore();
    for (const MetricValue& metric : base_.result.metrics) {
      if (const MetricValue* other = counterpart_of(metric, next_.result)) {
        task.metrics.push_back(compare(metric, *other));
      }
    }
    add_flips(task);
    task.same_answers = complete_ && task.all_flips == 0 && !base_.result.answers_sha256.empty() &&
                        base_.result.answers_sha256 == next_.result.answers_sha256;
    return task;
  }

 private:
  bool has_samples(const std::string& key) const {
    return base_.values.contains(key) && next_.values.contains(key);
  }

  bool has_whole_set_metric() const {
    return std::ranges::any_of(base_.result.metrics, [&](const MetricValue& metric) {
      const MetricValue* other = counterpart_of(metric, next_.result);
      return other != nullptr && metric.value && other->value && !has_samples(metric.key);
    });
  }

  /// Scores the metrics of the whole set again, on resampled images.
  void rescore() {
    if (!has_whole_set_metric() || pairs_.base.empty()) return;
    if (!base_.rescore || !next_.rescore) {
      why_not_ = base_.rescore ? next_.why_not : base_.why_not;
      return;
    }
    if (!std::ranges::is_sorted(pairs_.next)) {
      why_not_ = "the runs hold their images in different orders, so they cannot be drawn alike";
      return;
    }
    try {
      const Bootstrap bootstrap{.replicates = settings_.replicates, .seed = settings_.seed};
      base_numbers_ = base_.rescore(pairs_.base, bootstrap);
      next_numbers_ = next_.rescore(pairs_.next, bootstrap);
    } catch (const Error& error) {
      why_not_ = error.message();
    }
  }

  MetricComparison compare(const MetricValue& base, const MetricValue& next) const {
    MetricComparison metric{.task = base_.result.name,
                            .metric = base.key,
                            .unit = base.unit,
                            .higher_is_better = base.higher_is_better};
    metric.samples = std::ssize(pairs_.base);
    metric.clusters = number_of_clusters(clusters_);
    if (!base.value || !next.value) {
      metric.note = one_sided_note(base, next);
    } else if (has_samples(base.key)) {
      compare_samples(base, next, metric);
    } else {
      compare_whole_sets(base, next, metric);
    }
    return metric;
  }

  static std::int64_t number_of_clusters(const std::vector<std::uint32_t>& clusters) {
    std::vector<std::uint32_t> sorted = clusters;
    std::ranges::sort(sorted);
    return std::unique(sorted.begin(), sorted.end()) - sorted.begin();
  }

  static std::string one_sided_note(const MetricValue& base, const MetricValue& next) {
    const MetricValue& without = base.value ? next : base;
    const char* side = base.value ? "the new run" : next.value ? "the base" : "either run";
    return fmt::format("no value in {}{}", side, without.note.empty() ? "" : ": " + without.note);
  }

  PairedScores paired_scores(const std::string& key) const {
    PairedScores scores;
    const std::vector<double>& base = base_.values.at(key);
    const std::vector<double>& next = next_.values.at(key);
    for (std::size_t i = 0; i < pairs_.base.size(); ++i) {
      const double left = base[pairs_.base[i]], right = next[pairs_.next[i]];
      if (std::isnan(left) || std::isnan(right)) continue;
      scores.pairs.push_back(i);
      scores.base.push_back(left);
      scores.next.push_back(right);
      scores.clusters.push_back(clusters_[i]);
    }
    return scores;
  }

  void compare_samples(const MetricValue& base, const MetricValue& next,
                       MetricComparison& metric) const {
    const PairedScores scores = paired_scores(base.key);
    metric.has_samples = true;
    metric.samples = std::ssize(scores.base);
    metric.clusters = number_of_clusters(scores.clusters);
    if (scores.base.empty()) {
      metric.note = "no sample has a score in both runs";
      return;
    }
    count_outcomes(scores, metric);
    const bool all = metric.samples == base.n && metric.samples == next.n;
    metric.base = all ? *base.value : mean_of(scores.base);
    metric.next = all ? *next.value : mean_of(scores.next);
    if (!all) {
      metric.note = fmt::format("over the {} samples with a score in both runs", metric.samples);
    }
    if (!all_finite(scores.base) || !all_finite(scores.next)) {
      metric.note = "some samples have an infinite score, so the mean difference is not defined";
      return;
    }
    std::vector<double> differences(scores.base.size());
    for (std::size_t i = 0; i < differences.size(); ++i) {
      differences[i] = scores.next[i] - scores.base[i];
    }
    metric.estimate = mean_difference(differences, scores.clusters);
    test_samples(scores, metric);
  }

  static void count_outcomes(const PairedScores& scores, MetricComparison& metric) {
    for (std::size_t i = 0; i < scores.base.size(); ++i) {
      const bool up = scores.next[i] > scores.base[i], down = scores.next[i] < scores.base[i];
      const bool won = metric.higher_is_better ? up : down;
      const bool lost = metric.higher_is_better ? down : up;
      metric.won += won;
      metric.lost += lost;
      metric.tied += !won && !lost;
    }
  }

  static void test_samples(const PairedScores& scores, MetricComparison& metric) {
    const bool clustered = metric.clusters < metric.samples;
    metric.method = clustered ? "paired t, clustered by image" : "paired t";
    metric.p_value = p_two_sided(*metric.estimate);
    if (metric.p_value && has_few_changes(*metric.estimate)) {
      metric.method += ", and a sign test of the few images that differ";
      metric.p_value = std::max(*metric.p_value, p_sign_two_sided(*metric.estimate));
    }
    if (!is_binary(scores.base) || !is_binary(scores.next)) return;
    metric.mcnemar = mcnemar_exact(static_cast<std::uint64_t>(metric.won),
                                   static_cast<std::uint64_t>(metric.lost));
    if (clustered) return;  // McNemar's test takes every sample for independent
    metric.method = "exact McNemar; interval: paired t";
    metric.p_value = metric.mcnemar;
  }

  void compare_whole_sets(const MetricValue& base, const MetricValue& next,
                          MetricComparison& metric) const {
    const auto left = base_numbers_.find(base.key), right = next_numbers_.find(base.key);
    const bool scored = left != base_numbers_.end() && right != next_numbers_.end();
    if (!scored && !complete_) {
      metric.note = "the runs hold other samples, and cannot be scored again on those in common" +
                    (why_not_.empty() ? "" : ": " + why_not_);
      return;
    }
    metric.base = complete_ ? *base.value : left->second.value;
    metric.next = complete_ ? *next.value : right->second.value;
    if (base.unit == "FID") return compare_frechet(base, next, metric);
    const double difference = *metric.next - *metric.base;
    if (!std::isfinite(difference)) {
      metric.note = "a value is infinite";
      return;
    }
    std::vector<double> replicates;
    if (scored) {
      const std::size_t count =
          std::min(left->second.replicates.size(), right->second.replicates.size());
      for (std::size_t i = 0; i < count; ++i) {
        replicates.push_back(right->second.replicates[i] - left->second.replicates[i]);
      }
    }
    const std::size_t count = replicates.size();
    metric.estimate = bootstrap_difference(difference, std::move(replicates),
                                           static_cast<std::size_t>(metric.samples),
                                           static_cast<std::size_t>(metric.clusters));
    if (metric.estimate->standard_error) {
      metric.method = fmt::format("paired bootstrap over images, {} replicates", count);
      metric.p_value = p_two_sided(*metric.estimate);
    } else {
      metric.note = "no interval: " + reason_without_interval();
    }
  }

  std::string reason_without_interval() const {
    if (!why_not_.empty()) return why_not_;
    if (settings_.replicates < 2) return "no bootstrap was asked for";
    return "this metric is not resampled";
  }

  static void compare_frechet(const MetricValue& base, const MetricValue& next,
                              MetricComparison& metric) {
    if (base.n != next.n) {
      metric.note = fmt::format(
          "{} images against {}: a Fréchet distance falls as their number grows, so there is no "
          "difference to show",
          base.n, next.n);
      return;
    }
    metric.estimate = bootstrap_difference(*metric.next - *metric.base, {},
                                           static_cast<std::size_t>(metric.samples),
                                           static_cast<std::size_t>(metric.clusters));
    metric.note = fmt::format(
        "at equal N = {}; no interval: resampling repeats images, which moves a Fréchet distance "
        "itself",
        base.n);
  }

  /// The headline metric that samples have a score of.
  void add_flips(TaskComparison& task) const {
    const auto headline = std::ranges::find_if(
        task.metrics, [](const MetricComparison& metric) { return metric.has_samples; });
    if (headline == task.metrics.end()) return;
    task.flip_metric = headline->metric;
    task.all_flips = headline->won + headline->lost;
    const PairedScores scores = paired_scores(headline->metric);
    std::vector<std::size_t> lost, won;
    for (std::size_t i = 0; i < scores.base.size(); ++i) {
      if (scores.base[i] == scores.next[i]) continue;
      const bool up = scores.next[i] > scores.base[i];
      (up == headline->higher_is_better ? won : lost).push_back(i);
    }
    const auto size = [&](std::size_t i) { return std::abs(scores.next[i] - scores.base[i]); };
    for (std::vector<std::size_t>* side : {&lost, &won}) {
      std::ranges::stable_sort(*side, [&](auto a, auto b) { return size(a) > size(b); });
    }
    const std::size_t most = settings_.most_flips;
    const std::size_t losses =
        std::min(lost.size(), std::max(most / 2, most - std::min(most, won.size())));
    lost.resize(losses);
    won.resize(std::min(won.size(), most - losses));
    for (const std::vector<std::size_t>* side : {&lost, &won}) {
      for (const std::size_t i : *side) task.flips.push_back(flip(scores, i));
    }
  }

  Flip flip(const PairedScores& scores, std::size_t i) const {
    const std::size_t left = pairs_.base[scores.pairs[i]], right = pairs_.next[scores.pairs[i]];
    Flip flip{.id = base_.ids[left],
              .image = base_.images.empty() ? "" : base_.images[left],
              .base_score = scores.base[i],
              .next_score = scores.next[i]};
    const auto words = [](const SampleText& text) {
      return text.outcome.empty() || text.outcome == "ok" ? text.answer
                                                          : fmt::format("[{}]", text.outcome);
    };
    if (base_.text) {
      const SampleText text = base_.text(left);
      flip.question = text.question;
      flip.base_answer = words(text);
    }
    if (next_.text) flip.next_answer = words(next_.text(right));
    return flip;
  }

  const TaskSamples& base_;
  const TaskSamples& next_;
  const CompareSettings& settings_;
  Pairs pairs_;
  std::vector<std::uint32_t> clusters_;
  bool complete_;  // both sides hold the same samples
  std::map<std::string, ResampledNumber> base_numbers_, next_numbers_;
  std::string why_not_;
};

}  // namespace

const MetricValue* counterpart_of(const MetricValue& metric, const TaskResult& other) {
  const auto found = std::ranges::find_if(other.metrics, [&](const MetricValue& candidate) {
    return candidate.key == metric.key && candidate.unit == metric.unit &&
           candidate.rules == metric.rules;
  });
  return found == other.metrics.end() ? nullptr : &*found;
}

TaskComparison compare_task(const TaskSamples& base, const TaskSamples& next,
                            const CompareSettings& settings) {
  return TaskPair(base, next, settings).compare();
}

}  // namespace sightline
