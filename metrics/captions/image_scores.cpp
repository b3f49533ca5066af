#include "metrics/captions/image_scores.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>

namespace sightline {

namespace {

constexpr double kSigma = 6.0;
constexpr double kBeta = 1.2;

std::int64_t closest_length(std::span<const std::int64_t> lengths, std::int64_t candidate) {
  return *std::ranges::min_element(lengths, {}, [candidate](std::int64_t length) {
    return std::pair(std::abs(length - candidate), length);
  });
}

std::int64_t ngrams_in(std::size_t words, std::size_t n) {
  return words < n ? 0 : static_cast<std::int64_t>(words - n + 1);
}

}  // namespace

void ImageScorer::count(std::size_t caption, std::size_t n, Vector& vector) {
  const NgramTable& table = tables_[n];
  const std::uint32_t begin = captions_.caption_begins[caption];
  const std::uint32_t end = captions_.caption_begins[caption + 1];
  const std::size_t size = std::bit_ceil(std::size_t{2} * (end - begin) + 2);
  slots_.assign(size, 0);
  vector.grams.clear();
  for (std::uint32_t at = begin; at + n < end; ++at) {
    const std::uint32_t number = table.at_token[at];
    std::size_t slot = (number * 0x9E3779B9u >> 7) & (size - 1);
    while (slots_[slot] != 0 && vector.grams[slots_[slot] - 1].number != number) {
      slot = (slot + 1) & (size - 1);
    }
    if (slots_[slot] == 0) {
      vector.grams.push_back({number, 0, 0});
      slots_[slot] = static_cast<std::uint32_t>(vector.grams.size());
    }
    ++vector.grams[slots_[slot] - 1].count;
  }
  const double log_images = log_of_.back();
  double squares = 0;
  for (Gram& gram : vector.grams) {
    gram.weight = gram.count * (log_images - log_of_[table.document_frequency[gram.number]]);
    squares += gram.weight * gram.weight;
  }
  vector.norm = std::sqrt(squares);
}

const ImageScorer::Gram* ImageScorer::find(const Vector& vector, std::uint32_t number) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = (number * 0x9E3779B9u >> 7) & mask;
  for (; slots_[slot] != 0; slot = (slot + 1) & mask) {
    const Gram& gram = vector.grams[slots_[slot] - 1];
    if (gram.number == number) return &gram;
  }
  return nullptr;
}

double ImageScorer::similarity(const Vector& candidate, const Vector& reference,
                               std::vector<std::uint32_t>& best_counts) const {
  double product = 0;
  for (std::size_t i = 0; i < candidate.grams.size(); ++i) {
    const Gram* gram = find(reference, candidate.grams[i].number);
    if (gram == nullptr) continue;
    product += std::min(candidate.grams[i].weight, gram->weight) * gram->weight;
    best_counts[i] = std::max(best_counts[i], gram->count);
  }
  if (candidate.norm != 0 && reference.norm != 0) product /= candidate.norm * reference.norm;
  return product;
}

ImageScorer::Scores ImageScorer::score(std::size_t image) {
  const std::size_t first = captions_.image_begins[image];
  const std::size_t last = captions_.image_begins[image + 1];
  const std::size_t words = captions_.caption(first).size();
  std::vector<std::int64_t> lengths;
  std::vector<double> penalties;
  for (std::size_t c = first + 1; c < last; ++c) {
    const std::size_t length = captions_.caption(c).size();
    lengths.push_back(static_cast<std::int64_t>(length));
    const auto delta = static_cast<double>(ngrams_in(words, 2) - ngrams_in(length, 2));
    penalties.push_back(std::pow(std::numbers::e, -(delta * delta) / (2 * kSigma * kSigma)));
  }
  Scores scores;
  scores.bleu.candidate_length = static_cast<std::int64_t>(words);
  scores.bleu.reference_length = closest_length(lengths, scores.bleu.candidate_length);
  double sum = 0;
  for (std::size_t n = 0; n < kMaxNgram; ++n) {
    count(first, n, candidate_);
    best_counts_.assign(candidate_.grams.size(), 0);
    double similar = 0;
    for (std::size_t c = first + 1; c < last; ++c) {
      count(c, n, reference_);
      similar += similarity(candidate_, reference_, best_counts_) * penalties[c - first - 1];
    }
    sum += similar;
    scores.bleu.guessed[n] = ngrams_in(words, n + 1);
    for (std::size_t i = 0; i < candidate_.grams.size(); ++i) {
      scores.bleu.correct[n] += std::min(candidate_.grams[i].count, best_counts_[i]);
    }
  }
  scores.cider = sum / kMaxNgram / static_cast<double>(lengths.size()) * 10.0;
  return scores;
}

std::size_t RougeScorer::longest_common_subsequence(std::span<const std::uint32_t> a,
                                                    std::span<const std::uint32_t> b) {
  row_.assign(a.size() + 1, 0);
  for (const std::uint32_t word : b) {
    std::uint32_t diagonal = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
      const std::uint32_t above = row_[i + 1];
      row_[i + 1] = a[i] == word ? diagonal + 1 : std::max(above, row_[i]);
      diagonal = above;
    }
  }
  return row_.back();
}

double RougeScorer::score(std::span<const std::uint32_t> candidate,
                          std::span<const std::span<const std::uint32_t>> references) {
  double precision = 0, recall = 0;
  for (const auto reference : references) {
    const auto common = static_cast<double>(longest_common_subsequence(candidate, reference));
    precision = std::max(precision, common / static_cast<double>(candidate.size()));
    recall = std::max(recall, common / static_cast<double>(reference.size()));
  }
  if (precision == 0 || recall == 0) return 0;
  return ((1 + kBeta * kBeta) * precision * recall) / (recall + kBeta * kBeta * precision);
}

}  // namespace sightline
