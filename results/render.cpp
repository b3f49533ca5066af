#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "harness/base/error.h"
#include "results/report_layout.h"
#include "results/report_published.h"
#include "results/run_results.h"

namespace sightline {

namespace {

constexpr std::array<std::pair<const char*, ReportFormat>, 6> kFormats = {{
    {"table", ReportFormat::kTable},
    {"markdown", ReportFormat::kMarkdown},
    {"csv", ReportFormat::kCsv},
    {"latex", ReportFormat::kLatex},
    {"json", ReportFormat::kJson},
    {"junit", ReportFormat::kJunit},
}};

/// A published number as readers of results.json look for it, without what only a run has.
nlohmann::json json_of(const PublishedNumber& number) {
  const MetricValue& metric = number.metric;
  nlohmann::json entry = {
      {"measured", false},
      {"model_name", "published: " + number.label},
      {"results",
       {{number.task,
         {{metric.key + ",none", *metric.value}, {metric.key + "_stderr,none", "N/A"}}}}},
      {"higher_is_better", {{number.task, {{metric.key, metric.higher_is_better}}}}},
      {"published",
       {{"id", number.id},
        {"source", number.source},
        {"from_memory", number.from_memory},
        {"protocol", nlohmann::json::parse(number.protocol)}}}};
  if (metric.n > 0) entry["n-samples"] = {{number.task, {{"effective", metric.n}}}};
  return entry;
}

std::string render_json(const std::vector<RunResults>& runs,
                        const std::vector<PublishedNumber>& published) {
  nlohmann::json all = nlohmann::json::array();
  for (const RunResults& run : runs) all.push_back(to_json(run));
  for (const PublishedNumber& number : published) {
    if (stands_beside(number, runs)) all.push_back(json_of(number));
  }
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

std::string render(const std::vector<RunResults>& runs, ReportFormat format,
                   const std::vector<PublishedNumber>& published) {
  switch (format) {
    case ReportFormat::kTable:
      return render_table(lay_out(runs, published));
    case ReportFormat::kMarkdown:
      return render_markdown(lay_out(runs, published));
    case ReportFormat::kCsv:
      return render_csv(runs, published);
    case ReportFormat::kLatex:
      return render_latex(lay_out(runs, published));
    case ReportFormat::kJson:
      return render_json(runs, published);
    case ReportFormat::kJunit:
      return render_junit(runs);
  }
  fail("unknown report format {}", static_cast<int>(format));
}

}  // namespace sightline
