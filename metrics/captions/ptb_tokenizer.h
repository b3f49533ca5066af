#pragma once

#include <string>
#include <string_view>

#include "metrics/captions/ptb_scanner.h"

namespace sightline {

/// The tokenizer of the COCO caption evaluation: Penn Treebank tokens as Stanford's PTBTokenizer
/// 3.4.1 makes them with -preserveLines -lowerCase, and the removal of punctuation that
/// pycocoevalcap (Chen et al., Microsoft COCO Captions, 2015) does after it.
///
///     PtbTokenizer tokenizer;
///     tokenizer.tokenize("It's a dog (a big one).");  // it 's a dog -lrb- a big one -rrb- .
///     tokenizer.caption("It's a dog (a big one).");   // it 's a dog -lrb- a big one -rrb-
///
/// A caption is one line: line breaks inside it are spaces. The reference tokenizes all captions
/// as one text, so that an abbreviation at the end of a caption gets a second full stop where the
/// next caption begins like a sentence; `next_line` gives that context. Without it a caption is
/// tokenized alone, as the scores do: their values must not depend on the order of captions.
///
/// Keeps its buffers between calls; one object for each thread. Both functions throw `Error` for
/// text that is not UTF-8. Characters outside Unicode's basic plane (emoji) are dropped.
class PtbTokenizer {
 public:
  /// Tokens, one space between them, valid until the next call.
  std::string_view tokenize(std::string_view caption, std::string_view next_line = {});

  /// The same without the tokens that are punctuation: '' ' `` ` . ? ! , : - -- ... ;
  /// Brackets stay (as -lrb- and the like): the reference looks for them in upper case.
  std::string_view caption(std::string_view caption);

 private:
  void run(std::string_view caption, std::string_view next_line, bool drop_punctuation);

  ptb::SymbolText text_;
  ptb::Scanner scanner_;
  std::string line_;
};

/// `PtbTokenizer::tokenize` for a single caption.
std::string ptb_tokenize(std::string_view caption, std::string_view next_line = {});

/// `PtbTokenizer::caption` for a single caption.
std::string caption_tokens(std::string_view caption);

}  // namespace sightline
