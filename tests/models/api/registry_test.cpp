#include "models/api/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "harness/base/error.h"
#include "tests/support/paths.h"

namespace sightline {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

const fs::path kModules = SIGHTLINE_TEST_MODULES;

template <typename Work>
std::string error_of(Work&& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

/// Sets SIGHTLINE_PLUGIN_PATH for a test.
class PluginPath {
 public:
  explicit PluginPath(const std::string& value) {
    ::setenv("SIGHTLINE_PLUGIN_PATH", value.c_str(), 1);
  }
  ~PluginPath() { ::unsetenv("SIGHTLINE_PLUGIN_PATH"); }
};

std::string answer_of(Model& model) {
  return ask(model, std::vector<Request>(1)).at(0).text;
}

TEST(Registry, NamesTheNearestModel) {
  Registry registry;
  registry.add({.name = "baseline", .summary = "", .open = {}, .module = ""});
  registry.add({.name = "null", .summary = "", .open = {}, .module = ""});
  const std::string text = error_of([&] { registry.open_model("basline", {}); });
  EXPECT_THAT(text, HasSubstr("no model 'basline'; did you mean 'baseline'?"));
  EXPECT_THAT(text, HasSubstr("baseline, null"));
}

TEST(Registry, ReplacesAnEntryOfTheSameName) {
  Registry registry;
  registry.add({.name = "a", .summary = "old", .open = {}, .module = ""});
  registry.add({.name = "b", .summary = "", .open = {}, .module = ""});
  registry.add({.name = "a", .summary = "new", .open = {}, .module = ""});
  ASSERT_EQ(registry.models().size(), 2U);
  EXPECT_EQ(registry.models()[0].summary, "new");
  EXPECT_THROW(registry.add({.name = "", .summary = "", .open = {}, .module = ""}), Error);
}

TEST(Registry, LoadsTheModuleOfAModelWhenItIsOpened) {
  const PluginPath path("/nowhere:" + kModules.string());
  Registry registry;
  registry.add({.name = "constant", .summary = "", .open = {}, .module = "good_module"});
  EXPECT_TRUE(registry.modules.empty());
  EXPECT_EQ(answer_of(*registry.open_model("constant", {})), "from the module");
  EXPECT_EQ(registry.modules, std::set<std::string>{"good_module"});
  EXPECT_EQ(answer_of(*registry.open_model("constant", {})), "from the module");
}

TEST(Registry, SaysWhichModelOfAModuleIsMissing) {
  const PluginPath path(kModules.string());
  Registry registry;
  registry.add({.name = "other", .summary = "", .open = {}, .module = "good_module"});
  EXPECT_THAT(error_of([&] { registry.open_model("other", {}); }),
              HasSubstr("module good_module was loaded, but it registers no model 'other'"));
}

TEST(Registry, SaysWhichModelCouldNotBeOpened) {
  const PluginPath path(kModules.string());
  Registry registry;
  load_module_by_name("good_module", registry);
  EXPECT_THAT(error_of([&] { registry.open_model("nothing", {}); }),
              HasSubstr("model nothing could not be opened"));
}

TEST(Registry, TakesAnUnknownNameForAModuleOnTheSearchPath) {
  const testing::TemporaryFolder folder;
  fs::copy_file(kModules / "good_module.so", folder / "libconstant.so");
  const PluginPath path(folder.path().string());
  Registry registry;
  EXPECT_EQ(answer_of(*registry.open_model("constant", {})), "from the module");
}

TEST(Module, IsRegisteredWithEachRegistryOnce) {
  const PluginPath path(kModules.string());
  Registry first, second;
  load_module_by_name("good_module", first);
  load_module_by_name("good_module", first);
  load_module_by_name("good_module", second);
  EXPECT_EQ(first.models().size(), 2U);
  EXPECT_EQ(second.models().size(), 2U);
}

TEST(Module, IsLookedForWhereTheErrorSays) {
  const PluginPath path("/nowhere");
  Registry registry;
  const std::string text = error_of([&] { load_module_by_name("no_such_module", registry); });
  EXPECT_THAT(text, HasSubstr("module 'no_such_module' was not found; looked for\n"));
  EXPECT_THAT(text, HasSubstr("\n  /nowhere/no_such_module.so"));
  EXPECT_THAT(text, HasSubstr("\n  " SIGHTLINE_BUILD "/sightline/no_such_module.so"));
  EXPECT_THAT(text, HasSubstr("SIGHTLINE_PLUGIN_PATH"));
  for (const char* name : {"", "../good_module", "/etc/passwd"}) {
    EXPECT_TRUE(find_module(name).empty()) << name;
    EXPECT_THROW(load_module_by_name(name, registry), Error) << name;
  }
}

TEST(Module, ThatCannotBeLoadedIsNamedWithTheReason) {
  const testing::TemporaryFolder folder;
  std::ofstream(folder / "text.so") << "no library at all";
  const std::vector<std::pair<fs::path, std::string>> cases = {
      {"/nowhere/x.so", "there is no module file /nowhere/x.so"},
      {folder.path(), "there is no module file"},
      {folder / "text.so", "cannot be loaded: "},
      {kModules / "unresolved_module.so", "defined_nowhere"},
      {kModules / "foreign_module.so", "is a shared library but no Sightline module"},
      {kModules / "old_module.so",
       "was built for interface 'sightline-module-0', this Sightline has 'sightline-module-2'"},
      {kModules / "failing_module.so", "no licence was found\n  while registering the module"}};
  for (const auto& [file, message] : cases) {
    SCOPED_TRACE(file);
    Registry registry;
    EXPECT_THAT(error_of([&] { load_module(file, registry); }), HasSubstr(message));
    EXPECT_TRUE(registry.models().empty());
  }
}

}  // namespace
}  // namespace sightline
