#include <utility>

#include "models/tokenizers/components.h"
#include "models/tokenizers/pattern_json.h"

namespace sightline {

namespace {

/// Adds a stage that looks at one token. Behind a stage that makes one text of all tokens, that is
/// the whole text.
void add_token_stage(Decoder& decoder, DecodeStageMaker stage) {
  if (std::exchange(decoder.ends_in_one_text, false)) decoder.stages.push_back(collect_stage());
  decoder.stages.push_back(std::move(stage));
}

std::size_t read_count(const JsonNode& node) {
  const std::int64_t count = node.integer();
  if (count < 0) node.fail("is negative");
  return static_cast<std::size_t>(count);
}

void read_strip(const JsonNode& node, Decoder& decoder) {
  node.require_fields({"type", "content", "start", "stop"});
  const std::string mark = node.text("content");
  if (mark.empty()) node.at("content").fail("is empty, want a character");
  const std::size_t start = read_count(node.at("start")), stop = read_count(node.at("stop"));
  if (decoder.ends_in_one_text && stop == 0) {
    decoder.stages.push_back(skip_first_stage(mark, start));
    return;
  }
  add_token_stage(decoder, each_token_stage(strip_marks_step(mark, start, stop)));
}

void read_metaspace(const JsonNode& node, Decoder& decoder) {
  node.require_fields(
      {"type", "replacement", "add_prefix_space", "prepend_scheme", "split", "str_rep"});
  const auto scheme = node.find("prepend_scheme");
  const bool prefixes = scheme ? scheme->text() != "never" : node.boolean("add_prefix_space", true);
  add_token_stage(decoder, metaspace_stage(node.text("replacement"), prefixes));
}

void read_stages(const JsonNode& node, Decoder& decoder) {
  const std::string type = node.text("type");
  if (type == "Sequence") {
    node.require_fields({"type", "decoders"});
    for (const JsonNode& part : node.at("decoders").elements()) read_stages(part, decoder);
    return;
  }
  if (type == "Strip") return read_strip(node, decoder);
  if (type == "Metaspace") return read_metaspace(node, decoder);
  if (type == "Replace") {
    node.require_fields({"type", "pattern", "content"});
    return add_token_stage(decoder, each_token_stage(replace_step(read_pattern(node.at("pattern")),
                                                                  node.text("content"))));
  }
  if (type == "WordPiece") {
    node.require_fields({"type", "prefix", "cleanup"});
    return add_token_stage(decoder, word_piece_stage(node.text("prefix"), node.boolean("cleanup")));
  }
  if (type == "BPEDecoder") {
    node.require_fields({"type", "suffix"});
    return add_token_stage(decoder, bpe_suffix_stage(node.text("suffix")));
  }
  if (type == "ByteLevel") {
    node.require_fields({"type", "add_prefix_space", "trim_offsets", "use_regex"});
    add_token_stage(decoder, byte_level_stage());
    decoder.ends_in_one_text = true;
    return;
  }
  node.require_fields({"type"});
  if (type == "ByteFallback") {
    return add_token_stage(decoder, byte_fallback_stage(BrokenBytes::kEachOfRun));
  }
  if (type != "Fuse") {
    node.at("type").fail("is '" + type + "', a decoder that is not known here");
  }
  decoder.ends_in_one_text = true;
}

}  // namespace

Decoder read_decoder(const JsonNode& node) {
  Decoder decoder;
  if (node.is_null()) {
    decoder.stages.push_back(separator_stage(" "));
  } else {
    read_stages(node, decoder);
  }
  return decoder;
}

}  // namespace sightline
