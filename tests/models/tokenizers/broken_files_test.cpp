// Tokenizer files that are broken, or ask for what is not there: each error names file and field.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "models/tokenizers/tokenizer.h"
#include "tests/support/paths.h"

namespace sightline {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

json good_file() {
  return {{"version", "1.0"},
          {"added_tokens", {{{"id", 3}, {"content", "<eos>"}, {"special", true}}}},
          {"normalizer", {{"type", "NFC"}}},
          {"pre_tokenizer",
           {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}}},
          {"post_processor", nullptr},
          {"decoder", {{"type", "ByteLevel"}}},
          {"model",
           {{"type", "BPE"},
            {"vocab", {{"a", 0}, {"b", 1}, {"ab", 2}}},
            {"merges", json::array({"a b"})}}}};
}

/// The error of opening a tokenizer.json with these bytes.
std::string error_of(const std::string& bytes, const char* name = "tokenizer.json") {
  const testing::TemporaryFolder folder;
  write_file_atomically(folder / name, bytes);
  try {
    Tokenizer::open(folder / name);
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr((folder / name).string()));
    return error.what();
  }
  return "no error";
}

struct Case {
  const char* name;
  std::function<void(json&)> damage;
  const char* want;
};

const Case kCases[] = {
    {"no model", [](json& j) { j.erase("model"); }, "lacks the field 'model'"},
    {"no vocabulary", [](json& j) { j["model"].erase("vocab"); },
     "model lacks the field 'vocab', the table of tokens"},
    {"no merges", [](json& j) { j["model"].erase("merges"); },
     "model lacks the field 'merges', the table of a BPE model"},
    {"merge of an unknown token", [](json& j) { j["model"]["merges"].push_back("a c"); },
     "model.merges[1] joins 'a' and 'c', but 'c' is no token"},
    {"merge to an unknown token", [](json& j) { j["model"]["merges"].push_back("b a"); },
     "model.merges[1] joins 'b' and 'a', but 'ba' is no token"},
    {"merge of one", [](json& j) { j["model"]["merges"].push_back("ab"); },
     "model.merges[1] is 'ab', want two tokens with one space between them"},
    {"merge of three",
     [](json& j) {
       j["model"]["merges"].push_back(json::array({"a", "b", "a"}));
     },
     "model.merges[1] has 3 parts, want 2"},
    {"merges of numbers",
     [](json& j) {
       j["model"]["merges"] = {1, 2};
     },
     "model.merges is not"},
    {"merges no array", [](json& j) { j["model"]["merges"] = "a b"; },
     "model.merges is not an array"},
    {"id no integer", [](json& j) { j["model"]["vocab"]["c"] = "x"; },
     "model.vocab is not an object of tokens and integer ids"},
    {"id a fraction", [](json& j) { j["model"]["vocab"]["c"] = 1.5; }, "model.vocab is not"},
    {"id negative", [](json& j) { j["model"]["vocab"]["c"] = -1; },
     "token 'c' has the id -1, want 0 to"},
    {"id huge", [](json& j) { j["model"]["vocab"]["c"] = 4'000'000'000; }, "has the id 4000000000"},
    {"id twice", [](json& j) { j["model"]["vocab"]["c"] = 1; }, "both have the id 1"},
    {"vocabulary a list",
     [](json& j) {
       j["model"]["vocab"] = json::array({json::array({"a", 0.1})});
     },
     "joins"},
    {"Unigram",
     [](json& j) {
       j["model"] = {{"type", "Unigram"}, {"vocab", json::array({json::array({"a", -1.5})})}};
     },
     "model.type is 'Unigram', want BPE, WordPiece or WordLevel"},
    {"model without type and merges",
     [](json& j) {
       j["model"].erase("type");
       j["model"].erase("merges");
     },
     "model lacks the field 'type'"},
    {"dropout", [](json& j) { j["model"]["dropout"] = 0.1; },
     "model.dropout asks for random merges"},
    {"prefix", [](json& j) { j["model"]["continuing_subword_prefix"] = "##"; },
     "model.continuing_subword_prefix is '##', want none"},
    {"unknown token missing", [](json& j) { j["model"]["unk_token"] = "<unk>"; },
     "model.unk_token is '<unk>', which model.vocab does not have"},
    {"unknown option", [](json& j) { j["model"]["beam"] = 3; }, "model has the field 'beam'"},
    {"unknown section", [](json& j) { j["lattice"] = 3; }, "has the field 'lattice'"},
    {"unknown normaliser",
     [](json& j) {
       j["normalizer"] = {{"type", "Precompiled"}};
     },
     "normalizer.type is 'Precompiled', a normaliser that is not known here"},
    {"normaliser in a sequence",
     [](json& j) {
       j["normalizer"] = {{"type", "Sequence"},
                          {"normalizers", {{{"type", "NFC"}}, {{"type", "Nmt"}}}}};
     },
     "normalizer.normalizers[1].type is 'Nmt'"},
    {"unknown pre-tokenizer",
     [](json& j) {
       j["pre_tokenizer"] = {{"type", "UnicodeScripts"}};
     },
     "pre_tokenizer.type is 'UnicodeScripts'"},
    {"setting of a pre-tokenizer", [](json& j) { j["pre_tokenizer"]["speed"] = 1; },
     "pre_tokenizer has the field 'speed'"},
    {"missing setting", [](json& j) { j["pre_tokenizer"].erase("add_prefix_space"); },
     "pre_tokenizer lacks the field 'add_prefix_space'"},
    {"setting of another type", [](json& j) { j["pre_tokenizer"]["add_prefix_space"] = "no"; },
     "pre_tokenizer.add_prefix_space is \"no\", want true or false"},
    {"broken pattern",
     [](json& j) {
       j["pre_tokenizer"] = {{"type", "Split"},
                             {"pattern", {{"Regex", "(a"}}},
                             {"behavior", "Isolated"},
                             {"invert", false}};
     },
     "the regular expression (a is not understood"},
    {"unknown behaviour",
     [](json& j) {
       j["pre_tokenizer"] = {{"type", "Split"},
                             {"pattern", {{"String", "a"}}},
                             {"behavior", "Merged"},
                             {"invert", false}};
     },
     "pre_tokenizer.behavior is 'Merged', want Removed"},
    {"unknown decoder",
     [](json& j) {
       j["decoder"] = {{"type", "CTC"}};
     },
     "decoder.type is 'CTC'"},
    {"unknown post-processor",
     [](json& j) {
       j["post_processor"] = {{"type", "X"}};
     },
     "post_processor.type is 'X'"},
    {"template with a stranger",
     [](json& j) {
       j["post_processor"] = {{"type", "TemplateProcessing"},
                              {"single", {{{"SpecialToken", {{"id", "<s>"}, {"type_id", 0}}}}}},
                              {"pair", json::array()},
                              {"special_tokens", json::object()}};
     },
     "post_processor.special_tokens lacks the field '<s>'"},
    {"added token against the vocabulary", [](json& j) { j["added_tokens"][0]["id"] = 1; },
     "added_tokens[0].id is 1, which model.vocab gives to 'b'"},
    {"added tokens with one id",
     [](json& j) {
       j["added_tokens"].push_back({{"id", 3}, {"content", "<x>"}});
     },
     "both have the id 3"},
    {"added token without content", [](json& j) { j["added_tokens"][0].erase("content"); },
     "added_tokens[0] lacks the field 'content'"}};

TEST(BrokenTokenizer, NamesFileAndField) {
  EXPECT_EQ(error_of(good_file().dump()), "no error");
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.name);
    json file = good_file();
    c.damage(file);
    EXPECT_THAT(error_of(file.dump()), HasSubstr(c.want));
  }
}

