#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "models/tokenizers/split_pattern.h"
#include "models/tokenizers/token.h"

namespace sightline {

/// A text on its way to the model: pieces of `text`, which steps split further or rewrite.
class Pieces {
 public:
  /// Starts with one piece, the whole of `text`, which must outlive its use here.
  void start(std::string_view text, bool begins_input);

  std::string_view text() const { return text_; }
  std::string_view at(std::size_t i) const {
    return text_.substr(ranges_[i].begin, ranges_[i].size());
  }
  std::size_t size() const { return ranges_.size(); }
  /// Whether piece `i` starts where the user's text starts.
  bool begins_input(std::size_t i) const { return begins_input_ && i == 0; }

  /// Puts the ranges that `split(piece, parts)` gives, relative to the piece, in each piece's
  /// place. Empty ones are dropped.
  template <typename Split>
  void split(Split split) {
    next_.clear();
    for (const TextRange& piece : ranges_) {
      parts_.clear();
      split(text_.substr(piece.begin, piece.size()), parts_);
      for (const TextRange& part : parts_) {
        if (part.size() > 0) next_.push_back({piece.begin + part.begin, piece.begin + part.end});
      }
    }
    ranges_.swap(next_);
  }

  /// Puts what `rewrite(i, piece, result)` appends in each piece's place.
  template <typename Rewrite>
  void rewrite(Rewrite rewrite) {
    spare_.clear();
    for (std::size_t i = 0; i < ranges_.size(); ++i) {
      const std::size_t begin = spare_.size();
      rewrite(i, at(i), spare_);
      ranges_[i] = {begin, spare_.size()};
    }
    own_.swap(spare_);
    text_ = own_;
  }

 private:
  std::string_view text_;
  bool begins_input_ = false;
  std::vector<TextRange> ranges_, next_, parts_;
  std::string own_, spare_;
};

using PieceStep = std::function<void(Pieces& pieces)>;

/// What becomes of a match and the text beside it.
enum class SplitBehavior { kRemoved, kIsolated, kMergedWithPrevious, kMergedWithNext, kContiguous };
enum class PrependScheme { kAlways, kFirst, kNever };

/// `invert`: what the pattern does not match counts as the match.
PieceStep split_step(SplitPattern pattern, SplitBehavior behavior, bool invert = false);
/// Each character for which `is_match` holds is a match of its own.
PieceStep split_at_characters_step(bool (*is_match)(std::uint32_t), SplitBehavior behavior);
PieceStep whitespace_step();    ///< keeps runs of word characters, and runs of anything but space
PieceStep prefix_space_step();  ///< a space before each piece that has none at its start
PieceStep byte_alphabet_step();
PieceStep metaspace_step(std::string replacement, PrependScheme scheme, bool split);

}  // namespace sightline
