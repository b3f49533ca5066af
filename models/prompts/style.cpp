#include "models/prompts/style.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/base/error.h"
#include "models/prompts/families.h"

namespace sightline {

const std::vector<PromptStyle>& prompt_styles() {
  static const std::vector<PromptStyle> styles{
      paligemma_style(),  llava_onevision_style(),   llava_onevision_qwen15_style(),
      qwen2_vl_style(),   qwen2_5_vl_style(),        chatrex_style(),
      minimind_v_style(), minimind_v_legacy_style(), plain_style(),
      raw_style()};
  return styles;
}

const PromptStyle& prompt_style(const std::string& name) {
  std::vector<std::string> names;
  for (const PromptStyle& style : prompt_styles()) {
    if (style.name == name) return style;
    names.push_back(style.name);
  }
  throw UsageError(fmt::format("unknown prompt style '{}'{}; known are {}", name,
                               did_you_mean(name, names), fmt::join(names, ", ")));
}

}  // namespace sightline
