#include <ATen/ATen.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "models/families/families.h"
#include "models/processors/read_processors.h"

/// PaliGemma (Beyer et al. 2024) and PaliGemma 2 (Steiner et al. 2024): SigLIP, one linear layer,
/// and Gemma 1 or 2, whose prompt is read in both directions.
namespace sightline {

namespace {

/// Old files say "gelu" where transformers takes the tanh form for Gemma all the same.
Activation gemma_activation(const ConfigFields& text) {
  const std::string old = text.text("hidden_act", "gelu_pytorch_tanh");
  return read_activation(text, "hidden_activation", old == "gelu" ? "gelu_pytorch_tanh" : old);
}

/// A layer's window; without `layer_types` every other layer has one, beginning with the first.
std::vector<std::int64_t> read_windows(const ConfigFields& text, std::int64_t layers) {
  const std::int64_t window = text.whole("sliding_window", 4096, 1, 1L << 30);
  std::vector<std::int64_t> windows;
  for (std::int64_t i = 0; i < layers; ++i) windows.push_back(i % 2 == 0 ? window : 0);
  const nlohmann::json* types = text.find("layer_types");
  if (types == nullptr) return windows;
  if (!types->is_array() || types->size() != windows.size()) {
    text.fail_field("layer_types", fmt::format("a list of {} types", layers));
  }
  for (std::size_t i = 0; i < windows.size(); ++i) {
    windows[i] = (*types)[i] == "sliding_attention" ? window : 0;
  }
  return windows;
}

DecoderConfig read_gemma(const ConfigFields& text, bool softcap) {
  const bool gemma2 = text.text("model_type", "gemma") == "gemma2";
  DecoderConfig decoder = read_text_sizes(text, 256);
  decoder.norm.one_plus_weight = true;
  decoder.activation = gemma_activation(text);
  decoder.qkv_bias = text.flag("attention_bias", false);
  decoder.rope_theta = rope_theta(text, 10000);
  decoder.first_position = 1;
  decoder.embedding_scale = std::sqrt(static_cast<double>(decoder.width));
  decoder.attention_scale = 1 / std::sqrt(static_cast<double>(decoder.head_dim));
  if (!gemma2) return decoder;
  decoder.gemma2_norms = true;
  decoder.attention_scale = 1 / std::sqrt(text.positive("query_pre_attn_scalar", 256));
  decoder.attention_softcap = text.positive("attn_logit_softcapping", 50);
  if (softcap) decoder.logits_softcap = text.positive("final_logit_softcapping", 30);
  decoder.windows = read_windows(text, decoder.layers);
  return decoder;
}

/// The style has put <bos> behind the images, so the tokenizer adds nothing.
Prompt make_prompt(const Tokenizer& tokenizer, TokenId image, std::string_view text,
                   std::span<const ImageLayout> images) {
  const std::vector<TokenId> ids = tokenizer.encode(text, {.add_special_tokens = false});
  Prompt prompt = expand_placeholders(ids, {&image, 1}, images);
  prompt.bidirectional = prompt.ids.size();
  return prompt;
}

}  // namespace

NetworkParts open_paligemma(Checkpoint checkpoint) {
  const ConfigFields config = checkpoint.fields();
  add_weights(checkpoint, vision_language_names());
  const Compute& compute = checkpoint.compute;
  Weights& weights = checkpoint.weights;
  weights.ignore_prefix("vision.head.");
  weights.ignore_suffix(".position_ids");
  weights.ignore_suffix(".inv_freq");
  weights.ignore_prefix("lm_head.");  // the embeddings once more

  const VisionConfig vision = read_vision_config(config.object("vision_config"), false);
  const DecoderConfig gemma =
      read_gemma(config.object("text_config"), checkpoint.settings.logits_softcap);
  auto tower =
      std::make_shared<const VisionTower>(weights, compute.for_vision(), "vision.", vision);
  auto projector = std::make_shared<const Linear>(weights, compute.for_vision(),
                                                  Linear::Part{"projector.linear", gemma.width},
                                                  vision.encoder.width, Linear::Options{});

  NetworkParts parts;
  parts.decoder = Decoder(weights, compute, gemma);
  parts.tokenizer = find_tokenizer(checkpoint);
  parts.info = describe_network(checkpoint, "paligemma", "paligemma", parts.decoder);
  if (gemma.gemma2_norms) {
    parts.info.protocol["logits_softcap"] = checkpoint.settings.logits_softcap ? "on" : "off";
  }
  const ProcessorConfig processor = read_image_processor(checkpoint.folder, vision);
  parts.process = [processor, protocol = checkpoint.settings.images](auto images, bool) {
    return process_images(images, processor, protocol);
  };
  const auto image = static_cast<TokenId>(config.whole("image_token_index", 256000, 0, 1L << 30));
  parts.prompt = [image](const Tokenizer& tokenizer, std::string_view text, auto images) {
    return make_prompt(tokenizer, image, text, images);
  };
  parts.see = [tower, projector](std::span<const ProcessedImages* const> requests) {
    const StackedImages stacked = stack_images(requests);
    const std::int64_t count = stacked.pixels.size(0), tokens = tower->config().tokens();
    const at::Tensor seen =
        tower->run_layers(tower->embed(stacked.pixels), count, stacked.image_ends);
    std::vector<std::size_t> ends = stacked.image_ends;
    for (std::size_t& end : ends) end *= static_cast<std::size_t>(tokens);
    return split_rows((*projector)(tower->post_norm(seen), ends), ends);
  };
  return parts;
}

}  // namespace sightline
