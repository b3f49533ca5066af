#include "metrics/text/consensus.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "harness/base/error.h"
#include "harness/base/text.h"

namespace sightline {

namespace {

/// min(1, k / 3) for an annotator whose answer is not the prediction (`[0]`) and is (`[1]`).
std::array<double, 2> values_of(std::size_t matches) {
  const auto value = [](std::size_t others) {
    return std::min(1.0, static_cast<double>(others) / 3);
  };
  return {value(matches), value(matches == 0 ? 0 : matches - 1)};
}

/// The annotators' answers and the prediction, as ids of texts.
struct Ballot {
  std::span<const std::uint32_t> answers;
  std::uint32_t prediction;

  std::size_t matches() const {
    return static_cast<std::size_t>(std::ranges::count(answers, prediction));
  }
  double value(std::size_t annotator, const std::array<double, 2>& values) const {
    return values[answers[annotator] == prediction ? 1 : 0];
  }
};

double in_order_sum(const Ballot& ballot, const std::array<double, 2>& values) {
  double sum = 0;
  for (std::size_t i = 0; i < ballot.answers.size(); ++i) sum += ballot.value(i, values);
  return sum;
}

double pairwise_sum(const Ballot& ballot, const std::array<double, 2>& values) {
  constexpr std::size_t kLanes = 8;
  const std::size_t count = ballot.answers.size();
  if (count < kLanes) return in_order_sum(ballot, values);
  std::array<double, kLanes> lanes{};
  const std::size_t whole = count - count % kLanes;
  for (std::size_t i = 0; i < whole; ++i) lanes[i % kLanes] += ballot.value(i, values);
  double sum = ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) +
               ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
  for (std::size_t i = whole; i < count; ++i) sum += ballot.value(i, values);
  return sum;
}

double exact_mean(std::size_t matches, std::size_t answers) {
  const auto capped = [](std::size_t others) { return std::min<std::size_t>(3, others); };
  const std::size_t thirds = matches * capped(matches - 1) + (answers - matches) * capped(matches);
  return static_cast<double>(thirds) / (3.0 * static_cast<double>(answers));
}

double leave_one_out_mean(const Ballot& ballot, ConsensusRules::Mean mean) {
  const std::size_t matches = ballot.matches();
  if (matches == 0) return 0;
  if (matches > 3) return 1;
  const auto count = static_cast<double>(ballot.answers.size());
  switch (mean) {
    case ConsensusRules::Mean::kExact:
      return exact_mean(matches, ballot.answers.size());
    case ConsensusRules::Mean::kPairwise:
      return pairwise_sum(ballot, values_of(matches)) / count;
    case ConsensusRules::Mean::kInOrder:
      break;
  }
  return in_order_sum(ballot, values_of(matches)) / count;
}

}  // namespace

double ConsensusAccuracy::score(std::string_view prediction,
                                std::span<const std::string_view> answers) {
  require(!answers.empty(), "a question without answers has no accuracy; at least one is needed");
  cleaned_.clear();
  normalised_.clear();
  for (const std::string_view answer : answers) {
    const Forms forms = forms_of(answer);
    cleaned_.push_back(forms.cleaned);
    normalised_.push_back(forms.normalised);
  }
  const bool as_is = rules_.unanimous_as_is &&
                     std::ranges::count(cleaned_, cleaned_.front()) == std::ssize(cleaned_);
  const Forms predicted = forms_of(prediction);
  const Ballot ballot =
      as_is ? Ballot{cleaned_, predicted.cleaned} : Ballot{normalised_, predicted.normalised};
  if (rules_.leave_one_out) return leave_one_out_mean(ballot, rules_.mean);
  return std::min(1.0, static_cast<double>(ballot.matches()) / 3);
}

ConsensusAccuracy::Forms ConsensusAccuracy::forms_of(std::string_view raw) {
  const std::uint32_t id = texts_.id(raw);
  if (id < forms_.size() && forms_[id].cleaned != kUnknown) return forms_[id];
  const Forms forms = make_forms(raw);
  // Cleaned and normalised texts get ids of their own, which have no forms until they come raw.
  forms_.resize(texts_.size());
  return forms_[id] = forms;
}

ConsensusAccuracy::Forms ConsensusAccuracy::make_forms(std::string_view raw) {
  require(is_utf8(raw), "an answer of {} bytes is not UTF-8 text; answers must be UTF-8",
          raw.size());
  const std::string cleaned = rules_.clean(raw);
  return {.cleaned = texts_.id(cleaned), .normalised = texts_.id(rules_.normalise(cleaned))};
}

}  // namespace sightline
