#include "harness/engine/run_identity.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include "harness/base/error.h"

namespace sightline {

using nlohmann::json;

namespace {

/// A number with an optional percent sign; the second says whether it was there.
std::pair<double, bool> parse_allowance(const std::string& text) {
  const bool percent = text.ends_with('%');
  const char* end = text.data() + text.size() - (percent ? 1 : 0);
  double value = 0;
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stopped != end || !(value >= 0)) {
    throw UsageError(
        fmt::format("--max_errors {}: want a number of samples, or a percentage as 5%", text));
  }
  return {value, percent};
}

}  // namespace

json run_identity(const RunSettings& settings) {
  json identity = {{"model", settings.model},
                   {"model_args", ModelArgs::parse(settings.model_args).values()},
                   {"precision", settings.precision},
                   {"gen_kwargs", settings.gen_kwargs},
                   {"seed", settings.selection.seed},
                   {"limit", settings.selection.limit},
                   {"samples", settings.selection.samples}};
  const Shard& shard = settings.selection.shard;
  if (shard.count > 1) identity["shard"] = fmt::format("{}/{}", shard.index, shard.count);
  return identity;
}

json describe_model(const ModelInfo& info) {
  json description = {{"name", info.name},
                      {"revision", info.revision},
                      {"precision", info.precision},
                      {"hashes", info.hashes},
                      {"prompt_style", info.prompt_style}};
  if (!info.protocol.empty()) description["protocol"] = info.protocol;
  return description;
}

json task_identity(const Task& task, const ModelInfo& info, const BoxGeometry& geometry) {
  json identity = {{"version", task.version},
                   {"protocol", task.protocol},
                   {"data", task.dataset->hashes()},
                   {"model", describe_model(info)}};
  if (task.kind == Kind::kDetect || task.kind == Kind::kGround) {
    identity["geometry"] = to_string(geometry);
  }
  return identity;
}

std::string sources_note(const std::string& task) {
  return "sources of " + task;
}

json describe_sources(const TaskSources& sources) {
  const auto absolute = [](const std::filesystem::path& path) {
    return path.empty() ? "" : std::filesystem::absolute(path).string();
  };
  return {{"data_root", absolute(sources.data_root)},
          {"annotations", absolute(sources.annotations)},
          {"questions", absolute(sources.questions)},
          {"refs", absolute(sources.refs)},
          {"images", absolute(sources.images)}};
}

TaskSources read_sources(const json& description) {
  const auto path = [&](const char* key) {
    return std::filesystem::path(description.value(key, std::string()));
  };
  return {.data_root = path("data_root"),
          .annotations = path("annotations"),
          .questions = path("questions"),
          .refs = path("refs"),
          .images = path("images")};
}

std::optional<int> max_new_tokens(const std::map<std::string, std::string>& gen_kwargs) {
  const auto found = gen_kwargs.find("max_new_tokens");
  if (found == gen_kwargs.end()) return std::nullopt;
  int value = 0;
  const std::string& text = found->second;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 1) {
    throw UsageError(
        fmt::format("--gen_kwargs max_new_tokens={}: want a whole number from 1", text));
  }
  return value;
}

void apply_decoding(const RunSettings& settings, Task& task) {
  if (task.kind == Kind::kReconstruct || task.dataset->size() == 0) return;
  const int tokens = max_new_tokens(settings.gen_kwargs)
                         .value_or(task.dataset->request(0).decoding.max_new_tokens);
  task.protocol["max_new_tokens"] = std::to_string(tokens);
  for (const auto& [name, value] : settings.gen_kwargs) task.protocol[name] = value;
}

std::string file_name_of(const std::string& task) {
  std::string name;
  for (const char c : task) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '+' ||
                       c == '-' || c == '.';
    if (plain) {
      name += c;
    } else if (!name.empty() && name.back() != '_') {
      name += '_';
    }
  }
  while (name.ends_with('_')) name.pop_back();
  return name;
}

void check_max_errors(const std::string& max_errors) {
  parse_allowance(max_errors);
}

bool more_than_allowed(const std::string& max_errors, std::int64_t failed, std::int64_t asked) {
  const auto [value, percent] = parse_allowance(max_errors);
  const auto count = static_cast<double>(failed);
  return percent ? count * 100 > value * static_cast<double>(asked) : count > value;
}

}  // namespace sightline
