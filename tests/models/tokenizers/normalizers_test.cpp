#include "models/tokenizers/normalizers.h"

#include <gtest/gtest.h>
#include <utf8proc.h>

#include <cstdlib>
#include <set>

#include "harness/base/text.h"
#include "models/tokenizers/unicode_classes.h"

namespace sightline {
namespace {

std::string changed(const TextStep& step, std::string_view text) {
  std::string result;
  step(text, result);
  return result;
}

struct Case {
  const char* name;
  TextStep step;
  std::string text, want;
};

TEST(Normalizers, ChangeTextsWorkedByHand) {
  const TextStep nfc = normal_form_step(NormalForm::kC), nfd = normal_form_step(NormalForm::kD);
  const Case cases[] = {
      {"composes", nfc, "e\u0301 \uAC00", "\u00E9 \uAC00"},
      {"composes jamo", nfc, "\u1112\u1161\u11AB", "\uD55C"},
      {"keeps NUL", nfc, std::string("a\0e\u0301", 5), std::string("a\0\u00E9", 4)},
      {"keeps unassigned", nfc, "\U000E0FFF", "\U000E0FFF"},
      {"decomposes", nfd, "\u00E9\u1EAD", "e\u0301a\u0323\u0302"},
      {"compatible", normal_form_step(NormalForm::kKC), "\uFB01\u00B2\uFF21", "fi2A"},
      {"compatible parts", normal_form_step(NormalForm::kKD), "\uFB01\u00E9", "fie\u0301"},
      {"lower", lowercase_step(), "A\u00C9\u0130\u03A3Z", "a\u00E9i\u0307\u03C3z"},
      {"accents", strip_accents_step(), "e\u0301a\u0903", "ea"},
      {"strip left", strip_step(true, false), " \u3000a ", "a "},
      {"strip right", strip_step(false, true), " a \u2003", " a"},
      {"strip all", strip_step(true, true), " \n ", ""},
      {"prepend", prepend_step("\u2581"), "a", "\u2581a"},
      {"prepend to nothing", prepend_step("\u2581"), "", ""},
      {"replace text", replace_step(SplitPattern::of_text(" "), "_"), "a  b", "a__b"},
      {"replace regex", replace_step(SplitPattern::of_regex(R"(\s+)"), " "), "a \n\u3000b", "a b"},
      {"replace nothing", replace_step(SplitPattern::of_text(""), "x"), "ab", "ab"},
      {"bert", bert_step({}), "\u00C9t\u00E9\u200B\t\u4E2D\u6587", "ete  \u4E2D  \u6587 "},
      {"bert cased", bert_step({.lowercase = false}), "\u00C9", "\u00C9"},
      {"bert cased without accents", bert_step({.lowercase = false, .strip_accents = true}),
       "\u00C9", "E"},
      {"bert as it is", bert_step({.clean_text = false, .handle_chinese_chars = false}),
       "A\t\u4E2D", "a\t\u4E2D"}};
  for (const Case& c : cases) EXPECT_EQ(changed(c.step, c.text), c.want) << c.name;
}

TEST(Normalizers, RunInOrder) {
  const Normalizer normalizer(
      {normal_form_step(NormalForm::kD), strip_accents_step(), lowercase_step()});
  EXPECT_EQ(normalizer.apply("\u00C9T\u00C9"), "ete");
  EXPECT_EQ(Normalizer().apply("\u00C9"), "\u00C9");
}

std::string utf8proc_form(const std::string& text, int options) {
  utf8proc_uint8_t* mapped = nullptr;
  const utf8proc_ssize_t length =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                   static_cast<utf8proc_ssize_t>(text.size()), &mapped,
                   static_cast<utf8proc_option_t>(options | UTF8PROC_STABLE));
  std::string result(reinterpret_cast<const char*>(mapped), static_cast<std::size_t>(length));
  std::free(mapped);
  return result;
}

// A character is left alone in any company when it is its own composition, is a starter, and is
// never the second part of another character's canonical decomposition.
TEST(PlainlyComposed, HoldsOnlyForCharactersThatCompositionLeavesAlone) {
  std::set<std::uint32_t> seconds;
  std::string text;
  for (std::uint32_t c = 0; c < 0x30000; ++c) {
    if (c >= 0xD800 && c < 0xE000) continue;
    text.clear();
    append_utf8(text, c);
    const std::string parts = utf8proc_form(text, UTF8PROC_DECOMPOSE);
    bool is_first = true;
    each_character(parts, [&](std::uint32_t part) {
      if (!is_first) seconds.insert(part);
      is_first = false;
    });
  }
  std::size_t composed = 0;
  for (std::uint32_t c = 0; c < 0x30000; ++c) {
    if ((c >= 0xD800 && c < 0xE000) || !is_plainly_composed(c)) continue;
    text.clear();
    append_utf8(text, c);
    ++composed;
    ASSERT_EQ(utf8proc_form(text, UTF8PROC_COMPOSE), text) << c;
    ASSERT_EQ(utf8proc_get_property(static_cast<utf8proc_int32_t>(c))->combining_class, 0) << c;
    ASSERT_FALSE(seconds.contains(c)) << c;
  }
  EXPECT_GT(composed, 80000U);
}

}  // namespace
}  // namespace sightline
