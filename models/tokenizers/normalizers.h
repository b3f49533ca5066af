#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/tokenizers/split_pattern.h"

namespace sightline {

/// One change of a text: appends the changed text to `result`. Text is well-formed UTF-8, both
/// ways.
using TextStep = std::function<void(std::string_view text, std::string& result)>;

/// The normal forms of Unicode (standard annex 15).
enum class NormalForm { kC, kD, kKC, kKD };

struct BertNormalizerOptions {
  bool clean_text = true, handle_chinese_chars = true, lowercase = true;
  std::optional<bool> strip_accents;  ///< none: as `lowercase`
};

TextStep replace_step(SplitPattern pattern, std::string content);
TextStep prepend_step(std::string prefix);  ///< an empty text stays empty
TextStep normal_form_step(NormalForm form);
/// Each character's lower case; U+0130 becomes two characters, sigma has no final form.
TextStep lowercase_step();
TextStep strip_accents_step();  ///< without marks (category M)
TextStep strip_step(bool left, bool right);
TextStep bert_step(const BertNormalizerOptions& options);

/// The normaliser of a tokenizer: steps in order.
class Normalizer {
 public:
  Normalizer() = default;
  explicit Normalizer(std::vector<TextStep> steps) : steps_(std::move(steps)) {}

  /// Buffers for `apply`, to be used again.
  struct Buffers {
    std::string result, spare;
  };
  /// `text` itself without steps, else a view of `buffers`.
  std::string_view apply(std::string_view text, Buffers& buffers) const;
  std::string apply(std::string_view text) const;

 private:
  std::vector<TextStep> steps_;
};

}  // namespace sightline
