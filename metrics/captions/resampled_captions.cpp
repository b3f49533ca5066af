#include "metrics/captions/resampled_captions.h"

#include <fmt/format.h>

#include <cstdint>
#include <span>
#include <vector>

#include "harness/base/vectorise.h"

namespace sightline {

namespace {

using Weights = std::span<const std::uint32_t>;

/// One count of every image: 32 bits, which no caption exceeds.
using Column = std::vector<std::uint32_t>;

SIGHTLINE_VECTORISED
std::int64_t weighted_sum(const std::uint32_t* weights, const std::uint32_t* counts,
                          std::size_t images) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < images; ++i) sum += std::uint64_t{weights[i]} * counts[i];
  return static_cast<std::int64_t>(sum);
}

/// In a fixed order: eight running sums, so that wide registers and narrow ones agree.
SIGHTLINE_VECTORISED
double weighted_sum(const std::uint32_t* weights, const double* values, std::size_t images) {
  constexpr std::size_t kLanes = 8;
  double sums[kLanes] = {};
  std::size_t i = 0;
  for (; i + kLanes <= images; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      sums[lane] +=
          static_cast<double>(static_cast<std::int32_t>(weights[i + lane])) * values[i + lane];
    }
  }
  double sum = 0;
  for (const double lane : sums) sum += lane;
  for (; i < images; ++i) sum += weights[i] * values[i];
  return sum;
}

/// The counts that BLEU is made of, each as a column over images.
struct BleuColumns {
  Column candidate_length, reference_length;
  std::array<Column, kMaxNgram> guessed, correct;
};

BleuColumns columns_of(const std::vector<BleuCounts>& counts) {
  const auto column = [&](auto value_of) {
    Column values(counts.size());
    for (std::size_t i = 0; i < counts.size(); ++i) {
      values[i] = static_cast<std::uint32_t>(value_of(counts[i]));
    }
    return values;
  };
  BleuColumns columns;
  columns.candidate_length = column([](const BleuCounts& c) { return c.candidate_length; });
  columns.reference_length = column([](const BleuCounts& c) { return c.reference_length; });
  for (std::size_t n = 0; n < kMaxNgram; ++n) {
    columns.guessed[n] = column([n](const BleuCounts& c) { return c.guessed[n]; });
    columns.correct[n] = column([n](const BleuCounts& c) { return c.correct[n]; });
  }
  return columns;
}

BleuCounts weighted_counts(const BleuColumns& columns, Weights weights) {
  const auto sum = [&](const Column& column) {
    return weighted_sum(weights.data(), column.data(), weights.size());
  };
  BleuCounts total;
  total.candidate_length = sum(columns.candidate_length);
  total.reference_length = sum(columns.reference_length);
  for (std::size_t n = 0; n < kMaxNgram; ++n) {
    total.guessed[n] = sum(columns.guessed[n]);
    total.correct[n] = sum(columns.correct[n]);
  }
  return total;
}

constexpr double kMostCider = 10;  // CIDEr-D's factor on cosines

}  // namespace

std::map<std::string, ResampledNumber> bootstrap_captions(const CaptionScores& scores,
                                                          const Bootstrap& bootstrap) {
  const std::size_t images = scores.image_counts.size();
  if (images == 0) return {};
  const BleuColumns columns = columns_of(scores.image_counts);
  const auto mean = [&](Weights weights, const std::vector<double>& values) {
    return weighted_sum(weights.data(), values.data(), images) / static_cast<double>(images);
  };
  auto numbers = resample(images, bootstrap, [&](Weights weights) {
    const auto of_counts = bleu(weighted_counts(columns, weights));
    std::vector<double> values(of_counts.begin(), of_counts.end());
    values.push_back(mean(weights, scores.image_rouge_l));
    values.push_back(mean(weights, scores.image_cider));
    return values;
  });
  std::map<std::string, ResampledNumber> by_key;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const std::string key = i < kMaxNgram    ? fmt::format("bleu{}", i + 1)
                            : i == kMaxNgram ? "rouge_l"
                                             : "cider";
    by_key[key] = std::move(numbers[i]);
    by_key[key].limits = key == "cider" ? Interval{0, kMostCider} : kFractions;
  }
  return by_key;
}

}  // namespace sightline
