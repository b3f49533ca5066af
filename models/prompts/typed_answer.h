#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "models/prompts/raw_box.h"
#include "models/prompts/style.h"

namespace sightline {

using BoxReader = RawBoxes (*)(std::string_view text);

/// How a family's answers look.
struct AnswerForm {
  std::span<const std::string_view> ends;   ///< end-of-turn tokens: the answer stops before them
  std::span<const std::string_view> marks;  ///< special tokens that are no part of an answer
  std::span<const BoxReader> readers;       ///< box grammars, the family's own first
  std::string (*to_words)(std::string_view text) = nullptr;  ///< for text, behind the cleaning
};

/// The typed answer in `text`; see `PromptStyle::parse`.
ParsedAnswer parse_answer(const Request& request, std::string_view text,
                          const BoxGeometry& geometry, const AnswerForm& form);

/// Boxes as the first of `readers` reads them that finds its grammar in the text: a box, one that
/// cannot be read, or a "none".
RawBoxes read_boxes(std::string_view text, std::span<const BoxReader> readers);

/// Turns what a grammar found in `text` into boxes in pixels with category ids.
ParsedAnswer type_boxes(const Request& request, std::string_view text, RawBoxes found,
                        const BoxGeometry& geometry);

/// The id of the category that `label` names, without regard to case and white space at the ends;
/// the first of equal names; kNoCategory.
std::int64_t find_category(const Request& request, std::string_view label);

}  // namespace sightline
