#pragma once

#include "models/prompts/style.h"

// One function a style, in style_<family>.cpp; `prompt_styles` collects them.

namespace sightline {

PromptStyle paligemma_style();
PromptStyle llava_onevision_style();
PromptStyle llava_onevision_qwen15_style();
PromptStyle qwen2_vl_style();
PromptStyle qwen2_5_vl_style();
PromptStyle chatrex_style();
PromptStyle minimind_v_style();
PromptStyle minimind_v_legacy_style();
PromptStyle plain_style();
PromptStyle raw_style();

}  // namespace sightline
