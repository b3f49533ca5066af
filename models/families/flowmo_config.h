#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "models/families/flow_sampler.h"
#include "models/families/quantisers.h"
#include "models/processors/config_fields.h"

namespace sightline {

/// One of FlowMo's two transformers.
struct FlowMoStack {
  std::int64_t width = 0, heads = 12, depth = 0;
  std::int64_t code_in = 0, code_out = 0;  ///< channels of the code that goes in and comes out
  std::array<std::int64_t, 3> axes{};      ///< dimensions of a head that each position rotates

  std::int64_t head_dim() const { return width / heads; }
};

enum class CodeKind {
  kLfq,
  kFsq,
  kContinuous,  ///< not quantised ("noop")
};

/// A FlowMo model (Sargent et al. 2025). The defaults are those of its published configuration.
struct FlowMoConfig {
  std::int64_t patch_size = 4, code_length = 256, context_dim = 18;
  bool enable_mup = true;
  CodeKind code = CodeKind::kLfq;
  std::int64_t index_bits = 9;            ///< kLfq: codebook_size_for_entropy
  std::vector<std::uint32_t> fsq_levels;  ///< kFsq: one a channel
  FsqForm fsq_form = FsqForm::kTan;
  FlowMoStack encoder, decoder;
  int image_width = 256, image_height = 256;
  FlowSampling sampling;

  std::int64_t patch_values() const { return 3 * patch_size * patch_size; }
};

/// FlowMo-Lo (18 channels) or FlowMo-Hi (56). Throws `Error` for other channels.
FlowMoConfig published_flowmo(std::int64_t context_dim);

/// A configuration with FlowMo's own names: objects `model` and, optionally, `sampling`; sizes that
/// depart from those of the width in `encoder` and `decoder` (hidden, heads, axes_dim); the image
/// in `image_hw`, `image` or `data.image_size`. Throws `Error` naming the field.
FlowMoConfig read_flowmo_config(const ConfigFields& fields);

/// The tensors of a checkpoint of this configuration, whether inference needs them or not.
struct TensorSpec {
  std::string name;
  std::vector<std::int64_t> shape;
};
std::vector<TensorSpec> flowmo_tensors(const FlowMoConfig& config);

}  // namespace sightline
