#include "harness/formats/pickle_opcodes.h"

#include <algorithm>
#include <iterator>

namespace sightline {

namespace {

/// In order of their codes.
constexpr PickleOpcode kOpcodes[] = {
    {'(', "MARK"},
    {')', "EMPTY_TUPLE"},
    {'.', "STOP"},
    {'0', "POP"},
    {'1', "POP_MARK"},
    {'2', "DUP"},
    {'B', "BINBYTES"},
    {'C', "SHORT_BINBYTES"},
    {'F', "FLOAT"},
    {'G', "BINFLOAT"},
    {'I', "INT"},
    {'J', "BININT"},
    {'K', "BININT1"},
    {'L', "LONG"},
    {'M', "BININT2"},
    {'N', "NONE"},
    {'P', "PERSID", PickleRefusal::kPersistent},
    {'Q', "BINPERSID", PickleRefusal::kPersistent},
    {'R', "REDUCE", PickleRefusal::kCall},
    {'S', "STRING"},
    {'T', "BINSTRING"},
    {'U', "SHORT_BINSTRING"},
    {'V', "UNICODE"},
    {'X', "BINUNICODE"},
    {']', "EMPTY_LIST"},
    {'a', "APPEND"},
    {'b', "BUILD", PickleRefusal::kCall},
    {'c', "GLOBAL", PickleRefusal::kImport},
    {'d', "DICT"},
    {'e', "APPENDS"},
    {'g', "GET"},
    {'h', "BINGET"},
    {'i', "INST", PickleRefusal::kImport},
    {'j', "LONG_BINGET"},
    {'l', "LIST"},
    {'o', "OBJ", PickleRefusal::kCall},
    {'p', "PUT"},
    {'q', "BINPUT"},
    {'r', "LONG_BINPUT"},
    {'s', "SETITEM"},
    {'t', "TUPLE"},
    {'u', "SETITEMS"},
    {'}', "EMPTY_DICT"},
    {0x80, "PROTO"},
    {0x81, "NEWOBJ", PickleRefusal::kCall},
    {0x82, "EXT1", PickleRefusal::kExtension},
    {0x83, "EXT2", PickleRefusal::kExtension},
    {0x84, "EXT4", PickleRefusal::kExtension},
    {0x85, "TUPLE1"},
    {0x86, "TUPLE2"},
    {0x87, "TUPLE3"},
    {0x88, "NEWTRUE"},
    {0x89, "NEWFALSE"},
    {0x8a, "LONG1"},
    {0x8b, "LONG4"},
    {0x8c, "SHORT_BINUNICODE"},
    {0x8d, "BINUNICODE8"},
    {0x8e, "BINBYTES8"},
    {0x8f, "EMPTY_SET", PickleRefusal::kSet},
    {0x90, "ADDITEMS", PickleRefusal::kSet},
    {0x91, "FROZENSET", PickleRefusal::kSet},
    {0x92, "NEWOBJ_EX", PickleRefusal::kCall},
    {0x93, "STACK_GLOBAL", PickleRefusal::kImport},
    {0x94, "MEMOIZE"},
    {0x95, "FRAME"},
    {0x96, "BYTEARRAY8", PickleRefusal::kBuffer},
    {0x97, "NEXT_BUFFER", PickleRefusal::kBuffer},
    {0x98, "READONLY_BUFFER", PickleRefusal::kBuffer},
};

}  // namespace

const PickleOpcode* find_pickle_opcode(unsigned char code) {
  const auto* found = std::ranges::lower_bound(kOpcodes, code, {}, &PickleOpcode::code);
  return found != std::end(kOpcodes) && found->code == code ? found : nullptr;
}

std::string_view reason_of(PickleRefusal refusal) {
  switch (refusal) {
    case PickleRefusal::kNone:
      return "is plain data";
    case PickleRefusal::kImport:
      return "would import a Python object";
    case PickleRefusal::kCall:
      return "would call Python code";
    case PickleRefusal::kPersistent:
      return "refers to an object outside the file";
    case PickleRefusal::kExtension:
      return "stands for a registered Python class";
    case PickleRefusal::kSet:
      return "makes a set, which is not read";
    case PickleRefusal::kBuffer:
      return "makes a buffer, which is not read";
  }
  return "is not known";
}

}  // namespace sightline
