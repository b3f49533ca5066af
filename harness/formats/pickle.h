#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace sightline {

struct PickleObject;

/// A value read from a Python pickle. Immutable; copies share texts, lists and dictionaries.
///
/// Accessors throw `Error` saying what was found and what was wanted; the caller adds where.
class PickleValue {
 public:
  using List = std::vector<PickleValue>;
  using Entry = std::pair<PickleValue, PickleValue>;
  /// In order of first insertion, each key once; keys are texts or integers.
  using Dictionary = std::vector<Entry>;

  PickleValue() = default;
  explicit PickleValue(bool value) : value_(value) {}
  explicit PickleValue(std::int64_t value) : value_(value) {}
  explicit PickleValue(double value) : value_(value) {}
  explicit PickleValue(std::shared_ptr<const std::string> value) : value_(std::move(value)) {}
  explicit PickleValue(List value) : value_(std::make_shared<const List>(std::move(value))) {}
  explicit PickleValue(Dictionary value)
      : value_(std::make_shared<const Dictionary>(std::move(value))) {}
  explicit PickleValue(PickleObject value);

  bool is_none() const { return std::holds_alternative<std::monostate>(value_); }
  bool is_boolean() const { return std::holds_alternative<bool>(value_); }
  bool is_integer() const { return std::holds_alternative<std::int64_t>(value_); }
  bool is_real() const { return std::holds_alternative<double>(value_); }
  bool is_text() const { return std::holds_alternative<SharedText>(value_); }
  bool is_list() const { return std::holds_alternative<SharedList>(value_); }
  bool is_dictionary() const { return std::holds_alternative<SharedDictionary>(value_); }
  bool is_object() const { return std::holds_alternative<SharedObject>(value_); }
  /// "None", "a boolean", "an integer", "a real number", "a text", "a list", "a dictionary", "an
  /// object".
  std::string_view type_name() const;

  bool boolean() const;
  std::int64_t integer() const;
  double real() const;              ///< of an integer too
  const std::string& text() const;  ///< UTF-8
  const List& list() const;         ///< of a tuple too
  const Dictionary& dictionary() const;
  const PickleObject& object() const;

  /// The value of a text key; null when the dictionary has none. Cost: linear in its entries.
  const PickleValue* find(std::string_view key) const;
  /// The value of a text key. Throws `Error` when the dictionary has none.
  const PickleValue& at(std::string_view key) const;

 private:
  using SharedText = std::shared_ptr<const std::string>;
  using SharedList = std::shared_ptr<const List>;
  using SharedDictionary = std::shared_ptr<const Dictionary>;
  using SharedObject = std::shared_ptr<const PickleObject>;

  template <typename T>
  const T& get(std::string_view wanted) const;

  std::variant<std::monostate, bool, std::int64_t, double, SharedText, SharedList, SharedDictionary,
               SharedObject>
      value_;
};

/// A Python object as the pickle describes it: written down, and never imported, called or looked
/// up. Found only where `PickleRules` allow it.
struct PickleObject {
  enum class Kind {
    kGlobal,     ///< the function or class `global` itself
    kCall,       ///< what `global(arguments...)` would return
    kReference,  ///< a persistent id: something outside the pickle, known by arguments[0]
  };
  Kind kind = Kind::kGlobal;
  std::string global;  ///< "collections.OrderedDict"
  PickleValue::List arguments;
  PickleValue::Dictionary items;  ///< put into it by key after the call
  PickleValue state;              ///< given to it after the call (BUILD), else None
};

/// What a pickle may hold beside plain data.
struct PickleRules {
  /// Whether a pickle may name and call "module.name"; empty: no name at all.
  std::function<bool(std::string_view global)> allows = {};
  /// Whether it may hold persistent ids.
  bool references = false;
  /// The end of the message about what is refused.
  std::string_view advice =
      "only plain data are read and nothing is run: save the data again as lists, dictionaries, "
      "texts and numbers";
};

/// Reads the first pickle in `bytes`, of protocol 0 to 5, and runs nothing.
///
/// Plain data only: None, booleans, integers of 64 bits, reals, texts, byte strings, lists, tuples
/// and dictionaries. Byte strings (Python 2's `str`) become texts: as UTF-8 where they are, else as
/// Latin-1. An opcode that would import or call something, and sets and buffers, are refused.
/// Throws `Error` with opcode and byte position, also for data that ends early, contains itself,
/// nests deeper than 200 levels, or announces more bytes than there are.
///
/// `rules` may allow more, which becomes `PickleObject`s.
PickleValue read_pickle(std::string_view bytes, const PickleRules& rules = {});

/// The same for a file, which errors name.
PickleValue read_pickle_file(const std::filesystem::path& path);

}  // namespace sightline
