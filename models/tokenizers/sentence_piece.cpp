#include <algorithm>
#include <functional>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/base/text.h"
#include "models/tokenizers/protobuf.h"
#include "models/tokenizers/tokenizer_parts.h"
#include "models/tokenizers/unicode_classes.h"

// Field numbers are those of sentencepiece_model.proto.

namespace sightline {

namespace {

constexpr std::string_view kSpaceMark = "\u2581";

enum class PieceType { kNormal = 1, kUnknown, kControl, kUserDefined, kUnused, kByte };

struct Piece {
  std::string_view text;
  float score = 0;
  PieceType type = PieceType::kNormal;
};

struct Model {
  std::vector<Piece> pieces;
  std::uint64_t type = 1;  ///< 1 Unigram, 2 BPE, 3 words, 4 characters
  bool byte_fallback = false, mark_behind_words = false;
  std::string unknown_surface = " \u2047 ";
  bool has_character_map = false;
  bool add_dummy_prefix = true, remove_extra_whitespaces = true, escape_whitespaces = true;
};

Piece read_piece(std::string_view message) {
  Piece piece;
  ProtobufReader reader(message);
  while (const auto field = reader.next()) {
    if (field->number == 1) piece.text = field->bytes;
    if (field->number == 2) piece.score = field->as_float();
    if (field->number != 3) continue;
    require(field->integer >= 1 && field->integer <= 6, "a piece has the type {}, want 1 to 6",
            field->integer);
    piece.type = static_cast<PieceType>(field->integer);
  }
  require(is_utf8(piece.text), "a piece is not UTF-8");
  return piece;
}

void read_trainer(std::string_view message, Model& model) {
  ProtobufReader reader(message);
  while (const auto field = reader.next()) {
    if (field->number == 3) model.type = field->integer;
    if (field->number == 24) model.mark_behind_words = field->integer != 0;
    if (field->number == 35) model.byte_fallback = field->integer != 0;
    if (field->number == 44) model.unknown_surface = field->bytes;
  }
}

void read_normalizer_spec(std::string_view message, Model& model) {
  ProtobufReader reader(message);
  while (const auto field = reader.next()) {
    if (field->number == 2) model.has_character_map = !field->bytes.empty();
    if (field->number == 3) model.add_dummy_prefix = field->integer != 0;
    if (field->number == 4) model.remove_extra_whitespaces = field->integer != 0;
    if (field->number == 5) model.escape_whitespaces = field->integer != 0;
  }
}

Model read_model(std::string_view bytes) {
  Model model;
  ProtobufReader reader(bytes);
  while (const auto field = reader.next()) {
    if (field->number == 1) model.pieces.push_back(read_piece(field->bytes));
    if (field->number == 2) read_trainer(field->bytes, model);
    if (field->number == 3) read_normalizer_spec(field->bytes, model);
  }
  require(!model.pieces.empty(), "there are no pieces; is it a SentencePiece model?");
  require(model.type == 2, "model_type is {}, want 2 (BPE)", model.type);
  require(
      !model.has_character_map,
      "normalizer_spec has a precompiled_charsmap, which is not supported; only the identity is");
  require(model.escape_whitespaces && !model.mark_behind_words,
          "spaces are not marked before words, which is the only form supported");
  return model;
}

/// Drops spaces at both ends and all but one of a run, puts a space before the text, and marks
/// spaces by U+2581, as far as the model asks for it.
TextStep space_step(const Model& model) {
  return [squeezes = model.remove_extra_whitespaces, prefixes = model.add_dummy_prefix](
             std::string_view text, std::string& result) {
    if (squeezes) {
      text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
      text = text.substr(0, text.find_last_not_of(' ') + 1);
    }
    if (prefixes && !text.empty()) result += kSpaceMark;
    char last = 'x';
    for (const char c : text) {
      if (c != ' ') {
        result += c;
      } else if (!squeezes || last != ' ') {
        result += kSpaceMark;
      }
      last = c;
    }
  };
}

/// Every way to join two pieces to a third merges them, the higher its score the earlier.
MergeTable make_merges(const Model& model, const Vocabulary& vocabulary) {
  std::vector<float> scores;
  std::size_t pairs = 0;
  for (const Piece& piece : model.pieces) {
    if (piece.type != PieceType::kNormal) continue;
    scores.push_back(piece.score);
    pairs += count_code_points(piece.text);
  }
  std::ranges::sort(scores, std::greater());
  scores.erase(std::unique(scores.begin(), scores.end()), scores.end());

  MergeTable merges(pairs);
  for (std::size_t id = 0; id < model.pieces.size(); ++id) {
    const auto& [text, score, type] = model.pieces[id];
    if (type != PieceType::kNormal) continue;
    const auto rank = std::ranges::lower_bound(scores, score, std::greater()) - scores.begin();
    for (std::size_t cut = 0; cut < text.size();) {
      const std::size_t length = character_at(text, cut).length;
      require(vocabulary.find(text.substr(cut, length)) != kNoToken,
              "piece '{}' has a character that is no piece itself, which is not supported", text);
      cut += length;
      const TokenId left = vocabulary.find(text.substr(0, cut));
      const TokenId right = vocabulary.find(text.substr(cut));
      if (cut == text.size() || left == kNoToken || right == kNoToken) continue;
      merges.set(left, right, {static_cast<std::uint32_t>(rank), static_cast<TokenId>(id)});
    }
  }
  return merges;
}

void add_special_pieces(const Model& model, TokenizerParts& parts, BpeOptions& options) {
  for (std::size_t i = 0; i < model.pieces.size(); ++i) {
    const Piece& piece = model.pieces[i];
    const auto id = static_cast<TokenId>(i);
    if (piece.type == PieceType::kUnknown) {
      options.unknown = id;
      parts.unknown_surface = {id, model.unknown_surface};
    } else if (piece.type == PieceType::kControl) {
      parts.silent_tokens.push_back(id);
    } else if (piece.type == PieceType::kUserDefined) {
      const AddedToken token{.content = std::string(piece.text), .id = id, .normalized = true};
      parts.added_tokens.push_back(token);
      parts.normalized_matcher.add(token, piece.text);
    } else if (piece.type == PieceType::kUnused) {
      fail("piece '{}' is of the type 'unused', which is not supported", piece.text);
    }
  }
}

TokenizerParts make_parts(const Model& model) {
  TokenizerParts parts;
  auto vocabulary = std::make_unique<Vocabulary>();
  for (std::size_t id = 0; id < model.pieces.size(); ++id) {
    vocabulary->add(model.pieces[id].text, static_cast<std::int64_t>(id));
  }
  BpeOptions options{.fuse_unknown = true, .byte_fallback = model.byte_fallback};
  add_special_pieces(model, parts, options);
  parts.model = Bpe(*vocabulary, make_merges(model, *vocabulary), options);
  parts.vocabulary = std::move(vocabulary);
  parts.normalizer = Normalizer({space_step(model)});
  if (model.add_dummy_prefix || model.remove_extra_whitespaces) {
    parts.decode_stages.push_back(skip_first_stage(std::string(kSpaceMark), 1));
  }
  parts.decode_stages.push_back(
      each_token_stage(replace_step(SplitPattern::of_text(std::string(kSpaceMark)), " ")));
  parts.decode_stages.push_back(byte_fallback_stage(BrokenBytes::kEachBroken));
  return parts;
}

}  // namespace

TokenizerParts read_sentence_piece(const std::filesystem::path& path) {
  return with_context([&] { return "reading the SentencePiece model " + path.string(); },
                      [&] {
                        const MappedFile file(path);
                        return make_parts(read_model(file.bytes()));
                      });
}

}  // namespace sightline
