#include "models/prompts/json_boxes.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "harness/base/text.h"
#include "models/prompts/answer_text.h"
#include "models/prompts/scanning.h"

namespace sightline {

namespace {

constexpr std::array<std::string_view, 14> kBoxKeys{
    "bbox_2d",  "bbox",     "box",          "box_2d", "rect",   "coordinates", "coord",
    "location", "position", "bounding_box", "boxes",  "bboxes", "rects",       "bounding_boxes"};
constexpr std::array<std::string_view, 7> kLabelKeys{
    "label", "class", "category", "name", "class_name", "category_name", "object"};
constexpr std::array<std::string_view, 2> kScoreKeys{"score", "confidence"};
constexpr std::array<std::string_view, 6> kContainerKeys{"objects",     "detections",  "results",
                                                         "annotations", "predictions", "items"};

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::uint32_t read_hex(std::string_view text, std::size_t at) {
  std::uint32_t value = 0;
  if (at + 4 > text.size()) return 0xFFFD;
  const auto [end, error] = std::from_chars(text.data() + at, text.data() + at + 4, value, 16);
  return error == std::errc() && end == text.data() + at + 4 ? value : 0xFFFD;
}

/// Appends what the escape at `at` (behind its backslash) means; `at` moves behind it.
void append_escape(std::string& text, std::string_view raw, std::size_t& at) {
  const char c = raw[at++];
  if (c == 'n') text += '\n';
  if (c == 't') text += '\t';
  if (c == 'r') text += '\r';
  if (c == 'n' || c == 't' || c == 'r') return;
  if (c != 'u') {
    text += c;
    return;
  }
  std::uint32_t code_point = read_hex(raw, at);
  at = std::min(at + 4, raw.size());
  const bool is_high = code_point >= 0xD800 && code_point < 0xDC00;
  if (is_high && raw.compare(at, 2, "\\u") == 0) {
    const std::uint32_t low = read_hex(raw, at + 2);
    if (low >= 0xDC00 && low < 0xE000) {
      code_point = 0x10000 + ((code_point - 0xD800) << 10) + (low - 0xDC00);
      at += 6;
    }
  }
  append_utf8(text, code_point >= 0xD800 && code_point < 0xE000 ? 0xFFFD : code_point);
}

std::string decode_label(std::string_view raw) {
  if (raw.size() > kLongestLabel || raw.find('\\') == std::string_view::npos) return as_label(raw);
  std::string text;
  for (std::size_t at = 0; at < raw.size();) {
    if (raw[at] != '\\' || at + 1 == raw.size()) {
      text += raw[at++];
    } else {
      append_escape(text, raw, ++at);
    }
  }
  return as_label(text);
}

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  RawBoxes scan() {
    while (at_ < text_.size()) {
      if (depth_ == 0) {
        at_ = text_.find_first_of("{[", at_);
        if (at_ == std::string_view::npos) break;
      }
      step();
    }
    finish();
    return std::move(found_);
  }

 private:
  // Left uninitialised until pushed: an answer is short and the stack is not.
  struct Frame {
    bool is_object, has_key, has_box, has_score, is_pure, has_parts;
    int count;                      // numbers of an array
    std::size_t first;              // boxes found before it was opened
    std::string_view key, label;    // of an object
    std::array<double, 4> numbers;  // an array's own, an object's box
    double score;
  };
  static constexpr std::size_t kDeepest = 32;

  Frame& top() { return frames_[depth_ - 1]; }

  void step() {
    const char c = text_[at_];
    if (is_blank(c)) {
      ++at_;
    } else if (c == '{' || c == '[') {
      open(c == '{');
    } else if (c == '}' || c == ']') {
      close(c == '}');
    } else if (c == ',' || c == ':') {
      separate(c == ':');
    } else if (!fresh_ || !(c == '"' || c == '\'' ? take_string(c) : take_value())) {
      other();
    }
  }

  void open(bool is_object) {
    ++at_;
    fresh_ = true;
    if (depth_ == kDeepest) {
      depth_ = 0;
      ++found_.unreadable;
    }
    if (depth_ > 0) top().is_pure = false;
    if (depth_ > 0) top().has_parts = true;
    Frame& frame = frames_[depth_++];
    frame = {};
    frame.is_object = is_object;
    frame.is_pure = true;
    frame.first = found_.boxes.size();
  }

  void close(bool is_object) {
    ++at_;
    fresh_ = false;
    std::size_t match = depth_;
    while (match > 0 && frames_[match - 1].is_object != is_object) --match;
    if (match == 0) return;
    found_.unreadable += depth_ - match;  // what was opened inside and never closed
    depth_ = match;
    is_object ? close_object() : close_array();
  }

  void separate(bool is_colon) {
    ++at_;
    fresh_ = true;
    if (depth_ > 0 && top().is_object) top().has_key = is_colon;
  }

