#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "harness/cli/program.h"
#include "harness/engine/stored_run.h"

namespace sightline {

namespace {

struct MergeFlags {
  std::string out, data_root;
  std::vector<std::string> shards;
  bool json = false;
};

void merge(const MergeFlags& flags, Program& program) {
  prepare(program);
  const std::vector<std::filesystem::path> shards(flags.shards.begin(), flags.shards.end());
  const RunResults results = merge_shards(flags.out, shards, program.tasks, flags.data_root);
  fmt::print(
      "{}", flags.json ? to_json(results).dump(2) + "\n" : render({results}, ReportFormat::kTable));
}

}  // namespace

void add_merge_command(CLI::App& app, Program& program) {
  CLI::App* command = app.add_subcommand("merge", "one run from its shards (run --shard i/n)");
  auto flags = std::make_shared<MergeFlags>();
  command->add_option("out", flags->out, "folder of the merged run")->required();
  command->add_option("shards", flags->shards, "folders of all shards")->required();
  command->add_option("--data_root", flags->data_root,
                      "folder of the data, if it lies elsewhere than for the shards");
  command->add_flag("--json", flags->json, "print results.json instead of the table");
  command->footer("example: sightline merge whole part1 part2 part3");
  command->callback([flags, &program] { merge(*flags, program); });
}

}  // namespace sightline
