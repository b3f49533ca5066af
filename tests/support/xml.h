#pragma once

#include <gtest/gtest.h>

#include <cctype>
#include <map>
#include <string>
#include <vector>

#include "harness/base/error.h"

namespace sightline::testing {

/// An element of an XML document.
struct XmlElement {
  std::string name;
  std::map<std::string, std::string> attributes;
  std::string text;
  std::vector<XmlElement> children;

  std::vector<const XmlElement*> all(const std::string& wanted) const {
    std::vector<const XmlElement*> found;
    for (const XmlElement& child : children) {
      if (child.name == wanted) found.push_back(&child);
    }
    return found;
  }
};

/// A reader of the XML that we write: elements, attributes in double quotes, entities. Fails on all
/// else: what XML 1.0 has no place for is an `Error`.
class XmlReader {
 public:
  explicit XmlReader(const std::string& text) : text_(text) {
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      require(byte >= 0x20 || c == '\n' || c == '\t', "a control character {}", byte);
    }
    const std::string declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";
    require(text.starts_with(declaration), "no declaration");
    at_ = declaration.size();
  }

  XmlElement read() {
    skip_space();
    XmlElement top = element();
    skip_space();
    require(at_ == text_.size(), "text behind the last element");
    return top;
  }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void expect(const std::string& wanted) {
    require(text_.compare(at_, wanted.size(), wanted) == 0, "want '{}' at '{}'", wanted,
            text_.substr(at_, 30));
    at_ += wanted.size();
  }
  void skip_space() {
    while (peek() == ' ' || peek() == '\n') ++at_;
  }
  std::string name() {
    std::string read;
    while (std::isalpha(static_cast<unsigned char>(peek())) != 0 || peek() == '-') {
      read += text_[at_++];
    }
    require(!read.empty(), "want a name at '{}'", text_.substr(at_, 30));
    return read;
  }

  /// Text up to `end`, entities resolved.
  std::string characters(char end) {
    static const std::map<std::string, std::string> kEntities = {
        {"amp", "&"},  {"lt", "<"},  {"gt", ">"},   {"quot", "\""},
        {"apos", "'"}, {"#9", "\t"}, {"#10", "\n"}, {"#13", "\r"}};
    std::string read;
    while (at_ < text_.size() && peek() != end) {
      require(peek() != '<' && peek() != '>', "a bare '{}'", peek());
      if (peek() != '&') {
        read += text_[at_++];
        continue;
      }
      const std::size_t semicolon = text_.find(';', at_);
      require(semicolon != std::string::npos, "an entity without end");
      const auto found = kEntities.find(text_.substr(at_ + 1, semicolon - at_ - 1));
      require(found != kEntities.end(), "an unknown entity");
      read += found->second;
      at_ = semicolon + 1;
    }
    return read;
  }

  XmlElement element() {
    expect("<");
    XmlElement made{.name = name()};
    for (skip_space(); peek() != '>' && peek() != '/'; skip_space()) {
      const std::string key = name();
      expect("=\"");
      require(made.attributes.emplace(key, characters('"')).second, "an attribute twice");
      expect("\"");
    }
    if (peek() == '/') {
      expect("/>");
      return made;
    }
    expect(">");
    while (true) {
      made.text += characters('<');
      if (text_.compare(at_, 2, "</") == 0) break;
      made.children.push_back(element());
    }
    expect("</" + made.name + ">");
    return made;
  }

  const std::string& text_;
  std::size_t at_ = 0;
};

inline XmlElement read_xml(const std::string& text) {
  return XmlReader(text).read();
}

}  // namespace sightline::testing