  /// A quoted string on one line. False: no string, `at_` stays.
  bool take_string(char quote) {
    std::size_t end = at_ + 1;
    while (end < text_.size() && text_[end] != quote && text_[end] != '\n') {
      end += text_[end] == '\\' ? 2 : 1;
    }
    if (end >= text_.size() || text_[end] != quote) return false;
    const std::string_view content = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    fresh_ = false;
    Frame& frame = top();
    frame.has_parts = true;
    frame.is_pure = false;
    if (!frame.is_object) return true;
    if (!frame.has_key) frame.key = content;
    if (frame.has_key && is_one_of(kLabelKeys, frame.key)) frame.label = content;
    return true;
  }

  bool take_value() {
    const auto number = take_number(text_, at_);
    if (!number) return false;
    fresh_ = false;
    Frame& frame = top();
    frame.has_parts = true;
    if (!frame.is_object) {
      if (frame.count < 4) frame.numbers[static_cast<std::size_t>(frame.count)] = *number;
      ++frame.count;
    } else if (frame.has_key && is_one_of(kScoreKeys, frame.key)) {
      frame.has_score = true;
      frame.score = *number;
    }
    return true;
  }

  void other() {
    ++at_;
    fresh_ = false;
    top().is_pure = false;
    top().has_parts = true;
  }

  void close_array() {
    const Frame& array = top();
    --depth_;
    Frame* parent = depth_ > 0 ? &top() : nullptr;
    const bool is_box = array.is_pure && array.count == 4;
    const bool is_value = parent != nullptr && parent->is_object && parent->has_key;
    const bool has_box_key = is_value && is_one_of(kBoxKeys, parent->key);
    empty_seen_ = empty_seen_ || !array.has_parts;
    if (is_box && has_box_key && !parent->has_box) {
      parent->has_box = true;
      parent->numbers = array.numbers;
    } else if (is_box) {
      bare_.push_back(found_.boxes.size());
      found_.boxes.push_back({array.numbers, decode_label(key_above()), {}});
    } else if (has_box_key && (array.count > 0 || array.has_parts) &&
               found_.boxes.size() == array.first) {
      ++found_.unreadable;
    }
  }

  void close_object() {
    const Frame& object = top();
    --depth_;
    empty_seen_ = empty_seen_ || !object.has_parts;
    if (!object.label.empty() && found_.boxes.size() > object.first) {
      for (std::size_t i = object.first; i < found_.boxes.size(); ++i) {
        if (found_.boxes[i].label.empty()) found_.boxes[i].label = decode_label(object.label);
      }
    }
    if (!object.has_box) return;
    drop_bare_boxes(object.first);
    found_.boxes.push_back(box_of(object));
  }

  /// Forgets lists of four numbers inside an object that has a box: they are sizes or colours.
  void drop_bare_boxes(std::size_t first) {
    const auto from = std::lower_bound(bare_.begin(), bare_.end(), first);
    std::size_t kept = first;
    for (auto next = from; from != bare_.end() && first < found_.boxes.size(); ++first) {
      if (next != bare_.end() && *next == first) {
        ++next;
      } else if (kept++ != first) {
        found_.boxes[kept - 1] = std::move(found_.boxes[first]);
      }
    }
    if (from != bare_.end()) found_.boxes.resize(kept);
    bare_.erase(from, bare_.end());
  }

  static RawBox box_of(const Frame& object) {
    RawBox box{object.numbers, decode_label(object.label), {}};
    if (object.has_score) box.score = object.score;
    return box;
  }

  /// The key that names what stands here: of the nearest object around, unless it is structure.
  std::string_view key_above() const {
    for (std::size_t i = depth_; i > 0; --i) {
      const Frame& frame = frames_[i - 1];
      if (!frame.is_object) continue;
      const bool names =
          frame.has_key && !is_one_of(kBoxKeys, frame.key) && !is_one_of(kContainerKeys, frame.key);
      return names ? frame.key : std::string_view();
    }
    return {};
  }

  void finish() {
    for (std::size_t i = depth_; i > 0 && !found_.cut_off; --i) {
      const Frame& frame = frames_[i - 1];
      if (frame.is_object && frame.has_box) found_.cut_off = box_of(frame);
    }
    const auto is_object = [](const Frame& frame) { return frame.is_object; };
    found_.unreadable += static_cast<std::size_t>(std::count_if(
        frames_.begin(), frames_.begin() + static_cast<std::ptrdiff_t>(depth_), is_object));
    found_.none = empty_seen_ && found_.boxes.empty() && found_.unreadable == 0;
  }

  std::string_view text_;
  std::size_t at_ = 0, depth_ = 0;
  bool fresh_ = true;        // a value or key may begin here
  bool empty_seen_ = false;  // a list or object with nothing in it
  RawBoxes found_;
  std::vector<std::size_t> bare_;  // which of them are lists by themselves, ascending
  std::array<Frame, kDeepest> frames_;
};

}  // namespace

RawBoxes parse_json_boxes(std::string_view text) {
  return Scanner(text).scan();
}

std::string format_json_boxes(const std::vector<RawBox>& boxes, std::string_view box_key) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const RawBox& box : boxes) {
    nlohmann::ordered_json object{{std::string(box_key), box.numbers}, {"label", box.label}};
    if (box.score) object["score"] = *box.score;
    list.push_back(std::move(object));
  }
  return list.dump();
}

}  // namespace sightline
