#include <nlohmann/json.hpp>

#include <array>

#include "harness/base/error.h"
#include "models/families/families.h"

namespace sightline {

namespace {

struct Family {
  const char* model_type;
  NetworkParts (*open)(Checkpoint);
};

constexpr std::array<Family, 4> kFamilies{{{"paligemma", open_paligemma},
                                           {"llava_onevision", open_llava_onevision},
                                           {"minimind_v", open_minimind_v},
                                           {"minimind-v", open_minimind_v}}};

}  // namespace

std::unique_ptr<Network> make_network(const NetworkSettings& settings) {
  Checkpoint checkpoint = open_checkpoint(settings);
  std::string type = settings.family;
  if (type.empty()) type = checkpoint.fields().text("model_type", "");
  std::vector<std::string> known;
  for (const Family& family : kFamilies) {
    if (type == family.model_type) {
      std::string folder = checkpoint.folder.empty() ? "." : checkpoint.folder.string();
      NetworkParts parts = family.open(std::move(checkpoint));
      parts.folder = std::move(folder);
      return std::make_unique<ComposedNetwork>(std::move(parts));
    }
    known.emplace_back(family.model_type);
  }
  require(type != "flowmo",
          "{}: a model of the family 'flowmo' reconstructs images: it answers tasks of kind "
          "reconstruct only",
          checkpoint.config_name);
  if (type.empty()) {
    fail("{}: 'model_type' is missing; say family=NAME, one of {}", checkpoint.config_name,
         fmt::join(known, ", "));
  }
  fail("{}: the family '{}' is not supported{}; there are {}", checkpoint.config_name, type,
       did_you_mean(type, known), fmt::join(known, ", "));
}

}  // namespace sightline
