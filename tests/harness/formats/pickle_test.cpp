#include "harness/formats/pickle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "tests/support/paths.h"

namespace sightline {
namespace {

using testing::data_path;
using ::testing::HasSubstr;
using testing::TemporaryFolder;
using namespace std::string_literals;

nlohmann::json to_json(const PickleValue& value) {
  if (value.is_boolean()) return value.boolean();
  if (value.is_integer()) return value.integer();
  if (value.is_real()) return value.real();
  if (value.is_text()) return value.text();
  if (value.is_list()) {
    nlohmann::json list = nlohmann::json::array();
    for (const PickleValue& item : value.list()) list.push_back(to_json(item));
    return list;
  }
  if (value.is_dictionary()) {
    nlohmann::json object = nlohmann::json::object();
    for (const auto& [key, item] : value.dictionary()) {
      object[key.is_text() ? key.text() : std::to_string(key.integer())] = to_json(item);
    }
    return object;
  }
  return nullptr;
}

std::string message_of(std::string_view bytes) {
  try {
    read_pickle(bytes);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

class RefsGolden : public ::testing::TestWithParam<const char*> {};

TEST_P(RefsGolden, EqualsItsJson) {
  const auto want = nlohmann::json::parse(read_file(data_path("pickle/refs_as_json.json")));
  ASSERT_EQ(want.size(), 60U);
  EXPECT_EQ(to_json(read_pickle_file(data_path("pickle/"s + GetParam()))), want);
}

TEST_P(RefsGolden, EveryTruncationIsAnErrorAndNoMore) {
  const std::string bytes = read_file(data_path("pickle/"s + GetParam()));
  for (std::size_t size = 0; size < bytes.size(); size += size < 100 ? 1 : 397) {
    EXPECT_THROW(read_pickle(std::string_view(bytes).substr(0, size)), Error) << size;
  }
}

TEST_P(RefsGolden, DamageIsAnErrorOrOtherPlainData) {
  const std::string bytes = read_file(data_path("pickle/"s + GetParam()));
  int refused = 0;
  for (std::size_t i = 0; i < 200; ++i) {
    std::string damaged = bytes;
    const std::size_t at = i < 100 ? i : i * 7919 % bytes.size();
    damaged[at] = static_cast<char>(damaged[at] ^ static_cast<char>(1 << (i % 8)));
    try {
      read_pickle(damaged);
    } catch (const Error&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 0);
}

INSTANTIATE_TEST_SUITE_P(Pickle, RefsGolden,
                         ::testing::Values("refs(unc).p", "refs_py2_protocol0.p",
                                           "refs_py3_protocol0.p", "refs_py3_protocol2.p",
                                           "refs_py3_protocol4.p"));

struct Case {
  const char* name;
  std::string bytes;
  const char* json;
};

// Written by hand from the descriptions in CPython's Lib/pickletools.py.
const Case kCases[] = {
    {"none", "N.", "null"},
    {"booleans_of_protocol_0", "(I00\nI01\nl.", "[false, true]"},
    {"booleans_of_protocol_2", "\x80\x02\x88\x89\x86.", "[true, false]"},
    {"integers_in_decimal", "(I-7\nI9223372036854775807\nL12L\nL-3\nt.",
     "[-7, 9223372036854775807, 12, -3]"},
    {"integers_in_binary", "(K\xffM\xff\xffJ\xff\xff\xff\xffJ\x00\x00\x00\x80t."s,
     "[255, 65535, -1, -2147483648]"},
    {"long_integers",
     "(\x8a\x00\x8a\x01\xff\x8a\x02\xff\x00\x8b\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80t."s,
     "[0, -1, 255, -9223372036854775808]"},
    {"reals", "(F1.5\nF-2e-3\nG\x3f\xe0\x00\x00\x00\x00\x00\x00t."s, "[1.5, -0.002, 0.5]"},
    {"byte_string_in_quotes", "S'it\\'s \\x41\\101\\n\\q\\\\'\n.", R"("it's AA\n\\q\\")"},
    {"byte_string_in_double_quotes", "S\"it's\"\n.", R"("it's")"},
    {"byte_string_in_utf8",
     "U\x05"
     "caf\xc3\xa9.",
     R"("café")"},
    {"byte_string_in_latin1",
     "U\x04"
     "caf\xe9.",
     R"("café")"},
    {"byte_strings_with_longer_sizes",
     "(T\x01\x00\x00\x00"
     "aB\x01\x00\x00\x00"
     "bC\x01"
     "c\x8e\x01\x00\x00\x00\x00\x00\x00\x00"
     "dt."s,
     R"(["a", "b", "c", "d"])"},
    {"raw_unicode_escape", "Vcaf\xe9 \\u4e2d \\U0001f600 \\x \\\\u0041\n.",
     R"("café 中 😀 \\x \\\\u0041")"},
    {"surrogate_pair_of_narrow_python", "V\\ud83d\\ude00\n.", R"("😀")"},
    {"utf8_texts",
     "(X\x02\x00\x00\x00\xc3\xa9\x8c\x01"
     "b\x8d\x01\x00\x00\x00\x00\x00\x00\x00"
     "ct."s,
     R"(["é", "b", "c"])"},
    {"tuples", ")0K\x01\x85K\x02K\x03\x86\x86K\x04K\x05K\x06\x87\x86.",
     "[[[1], [2, 3]], [4, 5, 6]]"},
    {"empty_containers", "(]})t.", "[[], {}, []]"},
    {"appends",
     "]K\x01"
     "a(K\x02K\x03"
     "e.",
     "[1, 2, 3]"},
    {"dictionaries",
     "(S'a'\nK\x01"
     "dS'b'\nK\x02s(S'c'\nK\x03"
     "u.",
     R"({"a": 1, "b": 2, "c": 3})"},
    {"integer_keys", "}K\x07K\x01s.", R"({"7": 1})"},
    {"later_value_of_a_repeated_key_wins",
     "(S'a'\nK\x01S'b'\nK\x02U\x01"
     "aK\x03"
     "d.",
     R"({"a": 3, "b": 2})"},
    {"memo_in_text", "(lp0\nS'x'\np1\nag1\nag1\na.", R"(["x", "x", "x"])"},
    {"memo_in_binary", "(U\x01xq\x05U\x01yr\x06\x00\x00\x00h\x05j\x06\x00\x00\x00t."s,
     R"(["x", "y", "x", "y"])"},
    {"memoize_counts_entries", "\x80\x04(\x8c\x01x\x94\x8c\x01y\x94h\x00h\x01t."s,
     R"(["x", "y", "x", "y"])"},
    {"list_filled_after_it_was_remembered",
     "(]q\x00h\x00K\x01"
     "at."s,
     "[[1], [1]]"},
    {"frame", "\x80\x04\x95\x02\x00\x00\x00\x00\x00\x00\x00N."s, "null"},
    {"protocol_5", "\x80\x05N.", "null"},
    {"pop_and_duplicate",
     "K\x01K\x02"
     "02\x86.",
     "[1, 1]"},
    {"pop_of_a_mark", "K\x01(0.", "1"},
    {"pop_to_mark",
     "K\x01(K\x02K\x03"
     "1.",
     "1"},
    {"bytes_behind_the_end_are_left_alone", "N.garbage", "null"},
};

TEST(Pickle, ReadsPlainDataOfEveryProtocol) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(message_of(c.bytes), "no error");
    EXPECT_EQ(to_json(read_pickle(c.bytes)), nlohmann::json::parse(c.json));
  }
}

struct Fault {
  const char* name;
  std::string bytes;
  const char* says;
};

const Fault kFaults[] = {
    {"global", "cos\nsystem\n(S'ls'\ntR.",
     "opcode GLOBAL ('os.system') at byte 0 would import a Python object"},
    {"inst", "(ios\nsystem\n.", "opcode INST ('os.system') at byte 1 would import"},
    {"stack_global", "\x8c\x02os\x8c\x06system\x93.",
     "opcode STACK_GLOBAL at byte 12 would import"},
    {"reduce", ")N)R.", "opcode REDUCE at byte 3 would call Python code"},
    {"build", "NNb.", "opcode BUILD at byte 2 would call Python code"},
    {"obj", "(No.", "opcode OBJ"},
    {"newobj", "N)\x81.", "opcode NEWOBJ at"},
    {"newobj_ex", "N)}\x92.", "opcode NEWOBJ_EX"},
    {"persid", "Pabc\n.", "opcode PERSID at byte 0 refers to an object outside the file"},
    {"binpersid", "NQ.", "opcode BINPERSID"},
    {"ext1", "\x82\x01.", "opcode EXT1 at byte 0 stands for a registered Python class"},
    {"ext2", "\x83\x01\x01.", "opcode EXT2"},
    {"ext4", "\x84\x01\x01\x01\x01.", "opcode EXT4"},
    {"set", "\x8f.", "opcode EMPTY_SET at byte 0 makes a set"},
    {"frozenset", "(\x91.", "opcode FROZENSET"},
    {"buffer", "\x97.", "opcode NEXT_BUFFER at byte 0 makes a buffer"},
    {"byte_array", "\x96\x00\x00\x00\x00\x00\x00\x00\x00."s, "opcode BYTEARRAY8"},
    {"no_opcode", "N\x07.", "byte 0x07 at 1 is no pickle opcode"},
    {"json", "{\"a\": 1}", "is no pickle opcode"},
    {"empty", "", "the pickle is empty"},
    {"no_stop", "N", "the pickle ends after 1 bytes, before its STOP opcode"},
    {"ends_in_a_line", "I12", "the pickle ends inside a line"},
    {"newer_protocol", "\x80\x06N.", "protocol 6 is not known"},
    {"huge_text",
     "X\xff\xff\xff\x7f"
     "ab.",
     "2147483647 bytes should follow"},
    {"huge_long_text",
     "\x8d\xff\xff\xff\xff\xff\xff\xff\xff"
     "ab.",
     "bytes should follow"},
    {"huge_frame", "\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\xffN.", "a frame of"},
    {"huge_memo_number", "Nr\xff\xff\xff\xff.", "memo number 4294967295"},
    {"negative_memo_number", "Np-1\n.", "memo number"},
    {"unwritten_memo", "h\x03.", "memo number 3 is read before it is written"},
    {"large_integer", "I9223372036854775808\n.", "does not fit into 64 bits"},
    {"large_long", "\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x80\x00."s, "an integer of 9 bytes"},
    {"no_integer", "I12x\n.", "'12x' is no integer"},
    {"no_real", "Fabc\n.", "'abc' is no real number"},
    {"no_quotes", "Sabc\n.", "not in quotes"},
    {"cut_escape", "S'\\x4'\n.", "inside an escape"},
    {"wrong_escape", "S'\\xzz'\n.", "no number of base 16"},
    {"cut_unicode_escape", "V\\u12\n.", "inside an escape"},
    {"beyond_unicode", "V\\U00110000\n.", "beyond Unicode"},
    {"lone_surrogate", "V\\ud83dx\n.", "half of a surrogate pair"},
    {"text_not_utf8", "\x8c\x01\xff.", "not UTF-8"},
    {"stack_underflow", "0.", "a value is needed, but the stack is empty"},
    {"pop_below_a_mark", "]K\x01(a.", "the stack is empty"},
    {"no_mark",
     "]K\x01"
     "e.",
     "a mark is needed"},
    {"append_to_a_tuple",
     ")K\x01"
     "a.",
     "no list"},
    {"append_to_a_number",
     "K\x01K\x01"
     "a.",
     "no list"},
    {"set_item_of_a_list", "]K\x01K\x01s.", "no dictionary"},
    {"odd_items", "}(K\x01u.", "expected pairs"},
    {"list_as_key", "}]K\x01s.", "a key of a dictionary in the pickle is a list"},
    {"list_in_itself",
     "]q\x00h\x00"
     "a."s,
     "contains itself"},
    {"dictionary_in_itself_by_a_list",
     "}q\x00K\x01]h\x00"
     "as."s,
     "contains itself"},
    {"two_values", "NN.", "2 values and 0 marks"},
    {"open_mark", "N(.", "1 values and 1 marks"},
    {"nothing", ".", "0 values"},
};

TEST(Pickle, SaysWhatIsWrong) {
  for (const Fault& fault : kFaults) {
    SCOPED_TRACE(fault.name);
    EXPECT_THAT(message_of(fault.bytes), HasSubstr(fault.says));
  }
}

TEST(Pickle, RefusalsTellWhatToDo) {
  EXPECT_THAT(message_of("cos\nsystem\n."), HasSubstr("save the data again as lists"));
}

TEST(Pickle, NestsTwoHundredLevelsAndNoMore) {
  const auto nested = [](std::size_t levels) {
    return std::string(levels, ']') + std::string(levels - 1, 'a') + ".";
  };
  EXPECT_EQ(message_of(nested(200)), "no error");
  EXPECT_THAT(message_of(nested(201)), HasSubstr("deeper than 200 levels"));
  EXPECT_THAT(message_of(nested(300000)), HasSubstr("deeper than 200 levels"));
}

TEST(Pickle, CountsLevelsThroughWhatIsShared) {
  // A list of 150 levels, then 100 lists around it: each half alone would do.
  std::string bytes = "(" + std::string(150, ']') + std::string(149, 'a') + "q\x01";
  bytes += std::string(100, ']') + "h\x01" + std::string(100, 'a') + "t.";
  EXPECT_THAT(message_of(bytes), HasSubstr("deeper than 200 levels"));
}

TEST(Pickle, ListsThatDoubleAtEachLevelStayShared) {
  std::string bytes = "]q\x01";  // 2^100 leaves when written out
  for (int level = 0; level < 100; ++level) bytes += "h\x01\x86q\x01";
  const PickleValue value = read_pickle(bytes + ".");
  const PickleValue* at = &value;
  for (int level = 0; level < 100; ++level) at = &at->list()[1];
  EXPECT_TRUE(at->list().empty());
}

TEST(PickleValue, AccessorsSayWhatTheyFound) {
  const PickleValue value = read_pickle("(S'id'\nK\x07S'x'\nF0.5\nd.");
  EXPECT_EQ(value.at("id").integer(), 7);
  EXPECT_EQ(value.at("id").real(), 7.0);
  EXPECT_EQ(value.at("x").real(), 0.5);
  EXPECT_EQ(value.find("name"), nullptr);
  const auto says = [](const auto& access) {
    try {
      access();
    } catch (const Error& error) {
      return error.message();
    }
    return "no error"s;
  };
  EXPECT_EQ(says([&] { value.at("name"); }), "a dictionary has no key 'name'");
  EXPECT_EQ(says([&] { value.at("id").text(); }), "found an integer, expected a text");
  EXPECT_EQ(says([&] { value.at("x").integer(); }), "found a real number, expected an integer");
  EXPECT_EQ(says([&] { value.list(); }), "found a dictionary, expected a list");
  EXPECT_EQ(says([&] { PickleValue().boolean(); }), "found None, expected a boolean");
}

TEST(PickleFile, ErrorsNameTheFile) {
  const TemporaryFolder folder;
  write_file_atomically(folder / "refs.p", "cos\nsystem\n.");
  try {
    read_pickle_file(folder / "refs.p");
    FAIL() << "a GLOBAL was taken";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr((folder / "refs.p").string()));
  }
  EXPECT_THROW(read_pickle_file(folder / "absent.p"), Error);
}

}  // namespace
}  // namespace sightline
