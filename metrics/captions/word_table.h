#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sightline {

/// Words numbered 0, 1, 2, ... in the order of their first appearance.
///
/// A word here is what stands between single spaces. The reference scorers split the same text in
/// two ways: ROUGE-L at every single space, which gives empty words and leaves no-break spaces
/// inside words ("3 1/2" is one), BLEU and CIDEr at all white space. `tokens` leads from the
/// first to the second.
class WordTable {
 public:
  WordTable();

  std::uint32_t intern(std::string_view word);

  std::size_t size() const { return ends_.size(); }
  std::string_view word(std::uint32_t id) const;

  /// The numbers of the pieces of a word between white space: mostly the word itself.
  std::span<const std::uint32_t> tokens(std::uint32_t id) const;

 private:
  void grow();
  void add_tokens(std::uint32_t id);
  std::size_t slot_of(std::string_view word, std::uint32_t hash) const;

  struct Slot {
    std::uint32_t hash = 0;
    std::uint32_t id = kEmpty;
  };
  static constexpr std::uint32_t kEmpty = 0xFFFFFFFF;

  std::string characters_;
  std::vector<std::size_t> ends_;            // of word i in characters_
  std::vector<std::uint32_t> tokens_;        // the tokens of all words, one after another
  std::vector<std::size_t> token_begins_;    // [size()]; of word i in tokens_
  std::vector<std::uint32_t> token_counts_;  // [size()]
  std::vector<Slot> slots_;                  // open addressing, a power of two
};

}  // namespace sightline
