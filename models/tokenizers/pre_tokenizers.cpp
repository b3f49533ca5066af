#include "models/tokenizers/pre_tokenizers.h"

#include "models/tokenizers/byte_alphabet.h"
#include "models/tokenizers/unicode_classes.h"

namespace sightline {

namespace {

struct Part {
  TextRange range;
  bool is_match = false;
};

/// The matches and what lies between them, in order.
std::vector<Part> with_gaps(std::size_t length, const std::vector<TextRange>& matches,
                            bool invert) {
  std::vector<Part> parts;
  std::size_t from = 0;
  for (const TextRange& match : matches) {
    if (match.begin > from) parts.push_back({{from, match.begin}, invert});
    parts.push_back({match, !invert});
    from = match.end;
  }
  if (from < length) parts.push_back({{from, length}, invert});
  return parts;
}

/// Joins a match to the part before it unless that is a match, too.
std::vector<TextRange> merge_with_previous(const std::vector<Part>& parts) {
  std::vector<TextRange> result;
  bool after_match = false;
  for (const Part& part : parts) {
    if (part.is_match && !after_match && !result.empty()) {
      result.back().end = part.range.end;
    } else {
      result.push_back(part.range);
    }
    after_match = part.is_match;
  }
  return result;
}

std::vector<TextRange> merge_with_next(const std::vector<Part>& parts) {
  std::vector<TextRange> reversed;
  bool before_match = false;
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
    if (part->is_match && !before_match && !reversed.empty()) {
      reversed.back().begin = part->range.begin;
    } else {
      reversed.push_back(part->range);
    }
    before_match = part->is_match;
  }
  return {reversed.rbegin(), reversed.rend()};
}

std::vector<TextRange> merge_contiguous(const std::vector<Part>& parts) {
  std::vector<TextRange> result;
  bool last = false;
  for (const Part& part : parts) {
    if (part.is_match == last && !result.empty()) {
      result.back().end = part.range.end;
    } else {
      result.push_back(part.range);
    }
    last = part.is_match;
  }
  return result;
}

/// The pieces of a text of `length` bytes whose matches are in `parts`; replaces `parts`.
void apply_behavior(std::size_t length, SplitBehavior behavior, bool invert,
                    std::vector<TextRange>& parts) {
  const std::vector<Part> all = with_gaps(length, parts, invert);
  switch (behavior) {
    case SplitBehavior::kMergedWithPrevious:
      parts = merge_with_previous(all);
      return;
    case SplitBehavior::kMergedWithNext:
      parts = merge_with_next(all);
      return;
    case SplitBehavior::kContiguous:
      parts = merge_contiguous(all);
      return;
    case SplitBehavior::kRemoved:
    case SplitBehavior::kIsolated:
      parts.clear();
      for (const Part& part : all) {
        if (!part.is_match || behavior == SplitBehavior::kIsolated) parts.push_back(part.range);
      }
  }
}

/// Whether the matches are the pieces as they are: they cover the text, or only they are wanted.
bool are_pieces(std::size_t length, SplitBehavior behavior, bool invert,
                const std::vector<TextRange>& matches) {
  if (behavior == SplitBehavior::kRemoved) return invert;
  if (behavior != SplitBehavior::kIsolated) return false;
  std::size_t covered = 0;
  for (const TextRange& match : matches) covered += match.size();
  return covered == length;
}

}  // namespace

void Pieces::start(std::string_view text, bool begins_input) {
  text_ = text;
  begins_input_ = begins_input;
  ranges_.clear();
  if (!text.empty()) ranges_.push_back({0, text.size()});
}

PieceStep split_step(SplitPattern pattern, SplitBehavior behavior, bool invert) {
  return [pattern = std::move(pattern), behavior, invert](Pieces& pieces) {
    pieces.split([&](std::string_view piece, std::vector<TextRange>& parts) {
      pattern.find_all(piece, parts);
      if (are_pieces(piece.size(), behavior, invert, parts)) return;
      apply_behavior(piece.size(), behavior, invert, parts);
    });
  };
}

PieceStep split_at_characters_step(bool (*is_match)(std::uint32_t), SplitBehavior behavior) {
  return [is_match, behavior](Pieces& pieces) {
    pieces.split([&](std::string_view piece, std::vector<TextRange>& parts) {
      for (std::size_t at = 0; at < piece.size();) {
        const Character c = character_at(piece, at);
        if (is_match(c.code_point)) parts.push_back({at, at + c.length});
        at += c.length;
      }
      apply_behavior(piece.size(), behavior, false, parts);
    });
  };
}

PieceStep whitespace_step() {
  return [](Pieces& pieces) {
    pieces.split([](std::string_view piece, std::vector<TextRange>& parts) {
      enum class Kind { kSpace, kWord, kOther } last = Kind::kSpace;
      for (std::size_t at = 0; at < piece.size();) {
        const Character c = character_at(piece, at);
        const Kind kind = is_word_character(c.code_point) ? Kind::kWord
                          : is_white_space(c.code_point)  ? Kind::kSpace
                                                          : Kind::kOther;
        if (kind != Kind::kSpace && kind != last) parts.push_back({at, at});
        if (kind != Kind::kSpace) parts.back().end = at + c.length;
        last = kind;
        at += c.length;
      }
    });
  };
}

PieceStep prefix_space_step() {
  return [](Pieces& pieces) {
    pieces.rewrite([](std::size_t, std::string_view piece, std::string& result) {
      if (!piece.starts_with(' ')) result += ' ';
      result += piece;
    });
  };
}

PieceStep byte_alphabet_step() {
  return [](Pieces& pieces) {
    pieces.rewrite([](std::size_t, std::string_view piece, std::string& result) {
      append_byte_characters(result, piece);
    });
  };
}

PieceStep metaspace_step(std::string replacement, PrependScheme scheme, bool split) {
  return [replacement, scheme, split, space = SplitPattern::of_text(" "),
          mark = split_step(SplitPattern::of_text(replacement), SplitBehavior::kMergedWithNext)](
             Pieces& pieces) {
    pieces.rewrite([&](std::size_t i, std::string_view piece, std::string& result) {
      const std::size_t begin = result.size();
      append_replaced(result, piece, space, replacement);
      const bool wanted = scheme == PrependScheme::kAlways ||
                          (scheme == PrependScheme::kFirst && pieces.begins_input(i));
      if (wanted && !std::string_view(result).substr(begin).starts_with(replacement)) {
        result.insert(begin, replacement);
      }
    });
    if (split) mark(pieces);
  };
}

}  // namespace sightline
