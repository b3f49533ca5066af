#include <spdlog/spdlog.h>
#include <stdlib.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/engine/java_metrics.h"
#include "metrics/captions/ptb_tokenizer.h"
#include "metrics/statistics.h"
#include "models/adapters/child_process.h"

namespace sightline {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// A folder for the program's files, removed at the end.
class WorkFolder {
 public:
  WorkFolder() {
    std::string name = (fs::temp_directory_path() / "sightline_spice_XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) {
      throw StopError(
          fmt::format("cannot make a folder in {}", fs::temp_directory_path().string()));
    }
    path_ = name;
  }
  ~WorkFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;
  fs::path operator/(const char* name) const { return path_ / name; }

 private:
  fs::path path_;
};

/// [{"image_id", "test", "refs"}], `image_id` being the place among the captions.
void write_input(std::span<const CaptionCase> captions, const fs::path& file) {
  PtbTokenizer tokenizer;
  json rows = json::array();
  for (std::size_t i = 0; i < captions.size(); ++i) {
    json references = json::array();
    for (const std::string& reference : captions[i].references) {
      references.push_back(std::string(tokenizer.caption(reference)));
    }
    rows.push_back({{"image_id", i},
                    {"test", std::string(tokenizer.caption(captions[i].caption))},
                    {"refs", std::move(references)}});
  }
  constexpr bool kAsciiOnly = true;
  write_file_atomically(file, rows.dump(2, ' ', kAsciiOnly));
}

void run_to_end(const std::string& command, const fs::path& output) {
  ChildProcess child({.command = command,
                      .log = [](const std::string& line) { spdlog::debug("SPICE: {}", line); }});
  constexpr std::chrono::milliseconds kStep{100};
  while (!child.at_end()) child.pump(kStep);
  const std::string end = child.describe_end();
  if (child.succeeded() && fs::exists(output)) return;
  const std::string words = child.last_words();
  fail("SPICE's program {}{}{}{}", end, child.succeeded() ? " and wrote no scores" : "",
       words.empty() ? "; it wrote nothing to stderr" : "; its last lines on stderr:", words);
}

/// The F-score of each caption; NaN where the program gives none.
std::vector<double> read_scores(const fs::path& file, std::size_t captions) {
  std::vector<double> scores(captions, std::numeric_limits<double>::quiet_NaN());
  std::vector<bool> seen(captions);
  try {
    for (const json& item : json::parse(read_file(file))) {
      const std::size_t place = item.at("image_id");
      require(place < captions && !seen[place], "SPICE's program gave scores of image {}{}", place,
              place < captions ? " twice" : ", which it was not asked for");
      seen[place] = true;
      const json& score = item.at("scores").at("All").at("f");
      if (score.is_number()) scores[place] = score;
    }
  } catch (const json::exception& error) {
    fail("SPICE's program wrote scores that cannot be read ({}); is it spice-1.0.jar?",
         error.what());
  }
  for (std::size_t i = 0; i < captions; ++i) {
    require(seen[i], "SPICE's program gave no scores of caption {} of {}", i + 1, captions);
  }
  return scores;
}

}  // namespace

MetricValue spice_metric(const fs::path& jar, std::span<const CaptionCase> captions) {
  MetricValue metric{.key = "spice", .value = {}, .standard_error = {}};
  metric.n = std::ssize(captions);
  if (captions.empty()) return metric;
  const WorkFolder folder;
  const fs::path input = folder / "captions.json", output = folder / "scores.json";
  const std::string command =
      java_command(jar, "8G",
                   fmt::format("{} -out {} -subset -silent", shell_word(input.string()),
                               shell_word(output.string())));
  write_input(captions, input);
  run_to_end(command, output);
  const std::vector<double> scores = read_scores(output, captions.size());
  const auto undefined = std::ranges::count_if(scores, [](double s) { return std::isnan(s); });
  if (undefined > 0) {
    metric.note = fmt::format("undefined: SPICE gives {} of the captions no score", undefined);
    return metric;
  }
  metric.note = name_of_program(jar);
  std::vector<std::uint32_t> images(scores.size());
  for (std::size_t i = 0; i < images.size(); ++i) images[i] = static_cast<std::uint32_t>(i);
  metric.value = pairwise_mean(scores);
  metric.standard_error = clustered_standard_error(scores, images);
  return metric;
}

}  // namespace sightline
