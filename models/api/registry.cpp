#include "models/api/registry.h"

#include <algorithm>

#include "harness/base/error.h"

namespace sightline {

namespace {

template <typename Entries>
auto find_model(Entries& entries, const std::string& name) {
  return std::find_if(entries.begin(), entries.end(),
                      [&](const ModelEntry& entry) { return entry.name == name; });
}

[[noreturn]] void fail_unknown(const std::vector<ModelEntry>& entries, const std::string& name) {
  std::vector<std::string> names;
  for (const ModelEntry& entry : entries) names.push_back(entry.name);
  throw UsageError(fmt::format(
      "there is no model '{}'{} (there are {}; a module on SIGHTLINE_PLUGIN_PATH may add others)",
      name, did_you_mean(name, names), fmt::join(names, ", ")));
}

}  // namespace

void Registry::add(ModelEntry entry) {
  require(!entry.name.empty(), "a model was registered without a name");
  const auto found = find_model(models_, entry.name);
  if (found == models_.end()) {
    models_.push_back(std::move(entry));
  } else {
    if (entry.summary.empty()) entry.summary = found->summary;
    *found = std::move(entry);
  }
}

void Registry::require_model(const std::string& name) const {
  if (find_model(models_, name) == models_.end() && find_module(name).empty()) {
    fail_unknown(models_, name);
  }
}

std::unique_ptr<Model> Registry::open_model(const std::string& name, ModelSettings settings) {
  require_model(name);
  auto found = find_model(models_, name);
  if (found == models_.end() || !found->open) {
    const std::string module = found == models_.end() ? name : found->module;
    load_module_by_name(module, *this);
    found = find_model(models_, name);
    require(found != models_.end() && found->open,
            "module {} was loaded, but it registers no model '{}'", module, name);
  }
  // A copy: opening may register further models, which moves the entries.
  const ModelFactory open = found->open;
  std::unique_ptr<Model> model = with_context([&] { return fmt::format("opening model {}", name); },
                                              [&] { return open(std::move(settings)); });
  require(model != nullptr, "model {} could not be opened: its factory gave none", name);
  return model;
}

}  // namespace sightline
