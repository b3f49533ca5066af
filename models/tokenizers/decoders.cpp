#include "models/tokenizers/decoders.h"

#include <charconv>
#include <optional>

#include "harness/base/text.h"
#include "models/tokenizers/byte_alphabet.h"
#include "models/tokenizers/unicode_classes.h"
#include "models/tokenizers/utf8_stream.h"

namespace sightline {

namespace {

constexpr std::string_view kReplacement = "\uFFFD";

class EachToken final : public DecodeStage {
 public:
  explicit EachToken(TextStep step) : step_(std::move(step)) {}
  void push(std::string_view token, const Sink& sink) override {
    result_.clear();
    step_(token, result_);
    sink(result_);
  }

 private:
  TextStep step_;
  std::string result_;
};

class ByteLevel final : public DecodeStage {
 public:
  void push(std::string_view token, const Sink& sink) override {
    bytes_.clear();
    text_.clear();
    if (!append_alphabet_bytes(bytes_, token)) bytes_ = token;
    stream_.push(bytes_, text_);
    if (!text_.empty()) sink(text_);
  }
  void finish(const Sink& sink) override {
    text_.clear();
    stream_.finish(text_);
    if (!text_.empty()) sink(text_);
  }

 private:
  std::string bytes_, text_;
  Utf8Stream stream_;
};

class ByteFallback final : public DecodeStage {
 public:
  explicit ByteFallback(BrokenBytes broken) : broken_(broken) {}
  void push(std::string_view token, const Sink& sink) override {
    if (const auto byte = byte_of(token)) {
      run_ += *byte;
    } else {
      finish(sink);
      sink(token);
    }
  }
  void finish(const Sink& sink) override {
    if (run_.empty()) return;
    sink(decoded_run());
    run_.clear();
  }

 private:
  static std::optional<char> byte_of(std::string_view token) {
    if (token.size() != 6 || !token.starts_with("<0x") || token[5] != '>') return std::nullopt;
    unsigned byte = 0;
    const auto [end, error] = std::from_chars(token.data() + 3, token.data() + 5, byte, 16);
    if (error != std::errc() || end != token.data() + 5) return std::nullopt;
    return static_cast<char>(byte);
  }

  std::string decoded_run() const {
    if (is_utf8(run_)) return run_;
    std::string text;
    if (broken_ == BrokenBytes::kEachOfRun) {
      for (std::size_t i = 0; i < run_.size(); ++i) text += kReplacement;
      return text;
    }
    for (std::size_t at = 0; at < run_.size();) {
      std::size_t length = std::min<std::size_t>(4, run_.size() - at);
      const auto part = [&] { return std::string_view(run_).substr(at, length); };
      while (length > 0 && !(is_utf8(part()) && count_code_points(part()) == 1)) --length;
      text += length > 0 ? part() : kReplacement;
      at += std::max<std::size_t>(length, 1);
    }
    return text;
  }

  BrokenBytes broken_;
  std::string run_;
};

class Metaspace final : public DecodeStage {
 public:
  Metaspace(std::string replacement, bool drops_first)
      : replacement_(std::move(replacement)), drops_first_(drops_first) {}
  void push(std::string_view token, const Sink& sink) override {
    std::string text;
    const std::string_view space = is_first_ && drops_first_ ? "" : " ";
    append_replaced(text, token, SplitPattern::of_text(replacement_), space);
    is_first_ = false;
    sink(text);
  }

 private:
  std::string replacement_;
  bool drops_first_, is_first_ = true;
};

class WordPieceStage final : public DecodeStage {
 public:
  WordPieceStage(std::string prefix, bool cleanup)
      : prefix_(std::move(prefix)), cleanup_(cleanup) {}
  void push(std::string_view token, const Sink& sink) override {
    std::string text(token);
    if (!is_first_ && token.starts_with(prefix_)) {
      text.erase(0, prefix_.size());
    } else if (!is_first_) {
      text.insert(0, 1, ' ');
    }
    is_first_ = false;
    if (!cleanup_) return sink(text);
    std::string clean;
    word_piece_cleanup_step()(text, clean);
    sink(clean);
  }

 private:
  std::string prefix_;
  bool cleanup_, is_first_ = true;
};

/// Holds one token back, since the last one is treated otherwise.
class BpeSuffix final : public DecodeStage {
 public:
  explicit BpeSuffix(std::string suffix) : suffix_(std::move(suffix)) {}
  void push(std::string_view token, const Sink& sink) override {
    give(sink, " ");
    last_ = token;
  }
  void finish(const Sink& sink) override { give(sink, ""); }

 private:
  void give(const Sink& sink, std::string_view space) {
    if (!last_) return;
    std::string text;
    append_replaced(text, *last_, SplitPattern::of_text(suffix_), space);
    last_.reset();
    sink(text);
  }

