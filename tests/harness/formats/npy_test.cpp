// Arrays are written by tests/data/formats/make_arrays.py: they hold 0, 1, 2, ... in C order.

#include "harness/formats/npy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "harness/formats/npy_header.h"
#include "harness/formats/number_conversion.h"
#include "tests/support/damage.h"
#include "tests/support/errors.h"
#include "tests/support/paths.h"

namespace sightline {
namespace {

using testing::data_path;
using ::testing::ElementsAre;
using testing::error_of;
using ::testing::HasSubstr;
using testing::refusals_of_damage;
using testing::TemporaryFolder;
using testing::write_quickly;
using namespace std::string_literals;

NpyArray open(const std::string& name) {
  return open_npy(data_path("formats/array_" + name + ".npy"));
}

template <typename T>
void expect_counted(const std::string& name, const std::vector<std::int64_t>& shape) {
  SCOPED_TRACE(name);
  const NpyArray array = open(name);
  EXPECT_EQ(array.shape(), shape);
  std::vector<T> want(array.view().elements());
  std::iota(want.begin(), want.end(), T{0});
  EXPECT_TRUE(std::ranges::equal(array.values<T>(), want));
}

TEST(Npy, ReadsEveryDType) {
  const std::vector<std::int64_t> shape = {2, 3};
  expect_counted<std::uint8_t>("u1", shape);
  expect_counted<std::int8_t>("i1", shape);
  expect_counted<std::uint16_t>("u2", shape);
  expect_counted<std::int16_t>("i2", shape);
  expect_counted<std::uint32_t>("u4", shape);
  expect_counted<std::int32_t>("i4", shape);
  expect_counted<std::uint64_t>("u8", shape);
  expect_counted<std::int64_t>("i8", shape);
  expect_counted<float>("f4", shape);
  expect_counted<double>("f8", shape);
  EXPECT_THAT(open("b1").values<bool>(), ElementsAre(false, true, true, true, true, true));
  EXPECT_EQ(open("c8").dtype(), DType::kC64);
  EXPECT_EQ(open("f2").dtype(), DType::kF16);
  EXPECT_THAT(open("f2").to_doubles(), ElementsAre(0, 1, 2, 3, 4, 5));
}

TEST(Npy, ReadsEveryVersionAndLayout) {
  expect_counted<float>("v2", {2, 3});
  expect_counted<float>("v3", {2, 3});
  expect_counted<std::int32_t>("fortran", {2, 3, 4});
  expect_counted<std::int32_t>("python2", {2});
  expect_counted<std::int64_t>("vector", {4});
  expect_counted<float>("empty", {0, 3});
  EXPECT_THAT(open("scalar").values<double>(), ElementsAre(7.5));
}

TEST(Npy, RowsAreTheEntriesOfTheFirstAxis) {
  const NpyArray array = open("fortran");
  EXPECT_EQ(array.rows(), 2U);
  EXPECT_EQ(array.row<std::int32_t>(1).size(), 12U);
  EXPECT_EQ(array.row<std::int32_t>(1)[0], 12);
  open("u1").forget_rows(0, 2);
  EXPECT_THAT(error_of([&] { array.row<std::int32_t>(2); }), HasSubstr("has no row 2, it has 2"));
  EXPECT_THAT(error_of([&] { open("empty").row<float>(0); }), HasSubstr("has no row 0"));
  EXPECT_THAT(error_of([&] { open("scalar").rows(); }), HasSubstr("is a single number"));
}

TEST(Npy, SaysWhatDoesNotFit) {
  EXPECT_THAT(error_of([&] { open("u1").values<float>(); }),
              HasSubstr("array_u1.npy holds numbers of dtype U8, want F32"));
  EXPECT_THAT(error_of([&] { open("u1").require_rank(4, "[N, H, W, 3]"); }),
              HasSubstr("has the shape [2, 3], want [N, H, W, 3]"));
  EXPECT_THAT(error_of([&] { open("c8").to_doubles(); }), HasSubstr("of dtype C64 are not"));
  EXPECT_THAT(error_of([&] { open("b1").to_doubles(); }), HasSubstr("of dtype BOOL are not"));
  EXPECT_THAT(error_of([&] { open("absent"); }), HasSubstr("cannot open"));
}

std::string npy_of(const std::string& header, const std::string& numbers = "") {
  std::string bytes = "\x93NUMPY\1\0"s;
  bytes += static_cast<char>(header.size());
  bytes += '\0';
  return bytes + header + numbers;
}

struct Fault {
  const char* name;
  std::string bytes;
  const char* says;
};

const Fault kFaults[] = {
    {"empty", "", "no .npy file"},
    {"other_file", "PK\3\4", "no .npy file"},
    {"magic_alone", "\x93NUMPY", "ends inside its header"},
    {"version_0", "\x93NUMPY\0\0\0\0\0\0"s, "version 0"},
    {"version_4", "\x93NUMPY\4\0\0\0\0\0"s, "version 4"},
    {"header_beyond_the_file", "\x93NUMPY\1\0\xff\xff  "s, "header of 65535 bytes"},
    {"huge_header", "\x93NUMPY\2\0\xff\xff\xff\xff  "s, "header of 4294967295 bytes"},
    {"empty_header", npy_of("    "), "want '{'"},
    {"no_dictionary", npy_of("[1]"), "want '{'"},
    {"open_dictionary", npy_of("{'descr': '<f4'"), "want ','"},
    {"open_text", npy_of("{'descr"), "a text does not end"},
    {"lacks_a_key", npy_of("{'descr': '<f4', 'shape': (1,)}"), "lacks descr"},
    {"key_twice", npy_of("{'descr': '<f4', 'descr': '<f4'}"), "the key 'descr'"},
    {"other_key", npy_of("{'order': '<f4'}"), "the key 'order'"},
    {"order_no_boolean", npy_of("{'fortran_order': 1}"), "neither True nor False"},
    {"shape_no_tuple", npy_of("{'shape': 3}"), "want '('"},
    {"negative_size", npy_of("{'shape': (-3,)}"), "a size of its shape"},
    {"huge_size", npy_of("{'shape': (99999999999999999999,)}"), "a size of its shape"},
    {"more_behind", npy_of("{'descr':'|u1','fortran_order':False,'shape':()} 7"), "more follows"},
    {"descr_no_text", npy_of("{'descr': 4}"), "want a text in quotes"},
    {"descr_empty", npy_of("{'descr': ''}"), "dtype '' is not read"},
    {"descr_unknown", npy_of("{'descr': '<f3'}"), "dtype '<f3' is not read"},
    {"descr_native", npy_of("{'descr': '=f4'}"), "big-endian"},
    {"object", npy_of("{'descr': '|O'}"), "Python objects"},
    {"shape_overflows",
     npy_of("{'descr':'<f8','fortran_order':False,'shape':(4294967296,4294967296)}"), "too large"},
    {"bytes_overflow",
     npy_of("{'descr':'<f8','fortran_order':False,'shape':(4611686018427387904,)}"), "too large"},
    {"cut", npy_of("{'descr':'<f4','fortran_order':False,'shape':(2,)}", "1234567"),
     "ends after 7 of the 8 bytes"},
    {"too_long", npy_of("{'descr':'|u1','fortran_order':False,'shape':(2,)}", "123"),
     "1 bytes follow behind"},
};

TEST(Npy, SaysWhatIsDamaged) {
  const TemporaryFolder folder;
  for (const Fault& fault : kFaults) {
    SCOPED_TRACE(fault.name);
    write_quickly(folder / "bad.npy", fault.bytes);
    const std::string message = error_of([&] { open_npy(folder / "bad.npy"); });
    EXPECT_THAT(message, HasSubstr(fault.says));
    EXPECT_THAT(message, HasSubstr("bad.npy"));
  }
}

TEST(Npy, RefusesWhatIsNoPlainNumber) {
  const auto message = [](const std::string& name) {
    return error_of([&] { open_npy(data_path("formats/bad_" + name + ".npy")); });
  };
  EXPECT_THAT(message("big_endian"),
              HasSubstr("big-endian ('>f4'): save them again as astype('<f4')"));
  EXPECT_THAT(message("text"), HasSubstr("dtype '<U1' is not read"));
  EXPECT_THAT(message("structure"), HasSubstr("structures of several fields"));
  EXPECT_THAT(message("object"), HasSubstr("Python objects, which are not read, for safety"));
}

TEST(Npy, DamageIsAnErrorOrAnotherArray) {
  for (const char* name : {"array_f4", "array_fortran", "array_v2"}) {
    const std::string bytes = read_file(data_path("formats/"s + name + ".npy"));
    const int refused =
        refusals_of_damage(bytes, [](const auto& path) { require_size(open_npy(path).view()); });
    EXPECT_GT(refused, 200) << name;
  }
}

TEST(Npy, WritesTheBytesThatNumpyWrites) {
  const TemporaryFolder folder;
  for (const char* name : {"array_u1", "array_f2", "array_f4", "array_i8", "array_b1", "array_c8",
                           "array_scalar", "array_vector", "array_empty"}) {
    const auto path = data_path("formats/"s + name + ".npy");
    write_npy(folder / "w.npy", open_npy(path).view());
    EXPECT_EQ(read_file(folder / "w.npy"), read_file(path)) << name;
  }
  EXPECT_THAT(error_of([] { make_npy_header(DType::kBF16, {}); }), HasSubstr("no dtype for BF16"));
}

TEST(Npy, HalvesOfAllBitsAreExact) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    // The definition: sign, exponent less 15, fraction of 10 bits.
    const int exponent = bits >> 10 & 31, fraction = bits & 1023;
    double want =
        exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
    if (exponent == 31) want = fraction == 0 ? INFINITY : NAN;
    if ((bits & 0x8000U) != 0) want = -want;
    const double got = float_of_half(static_cast<std::uint16_t>(bits));
    ASSERT_EQ(std::signbit(got), std::signbit(want)) << bits;
    ASSERT_TRUE(got == want || (std::isnan(got) && std::isnan(want))) << bits;
  }
}

}  // namespace
}  // namespace sightline
