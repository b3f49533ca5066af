#include "harness/base/error.h"

#include <algorithm>
#include <numeric>

namespace sightline {

Error::Error(std::string message, int exit_code)
    : message_(std::move(message)), text_(message_), exit_code_(exit_code) {}

Error& Error::add_context(std::string context) {
  text_ += "\n  while " + std::move(context);
  return *this;
}

namespace {

/// Letters left out, put in, changed, or swapped with their neighbour (optimal string alignment).
std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  std::iota(cost[0].begin(), cost[0].end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    cost[i][0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = cost[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      cost[i][j] = std::min({substituted, cost[i - 1][j] + 1, cost[i][j - 1] + 1});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
    }
  }
  return cost[a.size()][b.size()];
}

}  // namespace

std::string did_you_mean(const std::string& given, const std::vector<std::string>& choices) {
  std::string nearest;
  std::size_t best = given.size() / 2 + 1;
  for (const std::string& choice : choices) {
    const std::size_t distance = edit_distance(given, choice);
    if (distance < best) {
      best = distance;
      nearest = choice;
    }
  }
  return nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest);
}

}  // namespace sightline
