#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <nlohmann/json.hpp>

#include "results/html/escape.h"
#include "results/html/html_report.h"
#include "results/html/sections.h"
#include "results/report_numbers.h"

namespace sightline {

using nlohmann::json;

namespace {

std::vector<PageTask> tasks_of(const HtmlReport& report) {
  const std::vector<RunResults>& runs = report.runs;
  std::vector<PageTask> tasks;
  const ReportLayout layout = lay_out(runs, report.published);
  for (const std::string& name : task_names(runs)) {
    PageTask& task = tasks.emplace_back();
    task.name = name;
    task.number = tasks.size() - 1;
    task.block = layout[task.number];
    task.columns = columns_of(runs, name);
    for (std::size_t run = 0; run < runs.size(); ++run) {
      if (std::ranges::count(runs[run].tasks, name, &TaskResult::name) > 0)
        task.runs.push_back(run);
    }
  }
  return tasks;
}

RunLabels labels_of(const std::vector<RunResults>& runs, const std::vector<PageTask>& tasks) {
  RunLabels labels;
  for (const RunResults& run : runs) labels.push_back(run.model.empty() ? "(no name)" : run.model);
  for (const PageTask& task : tasks) {
    for (std::size_t i = 0; i < task.runs.size(); ++i) labels[task.runs[i]] = task.columns[i].label;
  }
  return labels;
}

/// A day and time that people read, of ISO 8601 or seconds since 1970; "" for anything else.
std::string date_of(const json& manifest) {
  const json date = manifest.is_object() ? manifest.value("date", json()) : json();
  if (date.is_number()) {
    const auto seconds = static_cast<std::time_t>(date.get<double>());
    std::tm calendar{};
    if (::gmtime_r(&seconds, &calendar) == nullptr) return "";
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &calendar);
    return text;
  }
  if (!date.is_string()) return "";
  const std::string text = date.get<std::string>();
  const bool is_iso = text.size() == 20 && text[10] == 'T' && text.back() == 'Z';
  return is_iso ? text.substr(0, 10) + " " + text.substr(11, 5) + " UTC" : text;
}

/// "kind=jpeg, quality=30": what the model was told.
std::string arguments_of(const json& config) {
  if (!config.is_object() || !config.contains("model_args")) return "";
  const json& arguments = config.at("model_args");
  if (!arguments.is_object()) return arguments.is_string() ? arguments.get<std::string>() : "";
  std::string text;
  for (const auto& [name, value] : arguments.items()) {
    text += (text.empty() ? "" : ", ") + name + "=" +
            (value.is_string() ? value.get<std::string>() : value.dump());
  }
  return text;
}

/// Facts about a run, in few words.
std::vector<std::pair<std::string, std::string>> facts_of(const RunResults& run) {
  std::vector<std::pair<std::string, std::string>> facts;
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) facts.emplace_back(name, value);
  };
  const json config = json::parse(run.config, nullptr, false);
  const json manifest = json::parse(run.manifest, nullptr, false);
  const auto text = [](const json& from, const char* name) -> std::string {
    if (!from.is_object() || !from.contains(name)) return "";
    const json& value = from.at(name);
    return value.is_string() ? value.get<std::string>() : value.is_null() ? "" : value.dump();
  };
  const json none = json::object();
  const json& environment =
      manifest.is_object() && manifest.contains("environment") ? manifest.at("environment") : none;
  add("adapter", text(config, "model"));
  add("arguments", arguments_of(config));
  add("precision", text(config, "precision"));
  add("limit", text(config, "limit"));
  add("date", date_of(manifest));
  add("device", text(manifest, "device"));
  add("processor", text(environment, "processor"));
  add("Sightline", text(environment, "version"));
  return facts;
}

std::string coverage_of(const RunResults& run) {
  std::int64_t ok = 0, wanted = 0;
  for (const TaskResult& task : run.tasks) {
    ok += samples_ok(task);
    wanted += task.samples;
  }
  return fmt::format("{} of {} samples ok", fmt::group_digits(ok), fmt::group_digits(wanted));
}

std::string run_cards(const std::vector<RunResults>& runs, const RunLabels& labels) {
  std::string html = "<div class=\"runs\">";
  for (std::size_t i = 0; i < runs.size(); ++i) {
    html += fmt::format("<div class=\"run-card {}\"><h2>{}</h2><p>{}{}{}</p><dl>", class_of_run(i),
                        name_of_run(i, labels[i]), runs.size() > 1 && i == 0 ? "base · " : "",
                        coverage_of(runs[i]),
                        runs[i].finished ? "" : " <span class=\"chip bad\">unfinished</span>");
    for (const auto& [name, value] : facts_of(runs[i])) {
      html += fmt::format("<div><dt>{}</dt><dd>{}</dd></div>", name, escape_name(value, 80));
    }
    html += "</dl></div>\n";
  }
  return html + "</div>\n";
}

