#include "metrics/captions/nes.h"

#include <algorithm>
#include <iterator>

#include "harness/base/error.h"

namespace sightline {

namespace {

std::optional<double> ratio(std::size_t part, std::size_t whole) {
  if (whole == 0) return std::nullopt;
  return static_cast<double>(part) / static_cast<double>(whole);
}

std::optional<double> percent(std::size_t part, std::size_t whole) {
  if (whole == 0) return std::nullopt;
  return 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

SentenceRating parse_sentence_rating(std::string_view name) {
  if (name == "Entailment") return SentenceRating::kEntailment;
  if (name == "Neutral") return SentenceRating::kNeutral;
  if (name == "Contradiction") return SentenceRating::kContradiction;
  if (name == "Nothing to assess") return SentenceRating::kNothingToAssess;
  fail("sentence rating '{}', want Entailment, Neutral, Contradiction or Nothing to assess", name);
}

SentenceLabel label_sentence(std::span<const SentenceRating> ratings) {
  require(!ratings.empty(), "a sentence has no ratings; a label needs at least one");
  const auto entailed = std::ranges::count(ratings, SentenceRating::kEntailment);
  const auto nothing = std::ranges::count(ratings, SentenceRating::kNothingToAssess);
  const auto not_entailed = std::ssize(ratings) - entailed - nothing;
  if (not_entailed >= std::max(entailed, nothing)) return SentenceLabel::kNotEntailed;
  return entailed >= nothing ? SentenceLabel::kEntailed : SentenceLabel::kNotAssessable;
}

void NonEntailment::update(std::span<const std::vector<SentenceRating>> sentences) {
  for (const std::vector<SentenceRating>& ratings : sentences) {
    ++labels_[static_cast<std::size_t>(label_sentence(ratings))];
    const auto entailed = std::ranges::count(ratings, SentenceRating::kEntailment);
    if (entailed == 0 || entailed == std::ssize(ratings)) ++agreed_;
  }
  ++captions_;
}

void NonEntailment::merge(const NonEntailment& other) {
  captions_ += other.captions_;
  agreed_ += other.agreed_;
  for (std::size_t i = 0; i < labels_.size(); ++i) labels_[i] += other.labels_[i];
}

std::optional<double> NonEntailment::percent_of_all() const {
  return percent(labels_[1], labels_[0] + labels_[1] + labels_[2]);
}

std::optional<double> NonEntailment::percent_of_assessable() const {
  return percent(labels_[1], labels_[0] + labels_[1]);
}

std::optional<double> NonEntailment::mean_sentences() const {
  return ratio(labels_[0] + labels_[1] + labels_[2], captions_);
}

std::optional<double> NonEntailment::binary_agreement() const {
  return ratio(agreed_, labels_[0] + labels_[1] + labels_[2]);
}

}  // namespace sightline
