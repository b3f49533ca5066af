#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "harness/base/error.h"
#include "results/report_layout.h"
#include "results/run_results.h"

namespace sightline {

namespace {

constexpr std::array<std::pair<const char*, ReportFormat>, 5> kFormats = {{
    {"table", ReportFormat::kTable},
    {"markdown", ReportFormat::kMarkdown},
    {"csv", ReportFormat::kCsv},
    {"latex", ReportFormat::kLatex},
    {"json", ReportFormat::kJson},
}};

std::string render_json(const std::vector<RunResults>& runs) {
  nlohmann::json all = nlohmann::json::array();
  for (const RunResults& run : runs) all.push_back(to_json(run));
  return all.dump(2) + "\n";
}

}  // namespace

ReportFormat parse_report_format(const std::string& name) {
  std::vector<std::string> names;
  for (const auto& [known, format] : kFormats) {
    if (name == known) return format;
    names.emplace_back(known);
  }
  throw UsageError(fmt::format("unknown report format '{}', want one of {}{}", name,
                               fmt::join(names, ", "), did_you_mean(name, names)));
}

std::string render(const std::vector<RunResults>& runs, ReportFormat format) {
  switch (format) {
    case ReportFormat::kTable:
      return render_table(lay_out(runs));
    case ReportFormat::kMarkdown:
      return render_markdown(lay_out(runs));
    case ReportFormat::kCsv:
      return render_csv(runs);
    case ReportFormat::kLatex:
      return render_latex(lay_out(runs));
    case ReportFormat::kJson:
      return render_json(runs);
  }
  fail("unknown report format {}", static_cast<int>(format));
}

}  // namespace sightline
