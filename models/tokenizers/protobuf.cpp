#include "models/tokenizers/protobuf.h"

#include <bit>
#include <cstring>

#include "harness/base/error.h"

namespace sightline {

float ProtobufField::as_float() const {
  return std::bit_cast<float>(static_cast<std::uint32_t>(integer));
}

std::uint64_t ProtobufReader::varint() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    require(!left_.empty(), "the protobuf message is cut off");
    const auto byte = static_cast<unsigned char>(left_.front());
    left_.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return value;
  }
  fail("the protobuf message has a number of more than 64 bits");
}

std::string_view ProtobufReader::take(std::uint64_t count) {
  require(count <= left_.size(), "the protobuf message is cut off: {} bytes wanted, {} left", count,
          left_.size());
  const std::string_view bytes = left_.substr(0, count);
  left_.remove_prefix(count);
  return bytes;
}

std::optional<ProtobufField> ProtobufReader::next() {
  if (left_.empty()) return std::nullopt;
  const std::uint64_t tag = varint();
  ProtobufField field{.number = static_cast<std::uint32_t>(tag >> 3)};
  const auto fixed = [&](std::size_t size) {
    std::memcpy(&field.integer, take(size).data(), size);
  };
  switch (tag & 7) {
    case 0:
      field.integer = varint();
      return field;
    case 1:
      fixed(8);
      return field;
    case 2:
      field.bytes = take(varint());
      return field;
    case 5:
      fixed(4);
      return field;
    default:
      fail("the protobuf message has a field of wire type {}, which is not known", tag & 7);
  }
}

}  // namespace sightline