TEST(BrokenTokenizer, OtherModelsNeedTheirTokensToo) {
  json file = good_file();
  file["model"] = {{"type", "WordPiece"},
                   {"unk_token", "[UNK]"},
                   {"vocab", {{"a", 0}}},
                   {"continuing_subword_prefix", "##"},
                   {"max_input_chars_per_word", 100}};
  EXPECT_THAT(error_of(file.dump()), HasSubstr("model.unk_token is '[UNK]'"));
  file["model"] = {{"type", "WordLevel"}, {"vocab", {{"a", 0}}}};
  EXPECT_THAT(error_of(file.dump()), HasSubstr("model lacks the field 'unk_token'"));
}

TEST(BrokenTokenizer, IsNoJson) {
  EXPECT_THAT(error_of(""), HasSubstr("is empty"));
  EXPECT_THAT(error_of("[]"), HasSubstr("the top level is not an object"));
  EXPECT_THAT(error_of("not json"), HasSubstr("tokenizer.json"));
  EXPECT_THAT(error_of(good_file().dump() + "x"), HasSubstr("broken or truncated"));
  EXPECT_NE(error_of(good_file().dump() + " []"), "no error");
  EXPECT_THAT(error_of("{\"model\": {\"vocab\": {\"a\xFF\": 0}}}"), HasSubstr("not valid UTF-8"));
  EXPECT_THAT(error_of(R"({"model": {"vocab": {"a\ud800": 0}}})"),
              HasSubstr("model.vocab has a string with a broken escape"));
  EXPECT_THAT(error_of(R"({"model": {"merges": [["\udc00", "a"]]}})"),
              HasSubstr("model.merges has a string with a broken escape"));
}

