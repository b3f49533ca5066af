#pragma once

#include <chrono>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "harness/engine/caption_cases.h"
#include "metrics/metric_value.h"

// Caption metrics that exist as Java programs alone. Sightline drives the user's own copy of them
// as pycocoevalcap does, and computes nothing in their stead.

namespace sightline {

/// How long a Java program may be silent while it owes answers: it reads tables of hundreds of
/// megabytes first.
struct JavaPatience {
  std::chrono::milliseconds silence = std::chrono::minutes(10);
};

/// METEOR 1.5 (Denkowski and Lavie, 2014) for English with its text normalisation, over captions
/// and references tokenized as for the other caption metrics. `jar` is meteor-1.5.jar with its
/// folder `data` beside it. Of the set, not a mean over images. Throws `Error` with the last words
/// of the program where it cannot be started, ends early, is silent or answers what is no number.
MetricValue meteor_metric(const std::filesystem::path& jar, std::span<const CaptionCase> captions,
                          JavaPatience patience = {});

/// SPICE (Anderson et al., 2016): the mean over images of the F-score of all tuples, as
/// `meteor_metric` otherwise. `jar` is spice-1.0.jar with its folder `lib` beside it.
MetricValue spice_metric(const std::filesystem::path& jar, std::span<const CaptionCase> captions);

/// The shell command that runs a jar in its own folder: with the program that the environment
/// variable SIGHTLINE_JAVA names, else `java`. Throws `Error` when the file is missing.
std::string java_command(const std::filesystem::path& jar, std::string_view memory,
                         std::string_view arguments);

/// "by meteor-1.5.jar, SHA-256 0123456789ab": which program a number is of.
std::string name_of_program(const std::filesystem::path& jar);

/// `text` as one word of a shell command.
std::string shell_word(std::string_view text);

}  // namespace sightline
