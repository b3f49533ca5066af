#pragma once

#include <cstddef>
#include <limits>
#include <string>
#include <vector>

namespace sightline {

/// A sample of a run, by its own headline score.
struct ScoredSample {
  std::string id;
  std::size_t index = 0;  ///< in the data set
  bool failed = false;
  double score = std::numeric_limits<double>::quiet_NaN();  ///< NaN: it has none
};

/// The samples of one task of a run.
struct RunScores {
  std::size_t run = 0;     ///< among the runs of the report
  bool comparable = true;  ///< with the first: differences are only taken where it is
  std::vector<ScoredSample> samples;
};

/// Samples to be looked at; ids, each in one list only.
struct SampleChoice {
  /// A sample that a run scores differently from the first run.
  struct Flip {
    std::string id;
    std::size_t run = 0;
    double change = 0;  ///< new minus base
  };
  std::vector<Flip> losses, gains;  ///< the greatest first
  std::vector<std::string> failed;  ///< in any run
  std::vector<std::string> worst;   ///< lowest score first, on average over the runs
};

/// Chooses at most `most` samples: up to half of them flips (losses before gains), up to an eighth
/// failed ones, and the worst. Of equal scores the choice is spread over the data set, and is the
/// same every time. Without any score `worst` is a sample of all.
SampleChoice choose_samples(const std::vector<RunScores>& runs, bool higher_is_better,
                            std::size_t most);

}  // namespace sightline
