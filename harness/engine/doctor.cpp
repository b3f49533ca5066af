#include "harness/engine/doctor.h"

#include <unistd.h>

#include <set>
#include <system_error>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/media/decode.h"
#include "results/report_numbers.h"

namespace sightline {

namespace {

namespace fs = std::filesystem;

/// The nearest folder on the way to `path` that exists.
fs::path existing_parent(fs::path path) {
  path = fs::absolute(path);
  std::error_code ignored;
  while (!fs::exists(path, ignored) && path.has_relative_path()) path = path.parent_path();
  return path;
}

Finding examine_output(const fs::path& output) {
  const fs::path parent = existing_parent(output);
  if (!fs::is_directory(parent)) {
    return {false, fmt::format("output folder {}: {} is not a folder; choose another --output_path",
                               output.string(), parent.string())};
  }
  if (::access(parent.c_str(), W_OK) != 0) {
    return {false, fmt::format("output folder {}: {} is not writable; choose another --output_path",
                               output.string(), parent.string())};
  }
  return {true, fmt::format("output folder {} is writable", output.string())};
}

Finding examine_space(const fs::path& output, const Task& task, std::size_t samples) {
  // A row of text takes some 300 bytes; boxes and long answers about 4 KB.
  const std::uintmax_t row = task.kind == Kind::kText ? 400 : 4096;
  const std::uintmax_t wanted = samples * row + (std::uintmax_t{16} << 20);
  std::error_code error;
  const fs::space_info space = fs::space(existing_parent(output), error);
  if (error) return {true, fmt::format("disk space of {} is not known", output.string())};
  const std::string text = fmt::format("disk of {}: {} MB free, about {} MB needed",
                                       output.string(), space.available >> 20, wanted >> 20);
  return {space.available >= wanted, text};
}

Finding examine_image(const Task& task, std::size_t index) {
  const Request request = task.dataset->request(index);
  for (const ImageInput& image : request.images) {
    if (!fs::exists(image.path)) {
      return {false,
              fmt::format("image {} of sample {} is missing; docs/data.md says where to get "
                          "the images and where to put them",
                          image.path.string(), request.id),
              true};
    }
  }
  return {true, fmt::format("images of sample {} are there", request.id), true};
}

}  // namespace

Finding describe_opened(const ModelInfo& info) {
  std::string text = fmt::format("model {} answers", info.name);
  if (!info.precision.empty()) text += ", in " + info.precision;
  const auto fact = [&](const char* name) {
    const auto found = info.facts.find(name);
    return found == info.facts.end() ? 0.0 : found->second;
  };
  if (fact("weight_bytes") > 0) text += ", " + show_bytes(fact("weight_bytes")) + " of weights";
  if (fact("quantised_layers") > 0) {
    text += fmt::format(", {:.0f} layers quantised", fact("quantised_layers"));
  }
  return {true, text};
}

std::vector<Finding> examine(const RunSettings& settings, const Task& task,
                             std::span<const std::size_t> indices, const ModelInfo& info) {
  std::vector<Finding> findings = {{true, fmt::format("task {}: {} of {} samples", task.name,
                                                      indices.size(), task.dataset->size())},
                                   describe_opened(info),
                                   examine_output(settings.output_path),
                                   examine_space(settings.output_path, task, indices.size())};
  if (info.opens_images && !indices.empty()) {
    const std::set<std::size_t> places = {0, indices.size() / 2, indices.size() - 1};
    for (const std::size_t place : places) findings.push_back(examine_image(task, indices[place]));
  }
  return findings;
}

void check_answers(const Task& task, const ModelInfo& info) {
  if (!task.predictions.has_masks() || info.gives_masks) return;
  throw UsageError(fmt::format(
      "the task {} asks for masks, which the model {} does not give; of the models that "
      "come with Sightline `replay` does, from a file of predictions "
      "(--model replay --model_args predictions=FILE)",
      task.name, info.name));
}

void check_before_run(const RunSettings& settings, const Task& task,
                      std::span<const std::size_t> indices, const ModelInfo& info) {
  const Finding* missing = nullptr;
  std::size_t looked_at = 0, bad = 0;
  const std::vector<Finding> findings = examine(settings, task, indices, info);
  for (const Finding& finding : findings) {
    if (!finding.good && !finding.of_one_sample) fail("{}", finding.text);
    if (!finding.of_one_sample) continue;
    ++looked_at;
    if (finding.good) continue;
    ++bad;
    missing = &finding;
  }
  if (missing != nullptr && bad == looked_at) fail("{}", missing->text);
}

}  // namespace sightline
