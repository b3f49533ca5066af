#include "harness/demo/pickle.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sightline::demo {
namespace {

using Json = nlohmann::ordered_json;
using namespace std::string_literals;

struct Case {
  std::string json, pickle;
};

// Bytes as Python's pickletools describes the opcodes of protocol 2; each was loaded with Python 3.
const Case kCases[] = {
    {"null", "\x80\x02N."s},
    {"true", "\x80\x02\x88."s},
    {"false", "\x80\x02\x89."s},
    {"7", "\x80\x02J\x07\0\0\0."s},
    {"-2", "\x80\x02J\xFE\xFF\xFF\xFF."s},
    {"4294967296", "\x80\x02\x8A\x08\0\0\0\0\x01\0\0\0."s},
    {"18446744073709551615", "\x80\x02\x8A\x09\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\0."s},
    {"0.5", "\x80\x02G\x3F\xE0\0\0\0\0\0\0."s},
    {"\"star\"", "\x80\x02X\x04\0\0\0star."s},
    {"[]", "\x80\x02]."s},
    {"{}", "\x80\x02}."s},
    {"[1, \"a\"]", "\x80\x02](J\x01\0\0\0X\x01\0\0\0ae."s},
    {"{\"b\": 1, \"a\": []}", "\x80\x02}(X\x01\0\0\0bJ\x01\0\0\0X\x01\0\0\0a]u."s},
};

TEST(ToPickle, WritesProtocolTwo) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.json);
    EXPECT_EQ(to_pickle(Json::parse(c.json)), c.pickle);
  }
}

}  // namespace
}  // namespace sightline::demo
