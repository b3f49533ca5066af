#include "metrics/captions/nes.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "harness/base/error.h"
#include "harness/base/text.h"
#include "metrics/statistics.h"

namespace sightline {

namespace {

std::optional<double> ratio(std::size_t part, std::size_t whole) {
  if (whole == 0) return std::nullopt;
  return static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

SentenceRating parse_sentence_rating(std::string_view name) {
  const std::string lower = to_lower(name);
  if (lower == "entailment") return SentenceRating::kEntailment;
  if (lower == "neutral") return SentenceRating::kNeutral;
  if (lower == "contradiction") return SentenceRating::kContradiction;
  if (lower == "nothing" || lower == "nothing to assess") return SentenceRating::kNothingToAssess;
  fail("sentence rating '{}', want entailment, neutral, contradiction or nothing", name);
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
    labels_.push_back(label_sentence(ratings));
    caption_of_.push_back(static_cast<std::uint32_t>(captions_));
    std::array<std::size_t, kRatings> counts{};
    for (const SentenceRating rating : ratings) ++counts[static_cast<std::size_t>(rating)];
    for (std::size_t i = 0; i < kRatings; ++i) {
      given_[i] += counts[i];
      agreeing_pairs_ += counts[i] * counts[i] - counts[i];
    }
    const std::size_t entailed = counts[static_cast<std::size_t>(SentenceRating::kEntailment)];
    if (entailed == 0 || entailed == ratings.size()) ++agreed_;
    least_ = least_ == 0 ? ratings.size() : std::min(least_, ratings.size());
    most_ = std::max(most_, ratings.size());
  }
  ++captions_;
}

void NonEntailment::merge(const NonEntailment& next) {
  labels_.insert(labels_.end(), next.labels_.begin(), next.labels_.end());
  for (const std::uint32_t caption : next.caption_of_) {
    caption_of_.push_back(static_cast<std::uint32_t>(captions_ + caption));
  }
  captions_ += next.captions_;
  agreed_ += next.agreed_;
  agreeing_pairs_ += next.agreeing_pairs_;
  for (std::size_t i = 0; i < kRatings; ++i) given_[i] += next.given_[i];
  if (next.least_ > 0) least_ = least_ == 0 ? next.least_ : std::min(least_, next.least_);
  most_ = std::max(most_, next.most_);
}

std::size_t NonEntailment::count(SentenceLabel label) const {
  return static_cast<std::size_t>(std::ranges::count(labels_, label));
}

std::optional<double> NonEntailment::share_of_all() const {
  return ratio(count(SentenceLabel::kNotEntailed), labels_.size());
}

std::optional<double> NonEntailment::standard_error() const {
  std::vector<double> values;
  for (const SentenceLabel label : labels_) {
    values.push_back(label == SentenceLabel::kNotEntailed ? 1.0 : 0.0);
  }
  return clustered_standard_error(values, caption_of_);
}

std::optional<double> NonEntailment::share_of_assessable() const {
  const std::size_t not_entailed = count(SentenceLabel::kNotEntailed);
  return ratio(not_entailed, not_entailed + count(SentenceLabel::kEntailed));
}

std::optional<double> NonEntailment::mean_sentences() const {
  return ratio(labels_.size(), captions_);
}

std::optional<double> NonEntailment::binary_agreement() const {
  return ratio(agreed_, labels_.size());
}

std::optional<double> NonEntailment::fleiss_kappa() const {
  if (least_ != most_ || least_ < 2) return std::nullopt;
  const auto ratings = static_cast<double>(labels_.size() * least_);
  const double observed =
      static_cast<double>(agreeing_pairs_) / (ratings * static_cast<double>(least_ - 1));
  double by_chance = 0;
  for (const std::size_t given : given_) {
    const double share = static_cast<double>(given) / ratings;
    by_chance += share * share;
  }
  if (by_chance == 1) return std::nullopt;
  return (observed - by_chance) / (1 - by_chance);
}

}  // namespace sightline
