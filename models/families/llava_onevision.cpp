#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "models/families/families.h"
#include "models/processors/read_processors.h"

/// LLaVA-OneVision (Li et al. 2024): SigLIP without its last norm, two linear layers, Qwen2; an
/// image alone is shown whole and in tiles, several images and frames of a video whole.
namespace sightline {

namespace {

DecoderConfig read_qwen2(const ConfigFields& config) {
  const ConfigFields text = config.object("text_config");
  DecoderConfig decoder = read_text_sizes(text);
  decoder.norm.round_before_weight = true;
  decoder.activation = read_activation(text, "hidden_act", "silu");
  decoder.qkv_bias = true;
  decoder.rope_theta = rope_theta(text, 10000);
  decoder.attention_scale = 1 / std::sqrt(static_cast<double>(decoder.head_dim));
  decoder.tied = config.flag("tie_word_embeddings", text.flag("tie_word_embeddings", false));
  if (text.flag("use_sliding_window", false)) {
    text.fail_field("use_sliding_window", "false (windows are not supported for Qwen2)");
  }
  return decoder;
}

/// What becomes of the images between the tower and the decoder.
class Eye {
 public:
  Eye(Checkpoint& checkpoint, std::int64_t width)
      : compute_(checkpoint.compute.for_vision()), config_(read_vision(checkpoint)) {
    Weights& weights = checkpoint.weights;
    const ConfigFields fields = checkpoint.fields();
    read_feature_layers(fields);
    tower_ = VisionTower(weights, compute_, "vision.", config_);
    const auto layers = static_cast<std::int64_t>(layers_.size());
    projector_ = Mlp(weights, compute_, "projector.",
                     {.fc1 = "linear_1",
                      .fc2 = "linear_2",
                      .in = layers * config_.encoder.width,
                      .hidden = width,
                      .out = width,
                      .activation = read_activation(fields, "projector_hidden_act", "gelu"),
                      .bias = fields.flag("multimodal_projector_bias", true)});
    newline_ = weights.take_floats("image_newline", {width})
                   .to(compute_.device, compute_.dtype)
                   .view({1, width});
  }

  const VisionConfig& config() const { return config_; }

  std::vector<at::Tensor> see(std::span<const ProcessedImages* const> requests) const {
    std::vector<at::Tensor> tiles;
    std::vector<std::size_t> ends;
    std::size_t count = 0;
    for (const ProcessedImages* request : requests) {
      const at::Tensor pixels = pixels_of(*request);  // [images, tiles, 3, side, side]
      for (std::size_t i = 0; i < request->images.size(); ++i) {
        tiles.push_back(
            pixels.select(0, static_cast<std::int64_t>(i)).narrow(0, 0, request->images[i].tiles));
        count += static_cast<std::size_t>(request->images[i].tiles);
      }
      ends.push_back(count);
    }
    const at::Tensor features = project(at::cat(tiles), ends);
    std::vector<at::Tensor> seen;
    std::int64_t tile = 0;
    for (const ProcessedImages* request : requests) {
      std::vector<at::Tensor> rows;
      for (const ImageLayout& image : request->images) {
        rows.push_back(arrange(image, features.narrow(0, tile, image.tiles)));
        tile += image.tiles;
      }
      seen.push_back(at::cat(rows));
    }
    return seen;
  }

 private:
  static VisionConfig read_vision(const Checkpoint& checkpoint) {
    const ConfigFields vision = checkpoint.fields().object("vision_config");
    VisionConfig config =
        read_vision_config(vision, vision.text("model_type", "") == "clip_vision_model");
    config.post_norm = false;
    return config;
  }

  /// `vision_feature_layer`: one index of hidden states or several, counted from the end if
  /// negative. Layers behind the last one in use are not loaded.
  void read_feature_layers(const ConfigFields& fields) {
    const nlohmann::json* value = fields.find("vision_feature_layer");
    nlohmann::json list = value == nullptr ? nlohmann::json(-1) : *value;
    if (!list.is_array()) list = nlohmann::json::array({list});
    const std::int64_t all = config_.encoder.layers;
    std::int64_t last = 0;
    for (const nlohmann::json& entry : list) {
      const std::int64_t given = entry.is_number_integer() ? entry.get<std::int64_t>() : all + 1;
      const std::int64_t layer = given < 0 ? all + 1 + given : given;
      if (layer < 0 || layer > all) {
        fields.fail_field("vision_feature_layer", fmt::format("indices from {} to {}", -all, all));
      }
      layers_.push_back(static_cast<std::size_t>(layer));
      last = std::max(last, layer);
    }
    config_.encoder.layers = last;
    const std::string strategy = fields.text("vision_feature_select_strategy", "full");
    if (strategy != "full" && strategy != "default") {
      fields.fail_field("vision_feature_select_strategy", "'full' or 'default'");
    }
    drops_first_ = strategy == "default";
  }

  /// [tiles, features of a tile, width]
  at::Tensor project(const at::Tensor& pixels, SequenceEnds ends) const {
    const std::int64_t images = pixels.size(0);
    const bool only_last = layers_.size() == 1;
    std::vector<at::Tensor> hidden;
    at::Tensor x =
        tower_.run_layers(tower_.embed(pixels), images, ends, only_last ? nullptr : &hidden);
    if (!only_last) {
      std::vector<at::Tensor> chosen;
      for (const std::size_t layer : layers_) chosen.push_back(hidden[layer]);
      x = at::cat(chosen, 1);
    }
    x = x.view({images, config_.tokens(), -1});
    if (drops_first_) x = x.narrow(1, 1, config_.tokens() - 1);
    const std::int64_t rows = x.size(1);
    std::vector<std::size_t> row_ends(ends.begin(), ends.end());
    for (std::size_t& end : row_ends) end *= static_cast<std::size_t>(rows);
    return projector_(x.flatten(0, 1).contiguous(), row_ends).view({images, rows, -1});
  }

