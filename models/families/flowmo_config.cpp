#include "models/families/flowmo_config.h"

#include <nlohmann/json.hpp>

#include "harness/base/error.h"

namespace sightline {

namespace {

using nlohmann::json;

constexpr long kMostSize = 1 << 20;
constexpr std::int64_t kWidthUnit = 192;  ///< hidden size for each unit of mup_width
constexpr std::int64_t kTimeValues = 256;

/// The stack of a published width.
FlowMoStack stack_of(std::int64_t mup_width, std::int64_t depth) {
  return {.width = kWidthUnit * mup_width,
          .depth = depth,
          .axes = {2 * mup_width, 7 * mup_width, 7 * mup_width}};
}

void check_stack(const ConfigFields& fields, const FlowMoStack& stack) {
  require(stack.width % stack.heads == 0, "{}: {} attention heads do not divide a width of {}",
          fields.name(), stack.heads, stack.width);
  std::int64_t sum = 0;
  for (const std::int64_t axis : stack.axes) {
    require(axis >= 0 && axis % 2 == 0, "{}: 'axes_dim' has {}, want even numbers (an even width)",
            fields.name(), axis);
    sum += axis;
  }
  require(sum == stack.head_dim(), "{}: 'axes_dim' sum to {}, want the {} values of a head",
          fields.name(), sum, stack.head_dim());
}

/// Sizes of a stack that its width does not give.
FlowMoStack read_sizes(const ConfigFields& fields, const char* name, FlowMoStack stack) {
  if (fields.find(name) != nullptr) {
    const ConfigFields sizes = fields.object(name);
    stack.width = sizes.whole("hidden", static_cast<long>(stack.width), 1, kMostSize);
    stack.heads = sizes.whole("heads", static_cast<long>(stack.heads), 1, kMostSize);
    if (const json* axes = sizes.find("axes_dim")) {
      const bool three = axes->is_array() && axes->size() == 3 && (*axes)[0].is_number_integer() &&
                         (*axes)[1].is_number_integer() && (*axes)[2].is_number_integer();
      if (!three) sizes.fail_field("axes_dim", "three whole numbers");
      for (std::size_t i = 0; i < 3; ++i) stack.axes[i] = (*axes)[i].get<std::int64_t>();
    }
    check_stack(sizes, stack);
  } else {
    check_stack(fields, stack);
  }
  return stack;
}

int image_side(const ConfigFields& fields, const json& value, std::string_view field) {
  if (!value.is_number_integer() || value.get<std::int64_t>() < 1 ||
      value.get<std::int64_t>() > kMostSize) {
    fields.fail_field(field, "sides in pixels");
  }
  return value.get<int>();
}

void read_image_size(const ConfigFields& fields, FlowMoConfig& config) {
  if (const json* sides = fields.find("image_hw")) {
    if (!sides->is_array() || sides->size() != 2) fields.fail_field("image_hw", "[height, width]");
    config.image_height = image_side(fields, (*sides)[0], "image_hw");
    config.image_width = image_side(fields, (*sides)[1], "image_hw");
  } else if (const json* side = fields.find("image")) {
    config.image_width = config.image_height = image_side(fields, *side, "image");
  } else if (fields.find("data") != nullptr) {
    const ConfigFields data = fields.object("data");
    config.image_width = config.image_height =
        static_cast<int>(data.whole("image_size", config.image_width, 1, kMostSize));
  }
  require(
      config.image_width % config.patch_size == 0 && config.image_height % config.patch_size == 0,
      "{}: 'patch_size' is {}, which does not divide the image's {} x {} pixels", fields.name(),
      config.patch_size, config.image_width, config.image_height);
}

void read_levels(const ConfigFields& model, FlowMoConfig& config) {
  const json* levels = model.find("fsq_levels");
  const bool fits = levels != nullptr && levels->is_array() &&
                    static_cast<std::int64_t>(levels->size()) == config.context_dim;
  if (!fits) model.fail_field("fsq_levels", "a list with the levels of each channel");
  for (const json& level : *levels) {
    const bool known = level.is_number_integer() && level.get<std::int64_t>() >= 2 &&
                       level.get<std::int64_t>() <= 256;
    if (!known) model.fail_field("fsq_levels", "whole numbers from 2 to 256");
    config.fsq_levels.push_back(level.get<std::uint32_t>());
  }
  config.fsq_form = parse_fsq_form(model.text("fsq_form", "tan"));
}

void read_quantiser(const ConfigFields& model, FlowMoConfig& config) {
  const std::string name = model.text("quantization_type", "lfq");
  if (name == "lfq") {
    const long usual = config.context_dim % 9 == 0 ? 9 : static_cast<long>(config.context_dim);
    config.index_bits = model.whole("codebook_size_for_entropy", usual, 1, 63);
    if (config.context_dim % config.index_bits != 0) {
      model.fail_field("codebook_size_for_entropy",
                       fmt::format("a divisor of 'context_dim', {}", config.context_dim));
    }
  } else if (name == "fsq") {
    config.code = CodeKind::kFsq;
    read_levels(model, config);
  } else if (name == "noop") {
    config.code = CodeKind::kContinuous;
  } else {
    model.fail_field("quantization_type", "lfq, fsq or noop (others are not supported)");
  }
}

/// Texts and numbers as `with_options` takes them.
std::string option_text(const ConfigFields& sampling, const char* name, const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number()) return value.dump();
  if (value.is_array() && value.size() == 2 && value[0].is_number() && value[1].is_number()) {
    return fmt::format("({},{})", value[0].dump(), value[1].dump());
  }
  sampling.fail_field(name, "a text or a number");
}

FlowSampling read_sampling(const ConfigFields& fields) {
  if (fields.find("sampling") == nullptr) return {};
  const ConfigFields sampling = fields.object("sampling");
  if (sampling.text("mode", "rf") != "rf") sampling.fail_field("mode", "rf (a rectified flow)");
  std::map<std::string, std::string> options;
  for (const char* name : {"sample_steps", "schedule", "cfg", "cfg_interval"}) {
    if (const json* value = sampling.find(name)) {
      options[name] = option_text(sampling, name, *value);
    }
  }
  // `find` takes null for missing, but here it says: at every step.
  const json& object = *fields.find("sampling");
  if (object.contains("cfg_interval") && object["cfg_interval"].is_null()) {
    options["cfg_interval"] = "none";
  }
  try {
    return with_options({}, options, sampling.name() + ": ");
  } catch (const UsageError& error) {
    throw Error(error.what());  // the file is wrong, not the command
  }
}

/// Channels of codes: the decoder's has one more, which says that there is a code.
void connect(FlowMoConfig& config) {
  config.encoder.code_in = config.encoder.code_out = config.context_dim;
  config.decoder.code_in = config.decoder.code_out = config.context_dim + 1;
}

void add_linear(std::vector<TensorSpec>& tensors, const std::string& name, std::int64_t out,
                std::int64_t in) {
  tensors.push_back({name + ".weight", {out, in}});
  tensors.push_back({name + ".bias", {out}});
}

void add_block(std::vector<TensorSpec>& tensors, const std::string& prefix,
               const FlowMoStack& stack) {
  const std::int64_t width = stack.width;
  for (const char* stream : {"img", "txt"}) {
    const std::string name = prefix + stream;
    add_linear(tensors, name + "_mod.lin", 6 * width, width);
    add_linear(tensors, name + "_attn.qkv", 3 * width, width);
    for (const char* norm : {"query", "key"}) {
      tensors.push_back(
          {fmt::format("{}_attn.norm.{}_norm.scale", name, norm), {stack.head_dim()}});
    }
    add_linear(tensors, name + "_attn.proj", width, width);
    add_linear(tensors, name + "_mlp.0", 4 * width, width);
    add_linear(tensors, name + "_mlp.2", width, 4 * width);
  }
}

}  // namespace

