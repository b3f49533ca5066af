#pragma once

#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace sightline::testing {

/// What a page is made of, read by the plain rules that our own pages keep: quoted attributes,
/// every element closed but the void ones, raw text only in <style>.
struct HtmlTree {
  struct Element {
    std::string name;
    std::map<std::string, std::string> attributes;
  };
  std::vector<Element> elements;
  std::string text;  ///< all that stands between tags

  std::size_t count(std::string_view name) const {
    std::size_t found = 0;
    for (const Element& element : elements) found += element.name == name;
    return found;
  }
};

/// Reads a page. Throws `std::runtime_error` saying where it breaks the rules.
class HtmlReader {
 public:
  explicit HtmlReader(std::string_view html) : html_(html) {}

  HtmlTree read() {
    constexpr std::string_view kDoctype = "<!DOCTYPE html>";
    if (!html_.starts_with(kDoctype)) stop("no doctype");
    at_ = kDoctype.size();
    while (at_ < html_.size()) {
      if (html_[at_] == '<') {
        html_[at_ + 1] == '/' ? close() : open();
      } else {
        text();
      }
    }
    if (!open_.empty()) stop("<" + open_.back() + "> is not closed");
    return std::move(tree_);
  }

 private:
  [[noreturn]] void stop(const std::string& what) const {
    const std::size_t from = at_ < 60 ? 0 : at_ - 60;
    throw std::runtime_error(what + " near: " + std::string(html_.substr(from, 160)));
  }

  std::string name() {
    const std::size_t begin = at_;
    const auto is_part = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             c == '-' || c == ':';
    };
    while (at_ < html_.size() && is_part(html_[at_])) ++at_;
    if (at_ == begin) stop("a name is missing");
    return std::string(html_.substr(begin, at_ - begin));
  }

  void expect(char c) {
    if (at_ >= html_.size() || html_[at_] != c) stop(std::string("want ") + c);
    ++at_;
  }

  void open() {
    ++at_;
    HtmlTree::Element element{.name = name(), .attributes = {}};
    while (html_.at(at_) == ' ') {
      ++at_;
      const std::string key = name();
      std::string value;
      if (html_.at(at_) == '=') {
        ++at_;
        expect('"');
        const std::size_t end = html_.find('"', at_);
        if (end == std::string_view::npos) stop("a quote is not closed");
        value = html_.substr(at_, end - at_);
        at_ = end + 1;
      }
      if (!element.attributes.emplace(key, value).second) stop(key + " is there twice");
    }
    const bool closes_itself = html_.at(at_) == '/';
    if (closes_itself) ++at_;
    expect('>');
    static const std::set<std::string> kVoid = {"meta", "link", "input", "br", "img"};
    if (!closes_itself && !kVoid.contains(element.name)) open_.push_back(element.name);
    if (element.name == "style") {
      at_ = html_.find("</style>", at_);
      if (at_ == std::string_view::npos) stop("the style is not closed");
    }
    tree_.elements.push_back(std::move(element));
  }

  void close() {
    at_ += 2;
    const std::string closed = name();
    expect('>');
    if (open_.empty() || open_.back() != closed) {
      stop("</" + closed + "> closes " + (open_.empty() ? "nothing" : "<" + open_.back() + ">"));
    }
    open_.pop_back();
  }

  void text() {
    const std::size_t end = html_.find('<', at_);
    const std::size_t size = (end == std::string_view::npos ? html_.size() : end) - at_;
    const std::string_view piece = html_.substr(at_, size);
    if (piece.find('>') != std::string_view::npos) stop("'>' in a text");
    tree_.text += piece;
    at_ += size;
  }

  std::string_view html_;
  std::size_t at_ = 0;
  std::vector<std::string> open_;
  HtmlTree tree_;
};

}  // namespace sightline::testing
