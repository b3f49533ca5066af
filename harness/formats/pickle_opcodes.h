#pragma once

#include <string_view>

namespace sightline {

/// What an opcode that is not plain data would do.
enum class PickleRefusal { kNone, kImport, kCall, kPersistent, kExtension, kSet, kBuffer };

/// An opcode of the pickle format (CPython, Lib/pickletools.py), protocols 0 to 5.
struct PickleOpcode {
  unsigned char code;
  std::string_view name;
  PickleRefusal refusal = PickleRefusal::kNone;
};

/// Null when `code` is no opcode.
const PickleOpcode* find_pickle_opcode(unsigned char code);

/// Why the reader refuses it, as the end of "opcode X ...".
std::string_view reason_of(PickleRefusal refusal);

}  // namespace sightline