FlowMoConfig published_flowmo(std::int64_t context_dim) {
  constexpr std::int64_t kLo = 18, kHi = 56;
  require(context_dim == kLo || context_dim == kHi,
          "codes of {} channels are neither FlowMo-Lo's ({}) nor FlowMo-Hi's ({}): say config=FILE "
          "with the model's configuration",
          context_dim, kLo, kHi);
  constexpr std::int64_t kEncoderWidth = 4, kEncoderDepth = 8, kDecoderWidth = 6,
                         kDecoderDepth = 16, kLoBits = 9, kHiBits = 14;
  FlowMoConfig config{.context_dim = context_dim,
                      .index_bits = context_dim == kLo ? kLoBits : kHiBits};
  config.encoder = stack_of(kEncoderWidth, kEncoderDepth);
  config.decoder = stack_of(kDecoderWidth, kDecoderDepth);
  connect(config);
  return config;
}

FlowMoConfig read_flowmo_config(const ConfigFields& fields) {
  const ConfigFields model = fields.object("model");
  const auto whole = [&](const char* field, long fallback) {
    return model.whole(field, fallback, 1, kMostSize);
  };
  FlowMoConfig config;
  config.patch_size = whole("patch_size", 4);
  config.code_length = whole("code_length", 256);
  if (model.find("context_dim") == nullptr) model.fail_field("context_dim", "a whole number");
  config.context_dim = whole("context_dim", 0);
  config.enable_mup = model.flag("enable_mup", true);
  if (!model.flag("enable_cfg", true)) {
    model.fail_field("enable_cfg", "true (models without guidance are not supported)");
  }
  read_quantiser(model, config);
  config.encoder =
      read_sizes(fields, "encoder", stack_of(whole("enc_mup_width", 4), whole("enc_depth", 8)));
  config.decoder =
      read_sizes(fields, "decoder", stack_of(whole("mup_width", 6), whole("dec_depth", 16)));
  connect(config);
  read_image_size(fields, config);
  config.sampling = read_sampling(fields);
  return config;
}

std::vector<TensorSpec> flowmo_tensors(const FlowMoConfig& config) {
  std::vector<TensorSpec> tensors;
  for (const auto& [prefix, stack] :
       {std::pair<std::string, FlowMoStack>("encoder.", config.encoder),
        {"decoder.", config.decoder}}) {
    const std::int64_t width = stack.width;
    add_linear(tensors, prefix + "time_in.in_layer", width, kTimeValues);
    add_linear(tensors, prefix + "time_in.out_layer", width, width);
    add_linear(tensors, prefix + "img_in", width, config.patch_values());
    add_linear(tensors, prefix + "txt_in", width, stack.code_in);
    for (std::int64_t i = 0; i < stack.depth; ++i) {
      add_block(tensors, fmt::format("{}double_blocks.{}.", prefix, i), stack);
    }
    for (const auto& [stream, out] :
         {std::pair<std::string, std::int64_t>("img", config.patch_values()),
          {"txt", stack.code_out}}) {
      const std::string name = prefix + "final_layer_" + stream;
      add_linear(tensors, name + ".linear", out, width);
      add_linear(tensors, name + ".adaLN_modulation.1", 2 * width, width);
    }
  }
  return tensors;
}

}  // namespace sightline
