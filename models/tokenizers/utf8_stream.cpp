#include "models/tokenizers/utf8_stream.h"

namespace sightline {

namespace {

constexpr std::string_view kReplacement = "\uFFFD";

struct Sequence {
  enum class State { kWhole, kBroken, kCut } state = State::kWhole;
  std::size_t length = 1;  ///< in bytes; of a broken one, its maximal part that could have gone on
};

/// Bytes that may follow `lead` directly, by the table of well-formed sequences (table 3-7); the
/// range is empty when `lead` begins no character of several bytes.
struct Second {
  unsigned char first = 1, last = 0;
};

Second second_bytes(unsigned char lead) {
  if (lead < 0xC2 || lead > 0xF4) return {};
  switch (lead) {
    case 0xE0:
      return {0xA0, 0xBF};
    case 0xED:
      return {0x80, 0x9F};
    case 0xF0:
      return {0x90, 0xBF};
    case 0xF4:
      return {0x80, 0x8F};
    default:
      return {0x80, 0xBF};
  }
}

/// What stands at the beginning of `bytes`, which are not empty.
Sequence first_sequence(std::string_view bytes) {
  using State = Sequence::State;
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  if (byte(0) < 0x80) return {State::kWhole, 1};
  const Second second = second_bytes(byte(0));
  if (second.first > second.last) return {State::kBroken, 1};
  const std::size_t length = byte(0) < 0xE0 ? 2 : byte(0) < 0xF0 ? 3 : 4;
  for (std::size_t i = 1; i < length; ++i) {
    if (i == bytes.size()) return {State::kCut, i};
    const Second allowed = i == 1 ? second : Second{0x80, 0xBF};
    if (byte(i) < allowed.first || byte(i) > allowed.last) return {State::kBroken, i};
  }
  return {State::kWhole, length};
}

}  // namespace

void Utf8Stream::push(std::string_view bytes, std::string& text) {
  std::string joined;
  if (!waiting_.empty()) {
    joined = waiting_ + std::string(bytes);
    bytes = joined;
    waiting_.clear();
  }
  while (!bytes.empty()) {
    const Sequence sequence = first_sequence(bytes);
    if (sequence.state == Sequence::State::kCut) {
      waiting_ = bytes;
      return;
    }
    text +=
        sequence.state == Sequence::State::kWhole ? bytes.substr(0, sequence.length) : kReplacement;
    bytes.remove_prefix(sequence.length);
  }
}

void Utf8Stream::finish(std::string& text) {
  if (!waiting_.empty()) text += kReplacement;
  waiting_.clear();
}

}  // namespace sightline
