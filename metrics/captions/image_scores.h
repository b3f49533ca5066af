#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "metrics/captions/bleu.h"
#include "metrics/captions/ngram_table.h"

namespace sightline {

/// Scores images one after another, on one thread, with the n-gram tables of the whole set.
class ImageScorer {
 public:
  struct Scores {
    BleuCounts bleu;
    double cider = 0;
  };

  /// `log_of` holds ln(max(1, i)) for i up to the number of images; it and the others are kept by
  /// reference.
  ImageScorer(const CaptionTokens& captions, const std::array<NgramTable, kMaxNgram>& tables,
              std::span<const double> log_of)
      : captions_(captions), tables_(tables), log_of_(log_of) {}

  Scores score(std::size_t image);

 private:
  /// An n-gram of a caption with its count and its weight tf * idf.
  struct Gram {
    std::uint32_t number;
    std::uint32_t count;
    double weight;
  };

  /// The different n-grams of one length, in the order in which the caption has them.
  struct Vector {
    std::vector<Gram> grams;
    double norm = 0;
  };

  void count(std::size_t caption, std::size_t n, Vector& vector);
  const Gram* find(const Vector& vector, std::uint32_t number) const;
  double similarity(const Vector& candidate, const Vector& reference,
                    std::vector<std::uint32_t>& best_counts) const;

  const CaptionTokens& captions_;
  const std::array<NgramTable, kMaxNgram>& tables_;
  std::span<const double> log_of_;
  Vector candidate_, reference_;
  std::vector<std::uint32_t> slots_;  // open addressing: index in the grams counted last, plus one
  std::vector<std::uint32_t> best_counts_;
};

/// ROUGE-L of one image; captions are words at single spaces, each at least one.
class RougeScorer {
 public:
  double score(std::span<const std::uint32_t> candidate,
               std::span<const std::span<const std::uint32_t>> references);

 private:
  std::size_t longest_common_subsequence(std::span<const std::uint32_t> a,
                                         std::span<const std::uint32_t> b);

  std::vector<std::uint32_t> row_;
};

}  // namespace sightline
