#include "models/tokenizers/pattern_json.h"

#include "harness/base/error.h"

namespace sightline {

SplitPattern read_pattern(const JsonNode& node) {
  node.require_fields({"String", "Regex"});
  if (const auto text = node.find("String")) return SplitPattern::of_text(text->text());
  const std::string regex = node.text("Regex");
  return with_context([&] { return "reading " + node.place(); },
                      [&] { return SplitPattern::of_regex(regex); });
}

}  // namespace sightline
