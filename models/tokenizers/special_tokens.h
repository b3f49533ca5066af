#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace sightline {

/// What tokenizer_config.json and special_tokens_map.json say about a tokenizer: names of tokens,
/// to be looked up with `Tokenizer::token_to_id`.
struct SpecialTokens {
  std::optional<std::string> bos, eos, pad, unk, cls, sep, mask;
  /// What the authors' own tokenizer would add. Encoding follows tokenizer.json's post-processor
  /// instead; a model that builds its input by hand may want to know.
  std::optional<bool> add_bos_token, add_eos_token;
  std::optional<std::string> chat_template;  ///< Jinja, as it stands in the file
};

/// Reads both files from `folder`; a file that is not there is as an empty one, and the
/// configuration is taken before the map. Throws `Error` naming file and field.
SpecialTokens read_special_tokens(const std::filesystem::path& folder);

}  // namespace sightline
