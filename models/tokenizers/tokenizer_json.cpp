#include <algorithm>
#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "harness/base/parallel.h"
#include "harness/base/text.h"
#include "models/tokenizers/json_node.h"
#include "models/tokenizers/model_json.h"
#include "models/tokenizers/tokenizer_parts.h"
#include "models/tokenizers/unicode_classes.h"

namespace sightline {

namespace {

const nlohmann::json kNull;

/// A component of the top level; null when it is missing.
JsonNode component(const TokenizerJson& json, const std::string& field) {
  const auto found = json.rest().find(field);
  return {found == json.rest().end() ? kNull : *found, json.name() + ": " + field};
}

std::unique_ptr<Vocabulary> read_vocabulary(const TokenizerJson& json) {
  require(json.has_vocabulary(), "{}: model lacks the field 'vocab', the table of tokens",
          json.name());
  std::size_t bytes = 0;
  for (const auto& [token, id] : json.vocabulary()) bytes += token.size();
  auto vocabulary = std::make_unique<Vocabulary>();
  vocabulary->reserve(json.vocabulary().size(), bytes);
  with_context([&] { return "reading model.vocab of " + json.name(); },
               [&] {
                 for (const auto& [token, id] : json.vocabulary()) vocabulary->add(token, id);
               });
  return vocabulary;
}

/// The id of a token that field `field` of the model names; `kNoToken` when it names none.
TokenId read_named_token(const JsonNode& model, const std::string& field,
                         const Vocabulary& vocabulary) {
  const auto node = model.find(field);
  if (!node) return kNoToken;
  const TokenId id = vocabulary.find(node->text());
  if (id == kNoToken) node->fail("is '" + node->text() + "', which model.vocab does not have");
  return id;
}

struct MergeIds {
  TokenId left, right, result;
};

/// The ids of every merge's tokens. Most of the time of opening a large tokenizer goes here, to
/// waiting for memory, so several threads wait together.
std::vector<MergeIds> find_merge_ids(const TokenizerJson& json, const Vocabulary& vocabulary) {
  constexpr std::size_t kGrain = 8192;
  std::vector<MergeIds> ids(json.merges().size());
  parallel_for(ids.size(), kGrain, [&](std::size_t begin, std::size_t end) {
    std::string joined;
    for (std::size_t i = begin; i < end; ++i) {
      const auto& [left, right] = json.merges()[i];
      joined.assign(left);
      joined += right;
      ids[i] = {vocabulary.find(left), vocabulary.find(right), vocabulary.find(joined)};
    }
  });
  return ids;
}

MergeTable read_merges(const TokenizerJson& json, const Vocabulary& vocabulary) {
  require(json.has_merges(), "{}: model lacks the field 'merges', the table of a BPE model",
          json.name());
  const std::vector<MergeIds> ids = find_merge_ids(json, vocabulary);
  MergeTable merges(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto& [left, right, result] = ids[i];
    if (left == kNoToken || right == kNoToken || result == kNoToken) {
      const auto& [a, b] = json.merges()[i];
      fail("{}: model.merges[{}] joins '{}' and '{}', but '{}' is no token", json.name(), i, a, b,
           left == kNoToken    ? std::string(a)
           : right == kNoToken ? std::string(b)
                               : std::string(a) + std::string(b));
    }
    merges.set(left, right, {static_cast<std::uint32_t>(i), result});
  }
  return merges;
}

void refuse_text(const JsonNode& model, const std::string& field) {
  const auto node = model.find(field);
  if (node && !node->text().empty()) node->fail("is '" + node->text() + "', want none");
}

Bpe read_bpe(const TokenizerJson& json, const JsonNode& model, const Vocabulary& vocabulary) {
  model.require_fields({"type", "dropout", "unk_token", "continuing_subword_prefix",
                        "end_of_word_suffix", "fuse_unk", "byte_fallback", "ignore_merges"});
  refuse_text(model, "continuing_subword_prefix");
  if (const auto dropout = model.find("dropout")) {
    if (dropout->value() != 0) dropout->fail("asks for random merges; scores need fixed tokens");
  }
  BpeOptions options{.unknown = read_named_token(model, "unk_token", vocabulary),
                     .fuse_unknown = model.boolean("fuse_unk", false),
                     .byte_fallback = model.boolean("byte_fallback", false),
                     .ignore_merges = model.boolean("ignore_merges", false)};
  if (const auto suffix = model.find("end_of_word_suffix")) {
    options.end_of_word_suffix = suffix->text();
  }
  return Bpe(vocabulary, read_merges(json, vocabulary), std::move(options));
}

WordPiece read_word_piece(const JsonNode& model, const Vocabulary& vocabulary) {
  model.require_fields(
      {"type", "unk_token", "continuing_subword_prefix", "max_input_chars_per_word"});
  model.at("unk_token");
  const std::int64_t most = model.at("max_input_chars_per_word").integer();
  return WordPiece(vocabulary,
                   {.unknown = read_named_token(model, "unk_token", vocabulary),
                    .continuing_prefix = model.text("continuing_subword_prefix"),
                    .max_characters = static_cast<std::size_t>(std::max<std::int64_t>(most, 0))});
}

TokenModel read_model(const TokenizerJson& json, const JsonNode& model,
                      const Vocabulary& vocabulary) {
  const auto named = model.find("type");
  const std::string type = named ? named->text() : json.has_merges() ? "BPE" : "";
  if (type == "BPE") return read_bpe(json, model, vocabulary);
  if (type == "WordPiece") return read_word_piece(model, vocabulary);
  if (type == "WordLevel") {
    model.require_fields({"type", "unk_token"});
    model.at("unk_token");
    return WordLevel(vocabulary, read_named_token(model, "unk_token", vocabulary));
  }
  model.at("type").fail("is '" + type + "', want BPE, WordPiece or WordLevel");
}

AddedToken read_added_token(const JsonNode& node) {
  node.require_fields(
      {"id", "content", "special", "single_word", "lstrip", "rstrip", "normalized"});
  const std::int64_t id = node.at("id").integer();
  if (id < 0 || id >= Vocabulary::kIdLimit) node.at("id").fail(fmt::format("is {}", id));
  return {.content = node.text("content"),
          .id = static_cast<TokenId>(id),
          .special = node.boolean("special", false),
          .single_word = node.boolean("single_word", false),
          .lstrip = node.boolean("lstrip", false),
          .rstrip = node.boolean("rstrip", false),
          .normalized = node.boolean("normalized", true)};
}

void read_added_tokens(const JsonNode& node, TokenizerParts& parts) {
  if (node.is_null()) return;
  for (const JsonNode& element : node.elements()) {
    const AddedToken token = read_added_token(element);
    const auto owner = parts.vocabulary->text(token.id);
    if (owner && *owner != token.content) {
      element.at("id").fail(
          fmt::format("is {}, which model.vocab gives to '{}'", token.id, *owner));
    }
    parts.added_tokens.push_back(token);
    if (token.normalized) {
      parts.normalized_matcher.add(token, parts.normalizer.apply(token.content));
    } else {
      parts.raw_matcher.add(token, token.content);
    }
  }
}

/// A model with a suffix for the end of words (CLIP) is decoded by ByteLevel, which knows nothing
/// of it; transformers then puts spaces for the suffixes and strips the text.
void decode_suffixes(const JsonNode& model, const JsonNode& decoder, TokenizerParts& parts) {
  const auto suffix = model.find("end_of_word_suffix");
  if (!suffix || suffix->text().empty()) return;
  if (decoder.is_null() || decoder.text("type") != "ByteLevel") return;
  parts.decode_stages.push_back(collect_stage());
  parts.decode_stages.push_back(
      each_token_stage(replace_step(SplitPattern::of_text(suffix->text()), " ")));
  // Python's strip takes a few control characters, too.
  parts.decode_stages.push_back(
      each_token_stage([](std::string_view text, std::string& result) { result += strip(text); }));
}

/// Lets the model do what the pre-tokenizer asks for where it is quicker there.
void tune(const TokenizerJson& json, TokenizerParts& parts) {
  Bpe* bpe = std::get_if<Bpe>(&*parts.model);
  if (parts.pre_tokenizer.ends_in_byte_alphabet && (bpe == nullptr || !bpe->take_bytes())) {
    parts.pre_tokenizer.steps.push_back(byte_alphabet_step());
  }
  if (bpe != nullptr && !parts.pre_tokenizer.ends_in_byte_alphabet) bpe->find_cuts(json.merges());
}

}  // namespace

TokenizerParts read_tokenizer_json(const std::filesystem::path& path) {
  const TokenizerJson json(path);
  JsonNode(json.rest(), json.name() + ":")
      .require_fields({"version", "truncation", "padding", "added_tokens", "normalizer",
                       "pre_tokenizer", "post_processor", "decoder", "model"});
  const JsonNode model = component(json, "model"), decoder = component(json, "decoder");
  require(model.value().is_object(), "{} lacks the field 'model'; is it a tokenizer.json?",
          json.name());
  TokenizerParts parts;
  parts.vocabulary = read_vocabulary(json);
  parts.model = read_model(json, model, *parts.vocabulary);
  parts.normalizer = read_normalizer(component(json, "normalizer"));
  parts.pre_tokenizer = read_pre_tokenizer(component(json, "pre_tokenizer"));
  parts.post_processor = read_post_processor(component(json, "post_processor"));
  parts.decode_stages = read_decoder(decoder).stages;
  decode_suffixes(model, decoder, parts);
  read_added_tokens(component(json, "added_tokens"), parts);
  tune(json, parts);
  return parts;
}

}  // namespace sightline
