#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "models/api/model.h"
#include "models/api/predictions.h"

namespace sightline {

/// `--model_args k=v,...`, each to be used: an adapter takes what it knows and `check_all_used`
/// then names what is left.
class ModelArgs {
 public:
  ModelArgs() = default;
  explicit ModelArgs(std::map<std::string, std::string> values) : values_(std::move(values)) {}
  /// "k=v,k2=v2"; a comma inside a value is written "\,". Throws `UsageError`.
  static ModelArgs parse(const std::string& text);

  std::string get(const std::string& key, const std::string& fallback = "");
  std::string need(const std::string& key, const std::string& meaning);
  double get_number(const std::string& key, double fallback);
  bool has(const std::string& key) const { return values_.count(key) > 0; }
  /// Throws `UsageError` for an argument nobody asked for, with the nearest known one.
  void check_all_used(const std::string& model) const;
  const std::map<std::string, std::string>& values() const { return values_; }

 private:
  std::map<std::string, std::string> values_;
  std::map<std::string, bool> used_;
};

/// What a model may know of the job when it is opened. Never anything of the references.
struct ModelSettings {
  ModelArgs args;
  std::string task;              ///< the task's name; "" for `generate`
  Kind kind = Kind::kText;       ///< what the task asks for
  PredictionFormat predictions;  ///< how the task's official predictions look (for `replay`)
  std::string precision;         ///< `--precision`; "" leaves it to the model
  std::string device = "cpu";
  std::uint64_t seed = 0;
  /// `--gen_kwargs`, which requests bring too: a model that knows them refuses others at once.
  std::map<std::string, std::string> gen_kwargs;
};

using ModelFactory = std::function<std::unique_ptr<Model>(ModelSettings)>;

/// A model adapter that can be chosen by name.
struct ModelEntry {
  std::string name;
  std::string summary;  ///< one line for `list models`, with its arguments
  ModelFactory open;
  std::string module;  ///< not empty: `open` comes when this module is loaded
  bool quick = false;  ///< opening costs next to nothing: a run tries it for all tasks at its start
};

class Painter;  // harness/media/painter.h
using PainterFactory = std::function<std::unique_ptr<Painter>(int width, int height)>;
using RegionFinder = std::function<std::vector<Box>(const Image& image, std::size_t most)>;

class Network;  // models/generation/network.h
struct NetworkSettings;
using NetworkFactory = std::function<std::unique_ptr<Network>(const NetworkSettings&)>;

class ImageTokenizer;  // models/api/image_tokenizer.h
struct ImageTokenizerSettings;
using ImageTokenizerFactory =
    std::function<std::unique_ptr<ImageTokenizer>(const ImageTokenizerSettings&)>;

class EntailmentModel;  // models/api/entailment.h
struct EntailmentSettings;
using EntailmentFactory =
    std::function<std::unique_ptr<EntailmentModel>(const EntailmentSettings&)>;

class InceptionNetwork;  // models/api/image_networks.h
class PerceptualDistance;
struct InceptionSettings;
struct PerceptualSettings;
using InceptionFactory = std::function<std::unique_ptr<InceptionNetwork>(const InceptionSettings&)>;
using PerceptualFactory =
    std::function<std::unique_ptr<PerceptualDistance>(const PerceptualSettings&)>;

/// All that can be plugged in. A value, built by the command line and filled by modules.
class Registry {
 public:
  /// A later entry of the same name replaces the former, whose summary stays where it has none.
  void add(ModelEntry entry);
  const std::vector<ModelEntry>& models() const { return models_; }
  /// Throws `UsageError` naming the nearest known model unless `open_model` may find one.
  void require_model(const std::string& name) const;
  /// Opens a model by name; loads its module first where it lives in one. A name that is not
  /// known may be that of a module on the search path which registers it. Throws `UsageError`
  /// naming the nearest known model.
  std::unique_ptr<Model> open_model(const std::string& name, ModelSettings settings);

  PainterFactory painter;      ///< drawing, in the module "sightline_opencv"
  RegionFinder region_finder;  ///< contour boxes, in the module "sightline_opencv"
  NetworkFactory network;      ///< vision-language networks, in the module "sightline_torch"
  ImageTokenizerFactory image_tokenizer;  ///< images to codes and back, in "sightline_torch"
  EntailmentFactory entailment;           ///< judges of sentences, in the module "sightline_torch"
  InceptionFactory inception;             ///< features for FID and its kin, in "sightline_torch"
  PerceptualFactory perceptual;           ///< LPIPS, in the module "sightline_torch"
  std::set<std::string> modules;  ///< names of the modules that `load_module_by_name` has loaded

 private:
  std::vector<ModelEntry> models_;
};

/// Loads a module (a shared library made with SIGHTLINE_MODULE) and lets it register. Throws
/// `Error` when it cannot be loaded, is no module, or was built against another version.
void load_module(const std::filesystem::path& file, Registry& registry);

/// The file "NAME.so" or "libNAME.so" in SIGHTLINE_PLUGIN_PATH (colon-separated folders), the
/// folder of the Sightline library, or its subfolder "sightline"; empty when there is none.
std::filesystem::path find_module(const std::string& name);

/// Loads the module `name` from where `find_module` finds it; once per name and registry. The error
/// lists where it looked.
void load_module_by_name(const std::string& name, Registry& registry);

/// What a module and the program must agree on.
inline constexpr const char* kModuleInterface = "sightline-module-2";

}  // namespace sightline

/// Makes a shared library a Sightline module: `SIGHTLINE_MODULE(registry) { registry.add(...); }`
// NOLINTBEGIN(bugprone-macro-parentheses): the argument is the name of a parameter
#define SIGHTLINE_MODULE(registry)                                                             \
  static void sightline_module_body(sightline::Registry&);                                     \
  extern "C" __attribute__((visibility("default"))) const char* sightline_module_interface() { \
    return sightline::kModuleInterface;                                                        \
  }                                                                                            \
  extern "C" __attribute__((visibility("default"))) void sightline_module_register(            \
      sightline::Registry& target) {                                                           \
    sightline_module_body(target);                                                             \
  }                                                                                            \
  static void sightline_module_body(sightline::Registry& registry)
// NOLINTEND(bugprone-macro-parentheses)
