#pragma once

#include "models/families/minimind_v.h"
#include "tests/models/families/golden_family.h"

namespace sightline::testing {

/// One variant of MiniMind-V with its goldens.
struct Minimind {
  /// @param path  the folder of the goldens, which need not be that of the network
  Minimind(const std::filesystem::path& path, NetworkSettings settings)
      : folder(path), tensors(open_tensor_file(path / "golden.safetensors")) {
    settings.images.order = PassOrder::kPillow13;  // which the goldens were made with
    network = make_network(settings);
  }

  bool has(const std::string& name) const { return tensors.find(name) != nullptr; }
  std::vector<float> floats(const std::string& name) const {
    return tensors.at(name).values<float>();
  }
  template <typename T>
  std::vector<T> whole(const std::string& name) const {
    const std::vector<std::int64_t> values = tensors.at(name).values<std::int64_t>();
    return {values.begin(), values.end()};
  }
  MinimindPlaceholder placeholder() const {
    const bool legacy = network->info().prompt_style == "minimind_v_legacy";
    return {.id = legacy ? 34 : 12, .tokens = image_tokens(), .sliding = legacy};
  }
  std::size_t image_tokens() const {
    return static_cast<std::size_t>(
        tensors.at("p0.vision_proj_out")
            .shape.at(tensors.at("p0.vision_proj_out").shape.size() - 2));
  }
  GoldenPrompt prepare(std::vector<TokenId> ids, std::span<const int> image_index) {
    std::vector<Image> images;
    for (const int index : image_index) {
      images.push_back(read_image(folder / "images" / ("img" + std::to_string(index) + ".png")));
    }
    GoldenPrompt ready;
    ready.prompt = place_minimind_images(std::move(ids), placeholder(), images.size());
    if (images.empty()) return ready;
    std::vector<const Image*> pointers;
    for (const Image& image : images) pointers.push_back(&image);
    processed = network->process(pointers, false);
    const ProcessedImages* request = &processed;
    ready.vision = network->encode({&request, 1}).front();
    return ready;
  }

  /// Logits of the steps of prompt `name` ("p0."), [steps][vocabulary].
  std::vector<std::vector<float>> greedy_logits(const std::string& name) {
    std::vector<int> images;
    if (has(name + "image_index")) images = whole<int>(name + "image_index");
    const GoldenPrompt ready = prepare(whole<TokenId>(name + "input_ids"), images);
    return forced_logits(*network, {&ready, 1}, {whole<TokenId>(name + "greedy_ids")})[0];
  }

  std::filesystem::path folder;
  TensorFile tensors;
  std::unique_ptr<Network> network;
  ProcessedImages processed;
};

}  // namespace sightline::testing