  /// The rows of one image or video. @param features  [tiles, g^2, width]
  at::Tensor arrange(const ImageLayout& image, const at::Tensor& features) const {
    if (image.is_video) return arrange_video(features);
    if (!image.anyres) return at::cat({features.flatten(0, 1), newline_});
    const AnyresPlan& plan = *image.anyres;
    const std::int64_t g = plan.features_per_side, width = features.size(2);
    at::Tensor map = features.narrow(0, 1, features.size(0) - 1)
                         .view({plan.tile_grid.height, plan.tile_grid.width, g, g, width})
                         .permute({0, 2, 1, 3, 4})
                         .reshape({plan.tile_grid.height * g, plan.tile_grid.width * g, width})
                         .narrow(0, plan.first_row, plan.kept.height)
                         .narrow(1, plan.first_column, plan.kept.width);
    if (!(plan.features == plan.kept)) {
      map = scale(map.unsqueeze(0), plan.features.height, plan.features.width).squeeze(0);
    }
    const at::Tensor newlines = newline_.expand({map.size(0), 1, width});
    return at::cat({features[0], at::cat({map, newlines}, 1).flatten(0, 1)});
  }

  at::Tensor arrange_video(const at::Tensor& features) const {
    const std::int64_t g = config_.side(), half = (g + 1) / 2, width = features.size(2);
    const at::Tensor frames = scale(features.view({-1, g, g, width}), half, half);
    return at::cat({frames.reshape({-1, width}), newline_});
  }

  /// Bilinear, without antialias. @param maps  [n, rows, columns, width]
  static at::Tensor scale(const at::Tensor& maps, std::int64_t rows, std::int64_t columns) {
    const at::Tensor planes = maps.permute({0, 3, 1, 2}).to(at::kFloat).contiguous();
    return at::upsample_bilinear2d(planes, {rows, columns}, /*align_corners=*/false)
        .permute({0, 2, 3, 1})
        .to(maps.scalar_type());
  }

  Compute compute_;
  VisionConfig config_;
  std::vector<std::size_t> layers_;  ///< of hidden states, 0 being the embeddings
  bool drops_first_ = false;
  VisionTower tower_;
  Mlp projector_;
  at::Tensor newline_;  ///< [1, width]
};

/// Gives each placeholder the id of what it stands for, an image or a video.
void name_placeholders(std::span<TokenId> ids, const std::array<TokenId, 2>& image_and_video,
                       std::span<const ImageLayout> images) {
  std::size_t image = 0;
  for (TokenId& id : ids) {
    if (std::ranges::find(image_and_video, id) == image_and_video.end()) continue;
    if (image == images.size()) return;  // too many, which is refused where they are repeated
    id = image_and_video[images[image++].is_video ? 1 : 0];
  }
}

}  // namespace

NetworkParts open_llava_onevision(Checkpoint checkpoint) {
  const ConfigFields config = checkpoint.fields();
  add_weights(checkpoint, vision_language_names());
  Weights& weights = checkpoint.weights;
  for (const char* unused : {"vision.head.", "vision.post_layernorm.", "vision.encoder.layers."}) {
    weights.ignore_prefix(unused);
  }
  weights.ignore_suffix(".position_ids");
  weights.ignore_suffix(".inv_freq");
  const DecoderConfig qwen = read_qwen2(config);
  if (qwen.tied) weights.ignore_prefix("lm_head.");
  auto eye = std::make_shared<const Eye>(checkpoint, qwen.width);

  NetworkParts parts;
  parts.decoder = Decoder(weights, checkpoint.compute, qwen);
  parts.tokenizer = find_tokenizer(checkpoint);
  parts.info = describe_network(checkpoint, "llava_onevision", "llava_onevision", parts.decoder);
  parts.info.takes_video = true;
  const CheckpointProcessors processors = read_processors(checkpoint.folder);
  require_fit(processors.image, eye->config(), checkpoint.folder);
  if (processors.video) require_fit(*processors.video, eye->config(), checkpoint.folder);
  parts.process = [processors, protocol = checkpoint.settings.images](auto images, bool video) {
    if (!video) return process_images(images, processors.image, protocol);
    require(processors.video.has_value(), "the checkpoint has no video processor");
    return process_video(images, *processors.video, protocol);
  };
  const auto token = [&](const char* name, long fallback) {
    return static_cast<TokenId>(config.whole(name, fallback, 0, 1L << 30));
  };
  const std::array<TokenId, 2> placeholders{token("image_token_index", 151646),
                                            token("video_token_index", 151647)};
  parts.prompt = [placeholders](const Tokenizer& tokenizer, std::string_view text, auto images) {
    std::vector<TokenId> ids = tokenizer.encode(text);
    name_placeholders(ids, placeholders, images);
    return expand_placeholders(ids, placeholders, images);
  };
  parts.see = [eye](std::span<const ProcessedImages* const> requests) {
    return eye->see(requests);
  };
  return parts;
}

}  // namespace sightline
