#include "harness/formats/pickle.h"

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/formats/pickle_machine.h"

namespace sightline {

PickleValue::PickleValue(PickleObject value)
    : value_(std::make_shared<const PickleObject>(std::move(value))) {}

std::string_view PickleValue::type_name() const {
  constexpr std::string_view kNames[] = {"None",   "a boolean", "an integer",   "a real number",
                                         "a text", "a list",    "a dictionary", "an object"};
  return kNames[value_.index()];
}

template <typename T>
const T& PickleValue::get(std::string_view wanted) const {
  const T* value = std::get_if<T>(&value_);
  require(value != nullptr, "found {}, expected {}", type_name(), wanted);
  return *value;
}

bool PickleValue::boolean() const {
  return get<bool>("a boolean");
}
std::int64_t PickleValue::integer() const {
  return get<std::int64_t>("an integer");
}
const std::string& PickleValue::text() const {
  return *get<SharedText>("a text");
}
const PickleValue::List& PickleValue::list() const {
  return *get<SharedList>("a list");
}

const PickleObject& PickleValue::object() const {
  return *get<SharedObject>("an object");
}

double PickleValue::real() const {
  return is_integer() ? static_cast<double>(integer()) : get<double>("a number");
}

const PickleValue::Dictionary& PickleValue::dictionary() const {
  return *get<SharedDictionary>("a dictionary");
}

const PickleValue* PickleValue::find(std::string_view key) const {
  for (const auto& [name, value] : dictionary()) {
    if (name.is_text() && name.text() == key) return &value;
  }
  return nullptr;
}

const PickleValue& PickleValue::at(std::string_view key) const {
  const PickleValue* value = find(key);
  require(value != nullptr, "a dictionary has no key '{}'", key);
  return *value;
}

PickleValue read_pickle(std::string_view bytes, const PickleRules& rules) {
  return PickleMachine(bytes, rules).run();
}

PickleValue read_pickle_file(const std::filesystem::path& path) {
  const MappedFile file(path);
  return with_context([&] { return "reading the pickle " + path.string(); },
                      [&] { return read_pickle(file.bytes()); });
}

}  // namespace sightline
