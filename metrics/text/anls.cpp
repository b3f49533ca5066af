#include "metrics/text/anls.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/text.h"
#include "harness/base/unicode.h"
#include "metrics/text/rule_names.h"
#include "metrics/text/textvqa_answer.h"

namespace sightline {

namespace {

constexpr double kThreshold = 0.5;

using CodePoints = std::vector<std::uint32_t>;

CodePoints code_points(std::string_view text) {
  CodePoints points;
  points.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) points.push_back(next_code_point(text, at));
  return points;
}

/// Levenshtein distance with one row of the table.
std::size_t edit_distance(const CodePoints& a, const CodePoints& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, substituted});
    }
  }
  return row.back();
}

double ratio(std::size_t distance, std::size_t length) {
  return length == 0 ? 0 : static_cast<double>(distance) / static_cast<double>(length);
}

std::string collapse_white_space(std::string_view text) {
  return fmt::format("{}", fmt::join(split_at_space(text), " "));
}

double mmf_similarity(std::string_view prediction, std::string_view reference) {
  const std::string lower_a = to_lower_in_context(prediction);
  const std::string lower_b = to_lower_in_context(reference);
  const CodePoints a = code_points(strip(lower_a)), b = code_points(strip(lower_b));
  const double similarity = 1 - ratio(edit_distance(a, b), std::max(a.size(), b.size()));
  return similarity >= kThreshold ? similarity : 0;
}

double lmms_eval_similarity(std::string_view prediction, std::string_view reference) {
  const CodePoints a = code_points(collapse_white_space(to_lower_in_context(strip(prediction))));
  const CodePoints b = code_points(collapse_white_space(to_lower_in_context(strip(reference))));
  const std::size_t length = std::max(upper_case_length(prediction), upper_case_length(reference));
  const double similarity = 1 - ratio(edit_distance(a, b), length);
  return similarity >= kThreshold ? similarity : 0;
}

double big_vision_similarity(std::string_view prediction, std::string_view reference) {
  const CodePoints a = code_points(prediction), b = code_points(reference);
  if (b.empty()) return a.empty() ? 1 : 0;
  const double distance = ratio(edit_distance(a, b), std::max(a.size(), b.size()));
  return distance < kThreshold ? 1 - distance : 0;
}

double similarity(std::string_view prediction, std::string_view reference, AnlsRules rules) {
  switch (rules) {
    case AnlsRules::kMmf:
      return mmf_similarity(prediction, reference);
    case AnlsRules::kLmmsEval:
      return lmms_eval_similarity(prediction, reference);
    case AnlsRules::kBigVision:
      return big_vision_similarity(prediction, reference);
  }
  fail("ANLS rules number {} do not exist", static_cast<int>(rules));
}

}  // namespace

std::string_view name_of(AnlsRules rules) {
  switch (rules) {
    case AnlsRules::kMmf:
      return "anls/mmf";
    case AnlsRules::kLmmsEval:
      return "anls/lmms-eval";
    case AnlsRules::kBigVision:
      return "anls/big_vision";
  }
  fail("ANLS rules number {} do not exist", static_cast<int>(rules));
}

AnlsRules anls_rules_named(std::string_view name) {
  return rules_named(kAllAnlsRules, name, "ANLS");
}

double anls(std::string_view prediction, std::span<const std::string_view> references,
            AnlsRules rules) {
  require(!references.empty(), "an answer without references has no ANLS; at least one is needed");
  double best = 0;
  for (const std::string_view reference : references) {
    best = std::max(best, similarity(prediction, reference, rules));
  }
  return best;
}

double stvqa_accuracy(std::string_view prediction, std::span<const std::string_view> references) {
  require(!references.empty(),
          "an answer without references has no accuracy; at least one is needed");
  const std::string normalised = normalise_textvqa_answer(prediction);
  return std::ranges::any_of(references,
                             [&](std::string_view reference) {
                               return normalise_textvqa_answer(reference) == normalised;
                             })
             ? 1
             : 0;
}

}  // namespace sightline
