#include "models/prompts/number_lists.h"

#include "models/prompts/scanning.h"

namespace sightline {

namespace {

/// The numbers behind an opening bracket. Returns how many there were before the closing bracket;
/// 0 when the bracket does not begin with a number; 5 for anything that is no list of four.
int take_list(std::string_view text, std::size_t& at, char closing,
              std::array<double, 4>& numbers) {
  constexpr int kNoBox = 5;
  for (int count = 0;; ++count) {
    skip_blanks(text, at);
    if (count > 0 && take(text, at, closing)) return count;
    if (count > 0 && take(text, at, ',')) skip_blanks(text, at);
    const auto number = take_number(text, at);
    if (!number) return count == 0 ? 0 : kNoBox;
    if (count == 4) return kNoBox;
    numbers[static_cast<std::size_t>(count)] = *number;
    const bool separated = at < text.size() && (is_blank(text[at]) || text[at] == ',');
    if (!separated && (at >= text.size() || text[at] != closing)) return kNoBox;
  }
}

}  // namespace

RawBoxes parse_number_lists(std::string_view text) {
  RawBoxes found;
  for (std::size_t at = text.find_first_of("[("); at != std::string_view::npos;
       at = text.find_first_of("[(", at)) {
    const char closing = text[at] == '[' ? ']' : ')';
    ++at;
    std::array<double, 4> numbers{};
    const int count = take_list(text, at, closing, numbers);
    if (count == 4) {
      found.boxes.push_back({numbers, {}, {}});
    } else if (count > 0) {
      ++found.unreadable;
    }
  }
  return found;
}

}  // namespace sightline