TEST(BrokenTokenizer, CutOffAnywhereIsAnError) {
  const std::string whole = good_file().dump();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_NE(error_of(whole.substr(0, size)), "no error") << size;
  }
}

TEST(BrokenTokenizer, FilesThatAreNotThere) {
  const testing::TemporaryFolder folder;
  try {
    Tokenizer::open(folder.path());
    FAIL() << "was opened";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("has neither tokenizer.json nor tokenizer.model"));
  }
  EXPECT_THROW(Tokenizer::open(folder / "none.json"), Error);
}

TEST(BrokenTokenizer, ConfigurationIsReadWithCare) {
  const std::pair<const char*, const char*> cases[] = {
      {"{", "broken or truncated JSON"},
      {"[]", "is no JSON object"},
      {R"({"bos_token": 3})", "bos_token is 3, want a string"},
      {R"({"eos_token": {"special": true}})", "eos_token lacks the field 'content'"},
      {R"({"add_bos_token": "yes"})", "add_bos_token is \"yes\", want true or false"}};
  for (const auto& [config, want] : cases) {
    const testing::TemporaryFolder folder;
    write_file_atomically(folder / "tokenizer.json", good_file().dump());
    write_file_atomically(folder / "tokenizer_config.json", config);
    try {
      Tokenizer::open(folder.path());
      ADD_FAILURE() << config << " was taken";
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr(want));
      EXPECT_THAT(error.what(), HasSubstr("tokenizer_config.json"));
    }
  }
}

/// A protobuf field with bytes.
std::string field(int number, const std::string& bytes) {
  return std::string(1, static_cast<char>(number << 3 | 2)) + static_cast<char>(bytes.size()) +
         bytes;
}

/// A protobuf field with a small number.
std::string field(int number, int value) {
  return std::string(1, static_cast<char>(number << 3)) + static_cast<char>(value);
}

std::string piece(const std::string& text, int type = 1) {
  return field(1, field(1, text) + field(3, type));
}

const std::string kBpe = field(2, field(3, 2));
const std::string kPlain = field(3, field(3, 0) + field(4, 0));

TEST(BrokenSentencePiece, SaysWhatIsWrong) {
  const std::pair<std::string, const char*> cases[] = {
      {"", "there are no pieces"},
      {kBpe + kPlain, "there are no pieces"},
      {piece("a") + field(2, field(3, 1)), "model_type is 1, want 2 (BPE)"},
      {piece("a") + piece("a") + kBpe, "token 'a' is there twice"},
      {piece("a") + piece("ab") + kBpe, "piece 'ab' has a character that is no piece itself"},
      {piece("a", 5) + kBpe, "is of the type 'unused'"},
      {piece("a", 9) + kBpe, "type 9"},
      {piece("\xFF") + kBpe, "a piece is not UTF-8"},
      {piece("a") + kBpe + field(3, field(2, "xy")), "precompiled_charsmap"},
      {piece("a") + kBpe + "\x0A", "cut off"},
      {piece("a") + kBpe + "\x0A\x7F", "cut off"},
      {piece("a") + kBpe + "\x0B", "wire type 3"},
      {std::string(12, '\xFF'), "more than 64 bits"}};
  for (const auto& [bytes, want] : cases) {
    EXPECT_THAT(error_of(bytes, "tokenizer.model"), HasSubstr(want));
  }
}

TEST(SentencePiece, MarksAndSqueezesSpacesAsTheModelSays) {
  const std::string pieces = piece("<unk>", 2) + piece("<s>", 3) + piece("\u2581") + piece("a");
  const auto open = [&](const std::string& spec) {
    const testing::TemporaryFolder folder;
    write_file_atomically(folder / "tokenizer.model", pieces + kBpe + spec);
    return Tokenizer::open(folder.path());
  };
  using Ids = std::vector<TokenId>;
  const Tokenizer plain = open(kPlain), usual = open("");
  EXPECT_EQ(plain.encode("a  a"), (Ids{3, 2, 2, 3}));
  EXPECT_EQ(usual.encode(" a  a "), (Ids{2, 3, 2, 3}));
  EXPECT_EQ(usual.encode(" "), Ids{});
  EXPECT_EQ(plain.decode(Ids{1, 2, 3}), " a");
  EXPECT_EQ(usual.decode(Ids{1, 2, 3}), "a");
  EXPECT_EQ(plain.encode("axxa"), (Ids{3, 0, 3}));
  EXPECT_EQ(plain.decode(Ids{3, 0}), "a \u2047 ");
}

}  // namespace
}  // namespace sightline
