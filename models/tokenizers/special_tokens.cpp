#include "models/tokenizers/special_tokens.h"

#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "models/tokenizers/json_node.h"

namespace sightline {

namespace {

/// "<eos>", or {"content": "<eos>", ...}
std::optional<std::string> read_name(const JsonNode& node, const std::string& field) {
  const auto found = node.find(field);
  if (!found) return std::nullopt;
  return found->value().is_object() ? found->text("content") : found->text();
}

void read_names(const JsonNode& node, SpecialTokens& tokens) {
  const std::pair<const char*, std::optional<std::string>*> fields[] = {
      {"bos_token", &tokens.bos},  {"eos_token", &tokens.eos}, {"pad_token", &tokens.pad},
      {"unk_token", &tokens.unk},  {"cls_token", &tokens.cls}, {"sep_token", &tokens.sep},
      {"mask_token", &tokens.mask}};
  for (const auto& [field, target] : fields) {
    if (!*target) *target = read_name(node, field);
  }
}

void read_configuration(const JsonNode& node, SpecialTokens& tokens) {
  read_names(node, tokens);
  if (const auto flag = node.find("add_bos_token")) tokens.add_bos_token = flag->boolean();
  if (const auto flag = node.find("add_eos_token")) tokens.add_eos_token = flag->boolean();
  // Some files have a list of named templates here; a single one is the common form.
  const auto found = node.find("chat_template");
  if (found && found->value().is_string()) tokens.chat_template = found->text();
}

template <typename Read>
void read_if_there(const std::filesystem::path& path, Read read) {
  if (!std::filesystem::exists(path)) return;
  const nlohmann::json json = nlohmann::json::parse(read_file(path), nullptr, false);
  require(!json.is_discarded(), "{}: broken or truncated JSON", path.string());
  read(JsonNode(json, path.string() + ":"));
}

}  // namespace

SpecialTokens read_special_tokens(const std::filesystem::path& folder) {
  SpecialTokens tokens;
  read_if_there(folder / "tokenizer_config.json",
                [&](const JsonNode& node) { read_configuration(node, tokens); });
  read_if_there(folder / "special_tokens_map.json",
                [&](const JsonNode& node) { read_names(node, tokens); });
  return tokens;
}

}  // namespace sightline
