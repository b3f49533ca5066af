#include <string_view>
#include <utility>

#include "results/report_layout.h"

namespace sightline {

namespace {

constexpr std::pair<std::string_view, std::string_view> kEscapes[] = {
    {"\\", "\\textbackslash{}"},
    {"{", "\\{"},
    {"}", "\\}"},
    {"$", "\\$"},
    {"&", "\\&"},
    {"#", "\\#"},
    {"_", "\\_"},
    {"%", "\\%"},
    {"~", "\\textasciitilde{}"},
    {"^", "\\textasciicircum{}"},
    {"<", "\\textless{}"},
    {">", "\\textgreater{}"},
    {"|", "\\textbar{}"},
    {"\"", "\\textquotedbl{}"},
    {"`", "\\textasciigrave{}"},
    {"--", "-{}-{}"},
    {"-∞", "$-\\infty$"},
    {"∞", "$\\infty$"},
    {"±", "$\\pm$"},
    {"↓", "$\\downarrow$"},
    {"–", "--"},
    {"…", "\\ldots{}"},
    {"†", "\\dag{}"},
    {"‡", "\\ddag{}"},
    {"§", "\\S{}"},
    {"¶", "\\P{}"},
    {"�", "?"},
};

std::string escape(std::string_view text) {
  std::string escaped;
  // Behind \\ and \midrule an opening bracket or a star would be taken for their argument.
  const bool argument = text.starts_with('[') || text.starts_with('*') || text.starts_with('(');
  if (argument) escaped += "{}";
  while (!text.empty()) {
    std::string_view from = text.substr(0, 1), to = from;
    for (const auto& [plain, latex] : kEscapes) {
      if (!text.starts_with(plain)) continue;
      from = plain;
      to = latex;
      break;
    }
    escaped += to;
    text.remove_prefix(from.size());
  }
  return escaped;
}

std::string label_of(const ReportRow& row) {
  return (row.is_detail ? "\\quad " : "") + escape(row.label);
}

void add_tabular(std::string& text, const ReportTable& table) {
  text += "\\begin{tabular}{ll" + std::string(table.columns.size(), 'r') + "}\n\\toprule\n";
  text += escape(table.heading) + " & unit";
  for (const std::string& column : table.columns) text += " & " + escape(column);
  text += " \\\\\n\\midrule\n";
  for (const ReportRow& row : table.rows) {
    text += label_of(row) + " & " + escape(row.unit);
    for (const ReportCell& cell : row.cells) text += " & " + escape(cell.number + cell.tail);
    text += " \\\\\n";
  }
  text += "\\bottomrule\n\\end{tabular}\n";
}

}  // namespace

std::string render_latex(const ReportLayout& layout) {
  std::string text = "% needs \\usepackage{booktabs}, and UTF-8 input with T1 fonts\n";
  for (const ReportBlock& block : layout) {
    text += "\n\\begin{table}\n\\centering\n";
    text += "\\caption{" + escape(block.title) + " (" + escape(block.subtitle) + ")}\n";
    const char* space = "";
    for (const ReportTable& table : block.tables) {
      text += space;
      add_tabular(text, table);
      space = "\n\\medskip\n\n";
    }
    for (const std::string& note : block.notes) {
      text += "\n\\footnotesize " + escape(note) + "\n";
    }
    text += "\\end{table}\n";
  }
  return text;
}

}  // namespace sightline
