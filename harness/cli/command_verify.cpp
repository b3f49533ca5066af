#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "harness/cli/program.h"
#include "harness/engine/stored_run.h"

namespace sightline {

namespace {

struct VerifyFlags {
  std::string run, data_root;
  bool json = false;
};

void verify(const VerifyFlags& flags, Program& program) {
  prepare(program);
  const Verification found = verify_run(flags.run, program.tasks, flags.data_root);
  program.exit_code = found.bad.empty() ? 0 : 1;
  if (flags.json) {
    const nlohmann::json document = {
        {"verified", found.bad.empty()}, {"good", found.good}, {"bad", found.bad}};
    fmt::print("{}\n", document.dump(2));
    return;
  }
  for (const std::string& line : found.good) fmt::print("good  {}\n", line);
  for (const std::string& line : found.bad) fmt::print("BAD   {}\n", line);
  fmt::print("{}\n", found.bad.empty() ? "verified" : "not verified");
}

}  // namespace

void add_verify_command(CLI::App& app, Program& program) {
  CLI::App* command =
      app.add_subcommand("verify", "score the stored responses again and check every hash");
  auto flags = std::make_shared<VerifyFlags>();
  command->add_option("run", flags->run, "run folder")->required();
  command->add_option("--data_root", flags->data_root,
                      "folder of the data, if it moved since the run");
  command->add_flag("--json", flags->json, "as one JSON document");
  command->footer("example: sightline verify out");
  command->callback([flags, &program] { verify(*flags, program); });
}

}  // namespace sightline