/// The headline number of one run in a tile, with a bar where the unit is a fraction.
std::string tile_row(const PageTask& task, std::size_t column) {
  const MetricKey key{task.columns[0].task->metrics[0].key, task.columns[0].task->metrics[0].unit,
                      task.columns[0].task->metrics[0].rules};
  const NumberStyle style = style_of(task.columns, key);
  const ReportCell cell = metric_cell(task.columns[column], key, style);
  const MetricValue* metric = find_metric(*task.columns[column].task, key);
  const bool has_bar =
      key.unit == "fraction" && metric != nullptr && metric->value && std::isfinite(*metric->value);
  std::string bar;
  if (has_bar) {
    bar = fmt::format(
        "<span class=\"bar-track\"><span class=\"bar-fill\" style=\"width:{:.2f}%\"></span></span>",
        100 * std::clamp(*metric->value, 0.0, 1.0));
  }
  return fmt::format(
      "<div class=\"tile-row {}\"><div class=\"tile-line\">{}<span class=\"tile-number\">{}<span "
      "class=\"tail\">{}</span></span></div>{}</div>",
      class_of_run(task.runs[column]), name_of_run(task.runs[column], task.columns[column].label),
      escape_html(cell.number.empty() ? "–" : cell.number), escape_html(cell.tail), bar);
}

/// A card a task: the first metric of every run. They are the page's table of contents too.
std::string overview(const std::vector<PageTask>& tasks) {
  std::string html = "<nav class=\"tiles\" aria-label=\"Tasks\">\n";
  for (const PageTask& task : tasks) {
    html += fmt::format("<a class=\"tile\" href=\"#task-{}\"><span class=\"tile-title\">{}</span>",
                        task.number, escape_name(task.block.title));
    const std::vector<MetricValue>& metrics = task.columns[0].task->metrics;
    if (metrics.empty()) {
      html += "<span class=\"unit\">answers only, no scores</span></a>\n";
      continue;
    }
    const MetricKey key{metrics[0].key, metrics[0].unit, metrics[0].rules};
    html += fmt::format("<span class=\"tile-metric\">{}{}</span>",
                        escape_html(label_of(task.columns, key)),
                        unit_html(style_of(task.columns, key).unit, key.key));
    for (std::size_t i = 0; i < task.columns.size(); ++i) html += tile_row(task, i);
    html += "</a>\n";
  }
  return html + "</nav>\n";
}

std::string title_of(const RunLabels& labels) {
  if (labels.empty()) return "No runs";
  if (labels.size() == 1) return labels[0];
  if (labels.size() == 2) return labels[0] + " and " + labels[1];
  return fmt::format("{} and {} other runs", labels[0], labels.size() - 1);
}

std::string head(const std::string& title) {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; "
      "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n"
      "<meta name=\"referrer\" content=\"no-referrer\">\n"
      "<link rel=\"icon\" href=\"data:,\">\n<title>{} · Sightline</title>\n<style>\n{}</style>\n"
      "</head>\n",
      escape_name(title), page_style());
}

std::string task_section(const PageTask& task, const HtmlReport& report, const RunLabels& labels) {
  std::string html =
      fmt::format("<section class=\"task\" id=\"task-{}\"><header><h2>{}</h2><p>{}</p></header>\n",
                  task.number, escape_name(task.block.title), escape_html(task.block.subtitle));
  html += metric_tables(task);
  html += difference_plot(task, report.comparisons, labels);
  html += tradeoff_plots(task, report.runs);
  html += breakdown_bars(task);
  html += task_notes(task);
  for (const SampleGallery& gallery : report.galleries) {
    if (gallery.task == task.name) html += sample_cards(gallery, task, labels);
  }
  return html + "</section>\n";
}

std::string list_html(const std::vector<std::string>& items) {
  std::string html = "<ul class=\"notes\">";
  for (const std::string& item : items) html += "<li>" + item + "</li>";
  return html + "</ul>";
}

/// Notes on the page, open; notes on comparisons, of which there may be many, folded.
std::string page_notes(const HtmlReport& report, const RunLabels& labels) {
  std::vector<std::string> open, folded;
  for (const std::string& note : report.notes) open.push_back(escape_block(note, 600));
  for (const RunComparison& one : report.comparisons) {
    for (const std::string& note : one.comparison.notes) {
      folded.push_back(name_of_run(one.run, labels[one.run]) + ": " + escape_block(note, 600));
    }
  }
  std::string html = open.empty() ? "" : list_html(open);
  if (!folded.empty()) {
    html += fmt::format("<details><summary>Notes on the comparisons · {}</summary>{}</details>",
                        folded.size(), list_html(folded));
  }
  return html.empty() ? "" : "<div class=\"page-notes\">" + html + "</div>\n";
}

}  // namespace

std::string render_html(const HtmlReport& report) {
  const std::vector<PageTask> tasks = tasks_of(report);
  const RunLabels labels = labels_of(report.runs, tasks);
  const std::string title = title_of(labels);
  std::string html = head(title) + "<body>\n" + mark_shapes();
  html += fmt::format(
      "<main>\n<header class=\"top\"><p class=\"eyebrow\">Evaluation report</p>"
      "<h1>{}</h1></header>\n",
      escape_name(title));
  html += run_cards(report.runs, labels) + overview(tasks) + page_notes(report, labels);
  for (const PageTask& task : tasks) html += task_section(task, report, labels);
  html +=
      "<footer>Made by Sightline. Numbers, marks and notes are those of its tables; this file "
      "needs no network and holds no script.</footer>\n</main>\n</body>\n</html>\n";
  return html;
}

}  // namespace sightline
