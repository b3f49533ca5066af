#include <algorithm>

#include "harness/base/text.h"
#include "results/report_layout.h"

namespace sightline {

namespace {

constexpr const char* kGap = "  ";

std::size_t width(const std::string& text) {
  return count_code_points(text);
}

std::string padding(std::size_t wanted, std::size_t used) {
  return std::string(wanted > used ? wanted - used : 0, ' ');
}

std::string left(const std::string& text, std::size_t wanted) {
  return text + padding(wanted, width(text));
}

std::string right(const std::string& text, std::size_t wanted) {
  return padding(wanted, width(text)) + text;
}

std::string label_of(const ReportRow& row) {
  return (row.is_detail ? "  " : "") + row.label;
}

/// Widths of a column of numbers; numbers end at one place, whatever follows them.
struct NumberColumn {
  std::size_t number = 0, tail = 0, all = 0;

  std::string cell(const ReportCell& cell) const {
    return right(right(cell.number, number) + left(cell.tail, tail), all);
  }
};

NumberColumn measure(const ReportTable& table, std::size_t index) {
  NumberColumn column;
  for (const ReportRow& row : table.rows) {
    column.number = std::max(column.number, width(row.cells[index].number));
    column.tail = std::max(column.tail, width(row.cells[index].tail));
  }
  column.all = std::max(width(table.columns[index]), column.number + column.tail);
  return column;
}

void add_line(std::string& text, std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  text += line + "\n";
}

void add_table(std::string& text, const ReportTable& table) {
  std::size_t label = width(table.heading), unit = 0;
  for (const ReportRow& row : table.rows) {
    label = std::max(label, width(label_of(row)));
    unit = std::max(unit, width(row.unit));
  }
  if (unit > 0) unit = std::max(unit, width("unit"));
  std::string head = left(table.heading, label) + (unit > 0 ? kGap + left("unit", unit) : "");
  std::string rule = std::string(label, '-') + (unit > 0 ? kGap + std::string(unit, '-') : "");
  std::vector<NumberColumn> columns;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    columns.push_back(measure(table, i));
    head += kGap + right(table.columns[i], columns[i].all);
    rule += kGap + std::string(columns[i].all, '-');
  }
  add_line(text, head);
  add_line(text, rule);
  for (const ReportRow& row : table.rows) {
    std::string line = left(label_of(row), label) + (unit > 0 ? kGap + left(row.unit, unit) : "");
    for (std::size_t i = 0; i < columns.size(); ++i) line += kGap + columns[i].cell(row.cells[i]);
    add_line(text, line);
  }
}

}  // namespace

std::string render_table(const ReportLayout& layout) {
  std::string text;
  for (const ReportBlock& block : layout) {
    if (!text.empty()) text += "\n\n";
    add_line(text, block.title);
    add_line(text, block.subtitle);
    for (const ReportTable& table : block.tables) {
      text += "\n";
      add_table(text, table);
    }
    if (!block.notes.empty()) text += "\n";
    for (const std::string& note : block.notes) add_line(text, note);
  }
  return text;
}

}  // namespace sightline
