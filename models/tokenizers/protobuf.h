#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace sightline {

/// One field of a protobuf message.
struct ProtobufField {
  std::uint32_t number = 0;
  std::uint64_t integer = 0;  ///< of a varint, or the bits of a fixed number
  std::string_view bytes;     ///< of a string, an inner message or a packed list

  float as_float() const;
};

/// Goes through the fields of a message in its wire format. Nothing is copied.
class ProtobufReader {
 public:
  explicit ProtobufReader(std::string_view message) : left_(message) {}

  /// No value at the end. Throws `Error` when the message is cut off or damaged.
  std::optional<ProtobufField> next();

 private:
  std::uint64_t varint();
  std::string_view take(std::uint64_t count);

  std::string_view left_;
};

}  // namespace sightline
