#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "harness/base/error.h"
#include "harness/base/text.h"
#include "harness/engine/java_metrics.h"
#include "metrics/captions/ptb_tokenizer.h"
#include "models/adapters/child_process.h"

namespace sightline {

namespace {

using Clock = std::chrono::steady_clock;

double to_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  require(error == std::errc() && end == text.data() + text.size() && std::isfinite(value),
          "METEOR's program wrote '{}' where a number was expected; is it meteor-1.5.jar?",
          text.substr(0, 200));
  return value;
}

std::string replace_all(std::string text, std::string_view from, std::string_view to) {
  std::string result;
  std::size_t begin = 0;
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, begin)) {
    result.append(text, begin, at - begin).append(to);
    begin = at + from.size();
  }
  return result.append(text, begin);
}

/// "SCORE ||| reference ||| reference ||| caption". As in pycocoevalcap, the separator is taken out
/// of the caption alone.
std::string score_line(const CaptionCase& one, PtbTokenizer& tokenizer) {
  std::string line = "SCORE";
  for (const std::string& reference : one.references) {
    line.append(" ||| ").append(tokenizer.caption(reference));
  }
  const std::string caption = replace_all(std::string(tokenizer.caption(one.caption)), "|||", "");
  return line + " ||| " + replace_all(caption, "  ", " ") + "\n";
}

/// METEOR's program with its -stdio protocol: a line in, a line out.
class MeteorProgram {
 public:
  MeteorProgram(const std::filesystem::path& jar, JavaPatience patience)
      : child_({.command = java_command(jar, "2G", "- - -stdio -l en -norm"),
                .log = [](const std::string& line) { spdlog::debug("METEOR: {}", line); }}),
        patience_(patience) {}

  void send(std::string_view line) { child_.send(line); }

  /// The next line that it writes.
  std::string next() {
    const auto deadline = Clock::now() + patience_.silence;
    while (lines_.empty()) {
      if (child_.at_end()) fail_with(child_.describe_end() + " before it had answered");
      if (Clock::now() > deadline) {
        fail_with(fmt::format("gave no answer for {} s",
                              std::chrono::duration<double>(patience_.silence).count()));
      }
      constexpr std::chrono::milliseconds kStep{100};
      for (std::string& line : child_.pump(kStep)) lines_.push_back(std::move(line));
    }
    std::string line = std::move(lines_.front());
    lines_.pop_front();
    return line;
  }

 private:
  [[noreturn]] void fail_with(const std::string& what) {
    const std::string words = child_.last_words();
    fail("METEOR's program {}{}{}", what,
         words.empty() ? "; it wrote nothing to stderr" : "; its last lines on stderr:", words);
  }

  ChildProcess child_;
  JavaPatience patience_;
  std::deque<std::string> lines_;
};

/// The statistics of every caption, in order. Up to `kAhead` lines are with the program at a time.
std::vector<std::string> statistics_of(MeteorProgram& program,
                                       std::span<const CaptionCase> captions) {
  constexpr std::size_t kAhead = 256;
  PtbTokenizer tokenizer;
  std::vector<std::string> statistics;
  for (std::size_t sent = 0; statistics.size() < captions.size();) {
    for (; sent < captions.size() && sent < statistics.size() + kAhead; ++sent) {
      program.send(score_line(captions[sent], tokenizer));
    }
    statistics.emplace_back(strip(program.next()));
    for (const std::string_view number : split_at_space(statistics.back())) to_number(number);
  }
  return statistics;
}

}  // namespace

MetricValue meteor_metric(const std::filesystem::path& jar, std::span<const CaptionCase> captions,
                          JavaPatience patience) {
  MetricValue metric{.key = "meteor", .value = {}, .standard_error = {}};
  metric.n = std::ssize(captions);
  if (captions.empty()) return metric;
  MeteorProgram program(jar, patience);
  std::string line = "EVAL";
  for (const std::string& one : statistics_of(program, captions)) line += " ||| " + one;
  program.send(line + "\n");
  for (std::size_t i = 0; i < captions.size(); ++i) to_number(strip(program.next()));
  metric.value = to_number(strip(program.next()));
  metric.note = name_of_program(jar);
  return metric;
}

}  // namespace sightline
