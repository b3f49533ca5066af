#include "harness/demo/pickle.h"

#include <bit>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>

#include "harness/base/error.h"

namespace sightline::demo {
namespace {

using Json = nlohmann::ordered_json;

// Opcodes as Python's Lib/pickletools.py names them.
constexpr char kProto = '\x80', kMark = '(', kStop = '.', kNone = 'N', kNewTrue = '\x88',
               kNewFalse = '\x89', kBinInt = 'J', kLong1 = '\x8a', kBinFloat = 'G',
               kBinUnicode = 'X', kEmptyList = ']', kAppends = 'e', kEmptyDict = '}',
               kSetItems = 'u';

void append_little_endian(std::string& out, std::uint64_t bits, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>((bits >> (8 * i)) & 0xFF);
}

void append_string(std::string& out, const std::string& text) {
  require(text.size() <= std::numeric_limits<std::uint32_t>::max(),
          "a string of {} bytes does not fit into a pickle of protocol 2", text.size());
  out += kBinUnicode;
  append_little_endian(out, text.size(), 4);
  out += text;
}

void append_integer(std::string& out, const Json& value) {
  const bool huge =
      value.is_number_unsigned() &&
      value.get<std::uint64_t>() > std::uint64_t{std::numeric_limits<std::int64_t>::max()};
  const auto number = value.get<std::int64_t>();
  if (!huge && number == static_cast<std::int32_t>(number)) {
    out += kBinInt;
    append_little_endian(out, static_cast<std::uint64_t>(number), 4);
    return;
  }
  // Two's complement; a ninth byte keeps what is above 2^63 positive.
  out += kLong1;
  out += huge ? '\x09' : '\x08';
  append_little_endian(out, value.get<std::uint64_t>(), 8);
  if (huge) out += '\0';
}

void append_float(std::string& out, double number) {
  out += kBinFloat;
  const auto bits = std::bit_cast<std::uint64_t>(number);
  for (int i = 7; i >= 0; --i) out += static_cast<char>((bits >> (8 * i)) & 0xFF);
}

void append_value(std::string& out, const Json& value);

void append_container(std::string& out, const Json& value) {
  out += value.is_object() ? kEmptyDict : kEmptyList;
  if (value.empty()) return;
  out += kMark;
  for (auto item = value.begin(); item != value.end(); ++item) {
    if (value.is_object()) append_string(out, item.key());
    append_value(out, *item);
  }
  out += value.is_object() ? kSetItems : kAppends;
}

void append_value(std::string& out, const Json& value) {
  if (value.is_structured()) return append_container(out, value);
  if (value.is_string()) return append_string(out, value.get_ref<const std::string&>());
  if (value.is_number_integer()) return append_integer(out, value);
  if (value.is_number_float()) return append_float(out, value.get<double>());
  if (value.is_boolean()) {
    out += value.get<bool>() ? kNewTrue : kNewFalse;
    return;
  }
  require(value.is_null(), "a value of type {} has no pickle", value.type_name());
  out += kNone;
}

}  // namespace

std::string to_pickle(const Json& value) {
  std::string out = {kProto, '\x02'};
  append_value(out, value);
  out += kStop;
  return out;
}

}  // namespace sightline::demo
