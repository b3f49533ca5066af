#include <string_view>

#include "results/report_layout.h"

namespace sightline {

namespace {

constexpr std::string_view kSpecial = "\\`*{}[]<>#|~&$!";

bool is_word(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || byte >= 0x80;
}

/// An underscore inside a word begins no emphasis (CommonMark 0.31, section 6.2).
bool is_inside_a_word(std::string_view text, std::size_t at) {
  return at > 0 && at + 1 < text.size() && is_word(text[at - 1]) && is_word(text[at + 1]);
}

/// What would begin a list, a heading or a rule at the start of a line.
bool begins_a_block(std::string_view text, std::size_t at) {
  const char c = text[at];
  if (c == '-' || c == '+' || c == '=') return at == 0;
  const bool behind_digits = text.substr(0, at).find_first_not_of("0123456789") == text.npos;
  const bool before_space = at + 1 == text.size() || text[at + 1] == ' ';
  return (c == '.' || c == ')') && at > 0 && behind_digits && before_space;
}

std::string escape(std::string_view text) {
  std::string escaped;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    const bool special = kSpecial.find(c) != kSpecial.npos ||
                         (c == '_' && !is_inside_a_word(text, at)) || begins_a_block(text, at);
    if (special) escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string label_of(const ReportRow& row) {
  return (row.is_detail ? "– " : "") + escape(row.label);
}

void add_table(std::string& text, const ReportTable& table) {
  text += "| " + escape(table.heading) + " | unit |";
  std::string rule = "\n| :-- | :-- |";
  for (const std::string& column : table.columns) {
    text += " " + escape(column) + " |";
    rule += " --: |";
  }
  text += rule + "\n";
  for (const ReportRow& row : table.rows) {
    text += "| " + label_of(row) + " | " + escape(row.unit) + " |";
    for (const ReportCell& cell : row.cells) text += " " + escape(cell.number + cell.tail) + " |";
    text += "\n";
  }
}

}  // namespace

std::string render_markdown(const ReportLayout& layout) {
  std::string text;
  for (const ReportBlock& block : layout) {
    if (!text.empty()) text += "\n";
    text += "### " + escape(block.title) + "\n\n" + escape(block.subtitle) + "\n";
    for (const ReportTable& table : block.tables) {
      text += "\n";
      add_table(text, table);
    }
    if (!block.notes.empty()) text += "\n";
    for (const std::string& note : block.notes) text += "- " + escape(note) + "\n";
  }
  return text;
}

}  // namespace sightline
