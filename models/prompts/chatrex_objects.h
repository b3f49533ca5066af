#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sightline {

/// A phrase of a ChatRex answer and the object tags it is grounded in.
struct ChatRexPhrase {
  std::string phrase;             ///< stripped; may be empty
  std::vector<std::string> tags;  ///< "<obj7>", as written, in order, repeats included
  bool operator==(const ChatRexPhrase&) const = default;
};

/// Reads "<ground>phrase</ground><objects><obj3><obj7></objects>" wherever it stands in the text,
/// by the rules of ChatRex's own parser (chatrex/tools/visualize.py @ b98028c0): a phrase begins
/// at the first "<ground>" and neither part crosses a line feed; a match is kept when one of its
/// tags is new in the whole text and its phrase is; tags compare as strings.
std::vector<ChatRexPhrase> parse_chatrex_phrases(std::string_view text);

/// A phrase and the index of the input box it means.
struct ChatRexLabel {
  std::string phrase;
  std::size_t box = 0;
  bool operator==(const ChatRexLabel&) const = default;
};

/// The tags of all phrases as indices below `box_count`; other indices are dropped. Digits of any
/// script count, as in Python.
std::vector<ChatRexLabel> chatrex_labels(const std::vector<ChatRexPhrase>& phrases,
                                         std::size_t box_count);

/// The answer's words without the grammar: "<objects>...</objects>" and "<ground>" tags removed.
std::string remove_chatrex_grounding(std::string_view text);

/// The text ChatRex writes for the phrases.
std::string format_chatrex_phrases(const std::vector<ChatRexPhrase>& phrases);

}  // namespace sightline
