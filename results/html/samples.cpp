#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "harness/base/base64.h"
#include "results/html/escape.h"
#include "results/html/overlay.h"
#include "results/html/sections.h"
#include "results/report_numbers.h"

namespace sightline {

namespace {

/// What cards of one gallery share.
struct Cards {
  const SampleGallery& gallery;
  const PageTask& task;
  const RunLabels& labels;
};

std::string picture_id(const PageTask& task, std::size_t picture) {
  return fmt::format("t{}p{}", task.number, picture);
}

/// The pictures, once each; cards refer to them.
std::string picture_store(const Cards& cards) {
  if (cards.gallery.pictures.empty()) return "";
  std::string html = "<svg class=\"hidden\" width=\"0\" height=\"0\" aria-hidden=\"true\"><defs>\n";
  for (std::size_t i = 0; i < cards.gallery.pictures.size(); ++i) {
    const PagePicture& picture = cards.gallery.pictures[i];
    html +=
        fmt::format("<image id=\"{}\" width=\"{}\" height=\"{}\" href=\"data:image/jpeg;base64,",
                    picture_id(cards.task, i), picture.size.width, picture.size.height);
    html += to_base64(picture.jpeg);
    html += "\"/>\n";
  }
  return html + "</defs></svg>\n";
}

std::string picture_html(const PageSample& sample, const Cards& cards) {
  const bool has_boxes =
      !sample.truths.empty() || std::ranges::any_of(sample.answers, [](const PageAnswer& answer) {
        return !answer.boxes.empty();
      });
  std::string content;
  FrameSize size, frame = sample.frame;
  if (sample.picture) {
    const PagePicture& picture = cards.gallery.pictures[*sample.picture];
    size = picture.size;
    frame = picture.frame;
    content = fmt::format("<use href=\"#{}\"/>", picture_id(cards.task, *sample.picture));
  } else if (has_boxes && frame.width > 0 && frame.height > 0) {
    size = canvas_size(frame);
    content = "<rect class=\"canvas\" width=\"100%\" height=\"100%\"/>";
  }
  std::string html;
  if (size.width > 0) {
    html = fmt::format(
        "<svg class=\"picture\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">{}{}</svg>",
        size.width, size.height, escape_name("image " + sample.picture_name), content,
        has_boxes ? overlay_svg(sample, size, frame) : "");
  }
  if (!sample.picture_note.empty()) {
    html += "<p class=\"no-picture\">" + escape_name(sample.picture_note, 300) + "</p>";
  }
  return html.empty() ? "" : "<div class=\"frame\">" + html + "</div>";
}

/// "yes ×7, no ×3": what people said, the most frequent first.
std::string references_html(const std::vector<std::string>& references) {
  if (references.empty()) return "";
  std::vector<std::pair<std::string, int>> counts;
  for (const std::string& text : references) {
    const auto known = std::ranges::find(counts, text, &std::pair<std::string, int>::first);
    if (known == counts.end()) {
      counts.emplace_back(text, 1);
    } else {
      ++known->second;
    }
  }
  std::ranges::stable_sort(counts, std::greater<>(), &std::pair<std::string, int>::second);
  std::string html = "<div class=\"references\"><h5>Reference</h5><ul>";
  for (const auto& [text, count] : counts) {
    const std::string times =
        count > 1 ? fmt::format(" <span class=\"times\">×{}</span>", count) : "";
    html += "<li>" + escape_block(text, 600) + times + "</li>";
  }
  return html + "</ul></div>";
}

/// A sample's own score, in the unit of the metric of that name.
std::string score_html(const std::pair<std::string, double>& score, const PageTask& task) {
  std::string unit;
  for (const ReportColumn& column : task.columns) {
    const auto found = std::ranges::find(column.task->metrics, score.first, &MetricValue::key);
    if (found != column.task->metrics.end()) unit = found->unit;
  }
  NumberStyle style = style_of(unit, std::abs(score.second));
  if (unit == "fraction") style.decimals = 1;
  const std::string shown = show(score.second, style) + (style.unit == "%" ? "%" : "");
  return fmt::format("<span class=\"score\"><span class=\"unit\">{}</span> {}{}</span>",
                     escape_name(score.first, 40), shown,
                     style.unit == "%" ? "" : unit_html(style.unit, score.first));
}

std::string boxes_note(const PageAnswer& answer) {
  if (answer.all_boxes == 0) return "";
  const char* noun = answer.all_boxes == 1 ? "box" : "boxes";
  if (answer.all_boxes == answer.boxes.size()) {
    return fmt::format("<p class=\"count\">{} {}</p>", answer.all_boxes, noun);
  }
  return fmt::format("<p class=\"count\">{} {}, of which the {} of highest score are drawn</p>",
                     answer.all_boxes, noun, answer.boxes.size());
}

std::string answer_html(const PageAnswer& answer, const Cards& cards) {
  const bool failed = answer.outcome != "ok";
  std::string html =
      fmt::format("<div class=\"answer {}\"><div class=\"who\">{}", class_of_run(answer.run),
                  name_of_run(answer.run, cards.labels[answer.run]));
  if (failed)
    html += fmt::format("<span class=\"chip bad\">{}</span>", escape_name(answer.outcome, 40));
  for (const auto& score : answer.scores) html += score_html(score, cards.task);
  html += "</div>";
  if (!answer.text.empty()) html += "<blockquote>" + escape_block(answer.text) + "</blockquote>";
  html += boxes_note(answer);
  if (failed && !answer.error.empty()) {
    html += "<p class=\"error\">" + escape_block(answer.error, 400) + "</p>";
  }
  if (!failed && answer.text.empty() && answer.all_boxes == 0 && answer.scores.empty()) {
    html += "<p class=\"count\">no answer in words</p>";
  }
  return html + "</div>";
}

std::string card_html(const PageSample& sample, const Cards& cards) {
  std::string html = "<article class=\"card\">" + picture_html(sample, cards);
  html += "<div class=\"body\"><p class=\"meta\"><span>" + escape_name(sample.id, 60) + "</span>";
  if (!sample.tag.empty()) {
    html += fmt::format("<span class=\"tag\"><span class=\"chip {}\">{}{}</span>",
                        sample.is_loss   ? "bad"
                        : sample.is_gain ? "good"
                                         : "even",
                        sample.is_loss   ? "▼ "
                        : sample.is_gain ? "▲ "
                                         : "",
                        escape_html(sample.tag));
    if (sample.tag_run) html += name_of_run(*sample.tag_run, cards.labels[*sample.tag_run]);
    html += "</span>";
  }
  html += "</p>";
  if (!sample.question.empty()) {
    html += "<p class=\"question\">" + escape_block(sample.question, 600) + "</p>";
  }
  for (const PageAnswer& answer : sample.answers) html += answer_html(answer, cards);
  return html + references_html(sample.references) + "</div></article>\n";
}

bool draws_boxes(const SampleGallery& gallery) {
  for (const SampleGroup& group : gallery.groups) {
    for (const PageSample& sample : group.samples) {
      if (!sample.truths.empty()) return true;
      for (const PageAnswer& answer : sample.answers) {
        if (!answer.boxes.empty()) return true;
      }
    }
  }
  return false;
}

/// Switches that hide the boxes of a run, or the true ones.
std::string box_switches(const Cards& cards) {
  std::string html = "<div class=\"switches\"><span>Boxes:</span>";
  html +=
      "<label class=\"truth\"><input type=\"checkbox\" class=\"show-truth\" checked> "
      "<span class=\"truth-key\"></span>true</label>";
  for (std::size_t i = 0; i < cards.task.columns.size(); ++i) {
    const std::size_t run = cards.task.runs[i];
    html += fmt::format("<label><input type=\"checkbox\" class=\"show-{}\" checked> {}</label>",
                        class_of_run(run), name_of_run(run, cards.labels[run]));
  }
  return html + "</div>\n";
}

}  // namespace

std::string sample_cards(const SampleGallery& gallery, const PageTask& task,
                         const RunLabels& labels) {
  const Cards cards{.gallery = gallery, .task = task, .labels = labels};
  std::string html = "<div class=\"panel samples\"><h3>Samples</h3>";
  for (const std::string& note : gallery.notes) {
    html += "<p class=\"hint\">" + escape_block(note, 600) + "</p>";
  }
  html += picture_store(cards);
  if (draws_boxes(gallery)) html += box_switches(cards);
  bool any = false;
  for (const SampleGroup& group : gallery.groups) {
    if (group.samples.empty()) continue;
    any = true;
    html += fmt::format(
        "<details open class=\"group\"><summary>{} · {}</summary><p class=\"hint\">{}</p>",
        escape_html(group.title), group.samples.size(), escape_html(group.note));
    html += "<div class=\"cards\">\n";
    for (const PageSample& sample : group.samples) html += card_html(sample, cards);
    html += "</div></details>\n";
  }
  if (!any && gallery.notes.empty()) html += "<p class=\"hint\">No samples to show.</p>";
  return html + "</div>\n";
}

}  // namespace sightline
