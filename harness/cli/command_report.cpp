#include <CLI/CLI.hpp>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/cli/arguments.h"
#include "harness/cli/program.h"
#include "harness/engine/report_page.h"
#include "harness/engine/stored_run.h"
#include "results/published/published.h"

namespace sightline {

namespace {

struct ReportFlags {
  std::vector<std::string> runs;
  std::string format = "table", data_root, output;
  std::size_t samples = GallerySettings{}.samples;
  std::vector<std::string> published;
  bool json = false, with_published = false;
};

/// The published numbers that --with_published sets beside the runs.
std::vector<PublishedNumber> published_beside(const ReportFlags& flags,
                                              const std::vector<RunResults>& runs) {
  if (flags.with_published) return numbers_beside(runs, published_results(flags.published));
  if (!flags.published.empty()) throw UsageError("--published goes with --with_published");
  return {};
}

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

/// The page: `runs` and what else their folders hold.
std::string html_page(const ReportFlags& flags, std::vector<RunResults> runs,
                      const Program& program) {
  const std::vector<std::filesystem::path> folders(flags.runs.begin(), flags.runs.end());
  HtmlReport page = read_report(folders, std::move(runs), program.tasks, flags.data_root,
                                {.samples = flags.samples, .pictures = {}});
  page.published = published_beside(flags, page.runs);
  return render_html(page);
}

void report(const ReportFlags& flags, Program& program) {
  prepare(program);
  const std::string format = flags.json ? "json" : flags.format;
  const bool is_page = format == "html";
  const ReportFormat table = is_page ? ReportFormat::kTable : parse_report_format(format);
  std::vector<RunResults> runs;
  for (const std::string& folder : flags.runs) {
    runs.push_back(load_run(folder, program.tasks, flags.data_root));
  }
  name_columns(flags.runs, runs);
  const std::string text = is_page ? html_page(flags, std::move(runs), program)
                                   : render(runs, table, published_beside(flags, runs));
  if (flags.output.empty()) {
    fmt::print("{}", text);
  } else {
    write_file_atomically(flags.output, text);
  }
}

}  // namespace

void add_report_command(CLI::App& app, Program& program) {
  CLI::App* command = app.add_subcommand("report", "tables of finished or unfinished runs");
  auto flags = std::make_shared<ReportFlags>();
  command->add_option("runs", flags->runs, "run folders, a column each")->required();
  command->add_option("--format", flags->format, "table, markdown, csv, latex, json, junit or html")
      ->capture_default_str();
  command->add_option("--data_root", flags->data_root,
                      "folder of the data, if it moved since the run");
  command->add_option("-o,--output", flags->output, "file to write instead of printing");
  command
      ->add_option("--samples", flags->samples,
                   "html: most samples, with their pictures, a task shows; 0 for none")
      ->capture_default_str();
  command->add_flag("--with_published", flags->with_published,
                    "published numbers of the same tasks beside them, marked as not measured here");
  add_published_flag(*command, flags->published);
  command->add_flag("--json", flags->json, "the same as --format json");
  command->footer("example: sightline report out --format markdown");
  command->callback([flags, &program] { report(*flags, program); });
}

}  // namespace sightline
