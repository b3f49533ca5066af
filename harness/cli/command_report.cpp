#include <CLI/CLI.hpp>

#include "harness/base/error.h"
#include "harness/cli/program.h"
#include "harness/engine/stored_run.h"

namespace sightline {

namespace {

struct ReportFlags {
  std::vector<std::string> runs;
  std::string format = "table", data_root;
  bool json = false;
};

/// The last folder of a path names the column when several runs of one model stand side by side.
void name_columns(const std::vector<std::string>& folders, std::vector<RunResults>& runs) {
  std::map<std::string, int> uses;
  for (const RunResults& run : runs) ++uses[run.model];
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (uses[runs[i].model] < 2) continue;
    const std::filesystem::path folder = std::filesystem::path(folders[i]).lexically_normal();
    const auto name = folder.has_filename() ? folder.filename() : folder.parent_path().filename();
    runs[i].model += " (" + name.string() + ")";
  }
}

void report(const ReportFlags& flags, Program& program) {
  prepare(program);
  const ReportFormat format = parse_report_format(flags.json ? "json" : flags.format);
  std::vector<RunResults> runs;
  for (const std::string& folder : flags.runs) {
    runs.push_back(load_run(folder, program.tasks, flags.data_root));
  }
  name_columns(flags.runs, runs);
  fmt::print("{}", render(runs, format));
}

}  // namespace

void add_report_command(CLI::App& app, Program& program) {
  CLI::App* command = app.add_subcommand("report", "tables of finished or unfinished runs");
  auto flags = std::make_shared<ReportFlags>();
  command->add_option("runs", flags->runs, "run folders, a column each")->required();
  command->add_option("--format", flags->format, "table, markdown, csv, latex or json")
      ->capture_default_str();
  command->add_option("--data_root", flags->data_root,
                      "folder of the data, if it moved since the run");
  command->add_flag("--json", flags->json, "the same as --format json");
  command->footer("example: sightline report out --format markdown");
  command->callback([flags, &program] { report(*flags, program); });
}

}  // namespace sightline
