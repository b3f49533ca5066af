#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "models/tokenizers/normalizers.h"

namespace sightline {

class DecodeRun;

/// One step from tokens to text. It gets tokens one by one and gives pieces on as soon as nothing
/// that may follow can change them, which is what makes decoding while a model writes exact.
class DecodeStage {
 public:
  /// Where a stage's pieces go: the next stage of a run, or its text.
  class Sink {
   public:
    Sink(DecodeRun& run, std::size_t stage, std::string& text)
        : run_(&run), stage_(stage), text_(&text) {}
    void operator()(std::string_view piece) const;

   private:
    DecodeRun* run_;
    std::size_t stage_;
    std::string* text_;
  };

  virtual ~DecodeStage() = default;
  virtual void push(std::string_view token, const Sink& sink) = 0;
  /// No more tokens come.
  virtual void finish(const Sink& sink) { static_cast<void>(sink); }
};

/// Makes a stage in its first state. Copyable, so that it can be part of a tokenizer.
using DecodeStageMaker = std::function<std::unique_ptr<DecodeStage>()>;

/// What a run of byte tokens becomes that is no UTF-8.
enum class BrokenBytes {
  kEachOfRun,   ///< U+FFFD for every byte of the run, valid parts or not (tokenizers)
  kEachBroken,  ///< U+FFFD for every byte that begins no character (SentencePiece)
};

DecodeStageMaker each_token_stage(TextStep step);  ///< changes tokens one at a time
DecodeStageMaker byte_level_stage();               ///< bytes by the byte alphabet, then UTF-8
DecodeStageMaker byte_fallback_stage(BrokenBytes broken);
DecodeStageMaker metaspace_stage(std::string replacement, bool drops_first);
DecodeStageMaker word_piece_stage(std::string prefix, bool cleanup);
DecodeStageMaker bpe_suffix_stage(std::string suffix);  ///< suffixes become spaces, but the last
DecodeStageMaker separator_stage(std::string separator);
/// All tokens as one, at the end: for steps that look at the whole text.
DecodeStageMaker collect_stage();
/// Without the first character of the whole text if it is `mark`, `count` times.
DecodeStageMaker skip_first_stage(std::string mark, std::size_t count);

/// A token without up to `start` characters `mark` at its begin and `stop` at its end.
TextStep strip_marks_step(std::string mark, std::size_t start, std::size_t stop);
/// English punctuation without the space before it: the clean-up of WordPiece's decoder.
TextStep word_piece_cleanup_step();
/// The clean-up of `clean_up_tokenization_spaces`.
TextStep clean_up_step();

/// Stages in order, and what they hold at the moment.
class DecodeRun {
 public:
  explicit DecodeRun(const std::vector<DecodeStageMaker>& makers);
  /// Appends to `text` what is final.
  void push(std::string_view token, std::string& text) { push_from(0, token, text); }
  /// Appends the rest.
  void finish(std::string& text);

 private:
  friend class DecodeStage::Sink;
  void push_from(std::size_t stage, std::string_view token, std::string& text);

  std::vector<std::unique_ptr<DecodeStage>> stages_;
};

}  // namespace sightline
