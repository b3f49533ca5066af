#include "metrics/detection/precision_recall.h"

#include <algorithm>
#include <limits>

#include "metrics/detection/score_order.h"

namespace sightline {

namespace {

std::uint32_t weight_of(std::uint32_t image, std::span<const std::uint32_t> image_weights) {
  return image_weights.empty() ? 1 : image_weights[image];
}

}  // namespace

std::vector<MatchedDetection> CategoryMatches::best_first() const {
  struct Key {
    std::uint64_t score;
    std::uint32_t index;
  };
  std::vector<Key> keys;
  keys.reserve(detections.size());
  for (const MatchedDetection& detection : detections) {
    keys.push_back({best_first_key(detection.score), static_cast<std::uint32_t>(keys.size())});
  }
  std::sort(keys.begin(), keys.end(), [](const Key& a, const Key& b) {
    return a.score != b.score ? a.score < b.score : a.index < b.index;
  });
  std::vector<MatchedDetection> sorted;
  sorted.reserve(keys.size());
  for (const Key& key : keys) sorted.push_back(detections[key.index]);
  return sorted;
}

void CurveTracer::collect_entries(std::span<const MatchedDetection> best_first,
                                  std::span<const std::uint32_t> image_weights, const Place& place,
                                  const CocoParameters& parameters) {
  const std::size_t thresholds = parameters.iou_thresholds.size();
  const Cells row = ~Cells{0} >> (Matcher::kMaxCells - thresholds);
  const std::size_t shift = place.area * thresholds;
  const std::size_t limit = parameters.max_detections[place.limit];
  entries_.clear();
  for (const MatchedDetection& detection : best_first) {
    if (detection.rank >= limit) continue;
    const std::uint32_t weight = weight_of(detection.image, image_weights);
    const Entry entry{detection.outcome.true_positive >> shift & row,
                      detection.outcome.false_positive >> shift & row, detection.score, weight};
    // One that is ignored everywhere matters only in front, where its score is that of recall 0.
    const bool counts = (entry.true_positive | entry.false_positive) != 0 || entries_.empty();
    if (weight > 0 && counts) entries_.push_back(entry);
  }
}

std::span<const CurveTracer::Hit> CurveTracer::collect_hits(std::size_t threshold) {
  // np.spacing(1), which keeps the reference's division from 0 / 0.
  constexpr double kSpacing = std::numeric_limits<double>::epsilon();
  if (hit_memory_.size() <= entries_.size()) hit_memory_.resize(entries_.size() + 1);
  Hit* hit = hit_memory_.data();
  std::int64_t true_positives = 0;
  std::int64_t false_positives = 0;
  // Every entry is written and kept only if it is a hit: hits are too irregular to branch on.
  for (const Entry& entry : entries_) {
    const std::int64_t weight = entry.weight;
    const bool is_hit = (entry.true_positive >> threshold & 1) != 0;
    true_positives += is_hit ? weight : 0;
    false_positives += (entry.false_positive >> threshold & 1) != 0 ? weight : 0;
    hit->true_positives = true_positives;
    hit->false_positives = false_positives;
    hit->score = entry.score;
    hit += is_hit;
  }
  const std::span<Hit> hits(hit_memory_.data(), hit);
  double best = 0;
  for (std::size_t i = hits.size(); i-- > 0;) {
    const auto found = static_cast<double>(hits[i].true_positives);
    const auto wrong = static_cast<double>(hits[i].false_positives);
    best = std::max(best, found / (wrong + found + kSpacing));
    hits[i].precision = best;
  }
  return hits;
}

void CurveTracer::write_curve(std::size_t threshold, std::span<const Hit> hits, std::int64_t truths,
                              const Place& place, CocoResult& result) const {
  const auto total = static_cast<double>(truths);
  const auto recall_at = [&](const Hit& hit) {
    return static_cast<double>(hit.true_positives) / total;
  };
  const auto [k, a, m] = place;
  result.recall[result.recall_index(threshold, k, a, m)] =
      hits.empty() ? 0 : recall_at(hits.back());
  const std::vector<double>& recalls = result.parameters.recall_thresholds;
  auto hit = hits.begin();
  for (std::size_t r = 0; r < recalls.size(); ++r) {
    while (hit != hits.end() && recall_at(*hit) < recalls[r]) ++hit;
    const bool reached = hit != hits.end();
    double score = reached ? hit->score : 0;
    // Recall 0 is reached by the first detection, whatever it is.
    if (recalls[r] <= 0 && !entries_.empty()) score = entries_.front().score;
    const std::size_t index = result.precision_index(threshold, r, k, a, m);
    result.precision[index] = reached ? hit->precision : 0;
    result.scores[index] = score;
  }
}

void CurveTracer::trace(std::span<const MatchedTruth> truths,
                        std::span<const MatchedDetection> best_first,
                        std::span<const std::uint32_t> image_weights, const Place& place,
                        CocoResult& result) {
  const std::size_t thresholds = result.parameters.iou_thresholds.size();
  const Cells first_of_area = Cells{1} << (place.area * thresholds);
  std::int64_t total = 0;
  for (const MatchedTruth& truth : truths) {
    if ((truth.ignored & first_of_area) == 0) total += weight_of(truth.image, image_weights);
  }
  if (total == 0) return;
  collect_entries(best_first, image_weights, place, result.parameters);
  for (std::size_t threshold = 0; threshold < thresholds; ++threshold) {
    write_curve(threshold, collect_hits(threshold), total, place, result);
  }
}

}  // namespace sightline
