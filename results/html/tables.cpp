#include <fmt/format.h>

#include <algorithm>

#include "results/html/escape.h"
#include "results/html/sections.h"

namespace sightline {

namespace {

/// The run that a column of a table is about: that of the same place, or where the table has other
/// columns beside the runs', the one of that name.
const std::size_t* run_of(const ReportTable& table, std::size_t column, const PageTask& task) {
  if (table.columns.size() == task.columns.size()) return &task.runs[column];
  const auto found = std::ranges::find(task.columns, table.columns[column], &ReportColumn::label);
  return found == task.columns.end()
             ? nullptr
             : &task.runs[static_cast<std::size_t>(found - task.columns.begin())];
}

std::string header_row(const ReportTable& table, const PageTask& task) {
  std::string html =
      fmt::format("<thead><tr><th scope=\"col\">{}</th>", escape_html(table.heading));
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const std::size_t* run = run_of(table, i, task);
    html += fmt::format(
        "<th scope=\"col\" class=\"number\">{}</th>",
        run != nullptr ? name_of_run(*run, table.columns[i]) : escape_html(table.columns[i]));
  }
  return html + "</tr></thead>";
}

std::string cell(const ReportCell& value) {
  if (value.number.empty()) return "<td class=\"number none\">–</td>";
  const std::string tail =
      value.tail.empty() ? "" : "<span class=\"tail\">" + escape_html(value.tail) + "</span>";
  return fmt::format("<td class=\"number\"><span class=\"value\">{}</span>{}</td>",
                     escape_html(value.number), tail);
}

std::string table_html(const ReportTable& table, const PageTask& task) {
  std::string html = "<div class=\"scroll\"><table>" + header_row(table, task) + "<tbody>";
  bool is_first = true;
  for (const ReportRow& row : table.rows) {
    const char* kind = row.is_detail ? "detail" : is_first ? "headline" : "";
    is_first = false;
    html += fmt::format("<tr class=\"{}\"><th scope=\"row\">{}{}</th>", kind,
                        escape_html(row.label), unit_html(row.unit, row.label));
    for (const ReportCell& value : row.cells) html += cell(value);
    html += "</tr>";
  }
  return html + "</tbody></table></div>\n";
}

}  // namespace

std::string metric_tables(const PageTask& task) {
  const std::vector<ReportTable>& tables = task.block.tables;
  if (tables.empty()) return "";
  std::string html = "<div class=\"panel\"><h3>Metrics</h3>" + table_html(tables[0], task);
  std::string folded;
  for (std::size_t i = 1; i < tables.size(); ++i) {
    // What the breakdowns' bars show; a table with more than the runs is shown nowhere else.
    const bool is_breakdown = tables[i].columns.size() == task.columns.size();
    (is_breakdown ? folded : html) += table_html(tables[i], task);
  }
  if (!folded.empty()) {
    html += "<details><summary>Breakdowns as tables</summary>" + folded + "</details>";
  }
  return html + "</div>\n";
}

std::string task_notes(const PageTask& task) {
  if (task.block.notes.empty()) return "";
  std::string html = "<div class=\"panel notes\"><h3>Notes</h3><ul>";
  for (const std::string& note : task.block.notes) {
    html += fmt::format("<li>{}</li>", escape_block(note));
  }
  return html + "</ul></div>\n";
}

}  // namespace sightline
