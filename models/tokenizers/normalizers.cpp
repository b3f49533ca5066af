#include "models/tokenizers/normalizers.h"

#include <utf8proc.h>

#include <cstdlib>
#include <memory>

#include "harness/base/error.h"
#include "harness/base/text.h"
#include "models/tokenizers/unicode_classes.h"

namespace sightline {

namespace {

utf8proc_option_t options_of(NormalForm form) {
  switch (form) {
    case NormalForm::kC:
      return UTF8PROC_COMPOSE;
    case NormalForm::kD:
      return UTF8PROC_DECOMPOSE;
    case NormalForm::kKC:
      return static_cast<utf8proc_option_t>(UTF8PROC_COMPOSE | UTF8PROC_COMPAT);
    case NormalForm::kKD:
      return static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT);
  }
  return UTF8PROC_STABLE;
}

/// Whether the text is its own normal form, at a glance: true is certain, false is not.
bool is_plainly_normal(std::string_view text, NormalForm form) {
  for (std::size_t at = 0; at < text.size();) {
    const Character c = character_at(text, at);
    if (c.code_point >= 0x80 && (form != NormalForm::kC || !is_plainly_composed(c.code_point))) {
      return false;
    }
    at += c.length;
  }
  return true;
}

void append_normal_form(std::string_view text, NormalForm form, std::string& result) {
  if (is_plainly_normal(text, form)) {
    result += text;
    return;
  }
  utf8proc_uint8_t* mapped = nullptr;
  const utf8proc_ssize_t length =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                   static_cast<utf8proc_ssize_t>(text.size()), &mapped,
                   static_cast<utf8proc_option_t>(options_of(form) | UTF8PROC_STABLE));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(mapped, &std::free);
  require(length >= 0, "the text could not be brought into a Unicode normal form: {}",
          utf8proc_errmsg(length));
  result.append(reinterpret_cast<const char*>(mapped), static_cast<std::size_t>(length));
}

void append_lower(std::string_view text, std::string& result) {
  each_character(text, [&](std::uint32_t c) {
    if (c < 0x80) {
      result += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    } else if (c == 0x130) {
      result += "i\u0307";
    } else {
      append_utf8(result,
                  static_cast<std::uint32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c))));
    }
  });
}

template <typename Drops>
void append_without(std::string_view text, Drops drops, std::string& result) {
  for (std::size_t at = 0; at < text.size();) {
    const Character c = character_at(text, at);
    if (!drops(c.code_point)) result += text.substr(at, c.length);
    at += c.length;
  }
}

void append_clean(std::string_view text, std::string& result) {
  each_character(text, [&](std::uint32_t c) {
    if (c == 0 || c == 0xFFFD || is_control(c)) return;
    if (is_white_space(c)) {
      result += ' ';
    } else {
      append_utf8(result, c);
    }
  });
}

void append_with_spaced_ideographs(std::string_view text, std::string& result) {
  each_character(text, [&](std::uint32_t c) {
    const bool spaced = is_cjk_ideograph(c);
    if (spaced) result += ' ';
    append_utf8(result, c);
    if (spaced) result += ' ';
  });
}

}  // namespace

TextStep replace_step(SplitPattern pattern, std::string content) {
  return [pattern = std::move(pattern), content = std::move(content)](std::string_view text,
                                                                      std::string& result) {
    append_replaced(result, text, pattern, content);
  };
}

TextStep prepend_step(std::string prefix) {
  return [prefix = std::move(prefix)](std::string_view text, std::string& result) {
    if (text.empty()) return;
    result += prefix;
    result += text;
  };
}

TextStep normal_form_step(NormalForm form) {
  return [form](std::string_view text, std::string& result) {
    append_normal_form(text, form, result);
  };
}

TextStep lowercase_step() {
  return append_lower;
}

TextStep strip_accents_step() {
  return [](std::string_view text, std::string& result) { append_without(text, is_mark, result); };
}

TextStep strip_step(bool left, bool right) {
  return [left, right](std::string_view text, std::string& result) {
    std::size_t begin = 0, end = text.size();
    while (left && begin < end && is_white_space(character_at(text, begin).code_point)) {
      begin += character_at(text, begin).length;
    }
    while (right && begin < end) {
      const std::size_t last = start_of_last(text, end);
      if (!is_white_space(character_at(text, last).code_point)) break;
      end = last;
    }
    result += text.substr(begin, end - begin);
  };
}

TextStep bert_step(const BertNormalizerOptions& options) {
  std::vector<TextStep> steps;
  if (options.clean_text) steps.emplace_back(append_clean);
  if (options.handle_chinese_chars) steps.emplace_back(append_with_spaced_ideographs);
  if (options.strip_accents.value_or(options.lowercase)) {
    steps.push_back(normal_form_step(NormalForm::kD));
    steps.emplace_back([](std::string_view text, std::string& result) {
      append_without(text, is_nonspacing_mark, result);
    });
  }
  if (options.lowercase) steps.push_back(lowercase_step());
  return [normalizer = Normalizer(std::move(steps))](std::string_view text, std::string& result) {
    result += normalizer.apply(text);
  };
}

std::string_view Normalizer::apply(std::string_view text, Buffers& buffers) const {
  for (const TextStep& step : steps_) {
    buffers.spare.clear();
    step(text, buffers.spare);
    buffers.result.swap(buffers.spare);
    text = buffers.result;
  }
  return text;
}

std::string Normalizer::apply(std::string_view text) const {
  Buffers buffers;
  return std::string(apply(text, buffers));
}

}  // namespace sightline
