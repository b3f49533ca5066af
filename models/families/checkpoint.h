#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/generation/network.h"
#include "models/nn/composed_network.h"
#include "models/nn/compute.h"
#include "models/nn/decoder.h"
#include "models/nn/encoder.h"
#include "models/nn/weights.h"
#include "models/processors/config_fields.h"

/// What the files of all families have in common.
namespace sightline {

/// A checkpoint that is being opened.
struct Checkpoint {
  NetworkSettings settings;
  std::filesystem::path folder;  ///< of config.json, tokenizer.json and the processor's files
  std::shared_ptr<const nlohmann::json> config;
  std::string config_name;  ///< for errors: the file's path
  Compute compute;          ///< complete once weights are there
  Weights weights;
  std::vector<TokenId> usual_eos;  ///< ends an answer where no file says what does

  ConfigFields fields() const;
};

/// A JSON document. Throws `Error` naming the file.
nlohmann::json read_json(const std::filesystem::path& path);
/// Reads the configuration; weights are added by the family. Throws `Error` for a folder without
/// config.json.
Checkpoint open_checkpoint(const NetworkSettings& settings);
/// What transformers' models of a vision tower, a projector and a language model have called their
/// parts over the years: vision., projector., image_newline, text., lm_head.
std::span<const NameRule> vision_language_names();
/// Adds the weights of `settings.path` (or of `file`) under the names that `rules` give them and
/// decides what to compute with.
void add_weights(Checkpoint& checkpoint, std::span<const NameRule> rules);
void add_weights(Checkpoint& checkpoint, const std::filesystem::path& file,
                 std::span<const NameRule> rules);
/// Device and type for the settings, given the type that weights are stored in. Throws
/// `UsageError` for a precision that the device does not have.
Compute choose_compute(const NetworkSettings& settings, DType stored);

/// What every family says of itself once all weights are taken (else it throws): precision, bytes,
/// hashes, end-of-sequence ids of generation_config.json or of `config`, the image protocol.
NetworkInfo describe_network(const Checkpoint& checkpoint, std::string family,
                             std::string prompt_style, const Decoder& decoder);
/// The tokenizer of the settings, else the one beside the configuration, where there is one.
std::optional<Tokenizer> find_tokenizer(const Checkpoint& checkpoint);

/// A whole number that has to be there.
std::int64_t need(const ConfigFields& fields, std::string_view field);
/// theta of `rope_parameters`, or the older `rope_theta`. Throws for scaled rotary embeddings.
double rope_theta(const ConfigFields& text, double fallback);
/// The activation that a field names. Throws `Error` listing those there are.
Activation read_activation(const ConfigFields& fields, std::string_view field,
                           const std::string& fallback);
/// Throws `Error` unless the heads divide the width.
void check_width(const ConfigFields& fields, std::int64_t width, std::int64_t heads);
/// A SigLIP or CLIP `vision_config`, with transformers' defaults.
VisionConfig read_vision_config(const ConfigFields& fields, bool is_clip);
/// Sizes of a text_config that all families name alike; the vocabulary too.
DecoderConfig read_text_sizes(const ConfigFields& text, std::int64_t default_head_dim = 0);

/// Throws `Error` unless heads share keys evenly and have pairs of values to rotate.
void check_heads(const DecoderConfig& decoder, const ConfigFields& text);

/// `ids`, with each that is one of `placeholders` repeated as often as the image in its turn has
/// tokens, whose vision rows follow each other. Throws `Error` unless there are as many
/// placeholders as images.
Prompt expand_placeholders(std::span<const TokenId> ids, std::span<const TokenId> placeholders,
                           std::span<const ImageLayout> images);

/// The image processor of a checkpoint's folder, whose images fill the tower. Throws `Error` where
/// they do not.
ProcessorConfig read_image_processor(const std::filesystem::path& folder,
                                     const VisionConfig& vision);
/// Throws `Error` naming the folder unless the images of `processor` have the size of the tower's.
void require_fit(const ProcessorConfig& processor, const VisionConfig& vision,
                 const std::filesystem::path& folder);

/// `rows` cut behind each of `ends`.
std::vector<at::Tensor> split_rows(const at::Tensor& rows, SequenceEnds ends);

/// Rows behind each request's last image, for LLM.int8, and the pixels of all below each other.
struct StackedImages {
  at::Tensor pixels;                    ///< [images, 3, height, width]
  std::vector<std::size_t> image_ends;  ///< by request
};
StackedImages stack_images(std::span<const ProcessedImages* const> requests);

}  // namespace sightline
