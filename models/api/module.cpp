#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "harness/base/error.h"
#include "harness/base/text.h"
#include "models/api/registry.h"

namespace sightline {

namespace fs = std::filesystem;

namespace {

struct CloseLibrary {
  void operator()(void* library) const { ::dlclose(library); }
};
using Library = std::unique_ptr<void, CloseLibrary>;

template <typename Function>
Function* find_symbol(void* library, const char* name) {
  return reinterpret_cast<Function*>(::dlsym(library, name));
}

std::string loader_error() {
  const char* text = ::dlerror();
  return text == nullptr ? "no reason given" : text;
}

/// The folder of the file that holds this code: the Sightline library, or a program made of it.
fs::path library_folder() {
  Dl_info info{};
  const auto* here = reinterpret_cast<const void*>(&load_module);
  if (::dladdr(here, &info) == 0 || info.dli_fname == nullptr) return {};
  std::error_code error;
  const fs::path file = fs::canonical(info.dli_fname, error);
  if (error) return {};
  return file.parent_path();
}

std::vector<fs::path> module_folders() {
  std::vector<fs::path> folders;
  if (const char* path = std::getenv("SIGHTLINE_PLUGIN_PATH")) {
    for (const std::string_view folder : split(path, ':')) {
      if (!folder.empty()) folders.emplace_back(folder);
    }
  }
  if (const fs::path own = library_folder(); !own.empty()) {
    folders.push_back(own);
    folders.push_back(own / "sightline");
  }
  return folders;
}

/// Where a module may be, in the order of preference. A name with a slash is no module's.
std::vector<fs::path> candidates(const std::string& name) {
  std::vector<fs::path> files;
  if (name.empty() || name.find('/') != std::string::npos) return files;
  for (const fs::path& folder : module_folders()) {
    files.push_back(folder / (name + ".so"));
    files.push_back(folder / ("lib" + name + ".so"));
  }
  return files;
}

}  // namespace

void load_module(const fs::path& file, Registry& registry) {
  // Without a slash the loader would search the system's library folders.
  const fs::path path = fs::absolute(file);
  require(fs::is_regular_file(path), "there is no module file {}", path.string());
  // libgomp, which libtorch brings, reads this as it loads. By default its threads burn a core for
  // milliseconds after each piece of work, which the program's own threads then lack.
  ::setenv("OMP_WAIT_POLICY", "passive", /*overwrite=*/0);
  Library library(::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL));
  if (library == nullptr) {
    fail(
        "module {} cannot be loaded: {} (want a shared library built with "
        "find_package(Sightline) of this version)",
        path.string(), loader_error());
  }
  auto* interface = find_symbol<const char*()>(library.get(), "sightline_module_interface");
  auto* add_models = find_symbol<void(Registry&)>(library.get(), "sightline_module_register");
  require(interface != nullptr && add_models != nullptr,
          "{} is a shared library but no Sightline module: it has no SIGHTLINE_MODULE(registry) "
          "{{ ... }}",
          path.string());
  const std::string_view found = interface();
  require(found == kModuleInterface,
          "module {} was built for interface '{}', this Sightline has '{}': build it again against "
          "this version",
          path.string(), found, kModuleInterface);
  // Never unloaded from here on: the registry holds code of it, and so may an exception it throws.
  static_cast<void>(library.release());
  with_context([&] { return fmt::format("registering the module {}", path.string()); },
               [&] { add_models(registry); });
}

fs::path find_module(const std::string& name) {
  for (const fs::path& file : candidates(name)) {
    if (fs::is_regular_file(file)) return file;
  }
  return {};
}

void load_module_by_name(const std::string& name, Registry& registry) {
  if (registry.modules.count(name) > 0) return;
  const fs::path file = find_module(name);
  if (file.empty()) {
    std::string places;
    for (const fs::path& place : candidates(name)) places += "\n  " + place.string();
    fail(
        "module '{}' was not found; looked for{}\n  (SIGHTLINE_PLUGIN_PATH can name further "
        "folders)",
        name, places);
  }
  load_module(file, registry);
  registry.modules.insert(name);
}

}  // namespace sightline