  std::string suffix_;
  std::optional<std::string> last_;
};

class Separator final : public DecodeStage {
 public:
  explicit Separator(std::string separator) : separator_(std::move(separator)) {}
  void push(std::string_view token, const Sink& sink) override {
    if (!is_first_) sink(separator_);
    is_first_ = false;
    sink(token);
  }

 private:
  std::string separator_;
  bool is_first_ = true;
};

class Collect final : public DecodeStage {
 public:
  void push(std::string_view token, const Sink&) override { all_ += token; }
  void finish(const Sink& sink) override {
    sink(all_);
    all_.clear();
  }

 private:
  std::string all_;
};

class SkipFirst final : public DecodeStage {
 public:
  SkipFirst(std::string mark, std::size_t count) : mark_(std::move(mark)), left_(count) {}
  void push(std::string_view token, const Sink& sink) override {
    while (left_ > 0 && !token.empty()) {
      if (!token.starts_with(mark_)) {
        left_ = 0;
      } else {
        token.remove_prefix(mark_.size());
        --left_;
      }
    }
    if (!token.empty()) sink(token);
  }

 private:
  std::string mark_;
  std::size_t left_;
};

struct Replacement {
  std::string_view wanted, content;
};

template <std::size_t N>
TextStep replacements_step(const Replacement (&replacements)[N]) {
  std::vector<TextStep> steps;
  for (const auto& [wanted, content] : replacements) {
    steps.push_back(replace_step(SplitPattern::of_text(std::string(wanted)), std::string(content)));
  }
  return [all = Normalizer(std::move(steps))](std::string_view text, std::string& result) {
    result += all.apply(text);
  };
}

}  // namespace

DecodeStageMaker each_token_stage(TextStep step) {
  return [step = std::move(step)] { return std::make_unique<EachToken>(step); };
}

DecodeStageMaker byte_level_stage() {
  return [] { return std::make_unique<ByteLevel>(); };
}

DecodeStageMaker byte_fallback_stage(BrokenBytes broken) {
  return [broken] { return std::make_unique<ByteFallback>(broken); };
}

DecodeStageMaker metaspace_stage(std::string replacement, bool drops_first) {
  return [replacement = std::move(replacement), drops_first] {
    return std::make_unique<Metaspace>(replacement, drops_first);
  };
}

DecodeStageMaker word_piece_stage(std::string prefix, bool cleanup) {
  return [prefix = std::move(prefix), cleanup] {
    return std::make_unique<WordPieceStage>(prefix, cleanup);
  };
}

DecodeStageMaker bpe_suffix_stage(std::string suffix) {
  return [suffix = std::move(suffix)] { return std::make_unique<BpeSuffix>(suffix); };
}

DecodeStageMaker separator_stage(std::string separator) {
  return [separator = std::move(separator)] { return std::make_unique<Separator>(separator); };
}

DecodeStageMaker collect_stage() {
  return [] { return std::make_unique<Collect>(); };
}

DecodeStageMaker skip_first_stage(std::string mark, std::size_t count) {
  return [mark = std::move(mark), count] { return std::make_unique<SkipFirst>(mark, count); };
}

TextStep strip_marks_step(std::string mark, std::size_t start, std::size_t stop) {
  return [mark = std::move(mark), start, stop](std::string_view text, std::string& result) {
    for (std::size_t i = 0; i < start && text.starts_with(mark); ++i) {
      text.remove_prefix(mark.size());
    }
    for (std::size_t i = 0; i < stop && text.ends_with(mark); ++i) text.remove_suffix(mark.size());
    result += text;
  };
}

TextStep word_piece_cleanup_step() {
  static constexpr Replacement kReplacements[] = {
      {" .", "."},   {" ?", "?"},     {" !", "!"},    {" ,", ","},
      {" ' ", "'"},  {" n't", "n't"}, {" 'm", "'m"},  {" do not", " don't"},
      {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
  static const TextStep kStep = replacements_step(kReplacements);
  return kStep;
}

TextStep clean_up_step() {
  static constexpr Replacement kReplacements[] = {
      {" .", "."},     {" ?", "?"},   {" !", "!"},   {" ,", ","},     {" ' ", "'"},
      {" n't", "n't"}, {" 'm", "'m"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
  return replacements_step(kReplacements);
}

DecodeRun::DecodeRun(const std::vector<DecodeStageMaker>& makers) {
  for (const DecodeStageMaker& make : makers) stages_.push_back(make());
}

void DecodeStage::Sink::operator()(std::string_view piece) const {
  run_->push_from(stage_, piece, *text_);
}

void DecodeRun::push_from(std::size_t stage, std::string_view token, std::string& text) {
  if (stage == stages_.size()) {
    text += token;
  } else {
    stages_[stage]->push(token, DecodeStage::Sink(*this, stage + 1, text));
  }
}

void DecodeRun::finish(std::string& text) {
  for (std::size_t stage = 0; stage < stages_.size(); ++stage) {
    stages_[stage]->finish(DecodeStage::Sink(*this, stage + 1, text));
  }
}

}  // namespace sightline
