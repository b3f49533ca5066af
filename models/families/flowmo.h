#pragma once

#include <memory>

#include "models/api/image_tokenizer.h"
#include "models/families/flowmo_network.h"

namespace sightline {

/// A FlowMo checkpoint that is open.
struct OpenedFlowMo {
  FlowMoNetwork network;
  std::size_t weight_bytes = 0;
  std::vector<std::string> quantised;
  std::map<std::string, std::string> hashes;
};

/// Opens the `.pth` of a training run (its EMA weights, `model_ema_state_dict`) or any file or
/// folder of weights with the same names. The configuration is settings.config, else config.json
/// beside the weights, else that of FlowMo-Lo or FlowMo-Hi, by the channels of the code. Throws
/// `Error` naming the tensor unless the file holds exactly those of `flowmo_tensors`.
OpenedFlowMo open_flowmo(const ImageTokenizerSettings& settings);

/// FlowMo as a tokenizer.
std::unique_ptr<ImageTokenizer> make_flowmo(const ImageTokenizerSettings& settings);

/// The tokenizer of a checkpoint, by settings.family or the `model_type` of its configuration; a
/// file without a configuration is taken for FlowMo's. Throws `Error` listing the families.
std::unique_ptr<ImageTokenizer> make_image_tokenizer(const ImageTokenizerSettings& settings);

}  // namespace sightline
