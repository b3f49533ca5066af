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

std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({substituted, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
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
