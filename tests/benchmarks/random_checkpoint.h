#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace sightline::benchmarks {

/// Checkpoints whose sizes are those of real ones and whose weights are random: a speed does not
/// depend on the values.
///   paligemma2_150m       SigLIP 12 x 384 on 224 / 14, Gemma 2 12 x 768, 152.4 M parameters
///   llava_onevision_120m  SigLIP 12 x 384 on 384 / 14, Qwen2 12 x 768
///   minimind_v_head_65m   SigLIP 12 x 768 on 256 / 32, 8 x 768
///   minimind_v_legacy_26m CLIP 12 x 768 on 224 / 16, 8 x 512
const std::vector<std::string>& random_checkpoint_names();

/// Writes config.json, processor and weights (`dtype` "F32" or "BF16"; normal with a standard
/// deviation of 0.02, norms neutral) into `folder`, and the tokenizer of `tokenizer_from` if that
/// is not empty. Throws `Error` for an unknown name.
void write_random_checkpoint(const std::string& name, const std::filesystem::path& folder,
                             const std::string& dtype = "F32",
                             const std::filesystem::path& tokenizer_from = {});

}  // namespace sightline::benchmarks
