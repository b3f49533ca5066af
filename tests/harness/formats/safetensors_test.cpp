#include "harness/formats/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "tests/support/damage.h"
#include "tests/support/errors.h"
#include "tests/support/paths.h"
#include "tests/support/safetensors.h"

namespace sightline {
namespace {

using ::testing::ElementsAre;
using testing::error_of;
using ::testing::HasSubstr;
using testing::refusals_of_damage;
using testing::shared_path;
using testing::TemporaryFolder;
using testing::write_quickly;
using namespace std::string_literals;

TensorTable read(const std::filesystem::path& path) {
  return read_safetensors(std::make_shared<const MappedFile>(path));
}

std::string file_of(const std::string& header, std::size_t data) {
  const std::uint64_t size = header.size();
  std::string bytes(sizeof size, '\0');
  std::memcpy(bytes.data(), &size, sizeof size);
  return bytes + header + std::string(data, '\1');
}

struct Case {
  const char* name;
  std::string bytes;
  const char* says;
};

const Case kFaults[] = {
    {"empty", "", "ends after 0 bytes"},
    {"no_header_size", "\x08\0\0\0"s, "ends after 4 bytes"},
    {"header_beyond_the_file", "\x08\0\0\0\0\0\0\0{}"s, "8 bytes, but the file ends after 10"},
    {"huge_header", "\xff\xff\xff\xff\xff\xff\xff\x7f{}"s, "more than the 100000000"},
    {"header_over_the_limit", "\x01\xe1\xf5\x05\0\0\0\0{}"s, "100000001 bytes, more than"},
    {"empty_header", file_of("", 0), "does not begin with '{'"},
    {"no_object", file_of("[1]", 0), "does not begin with '{'"},
    {"no_json", file_of("{\"a\": }", 0), "tensor 'a'"},
    {"open_object", file_of("{\"a\":{", 0), "JSON"},
    {"two_objects", file_of("{}{}", 0), "more follows"},
    {"no_utf8", file_of("{\"\xff\":{}}", 0), "no JSON"},
    {"entry_no_object", file_of(R"({"a":1})", 0), "the entry"},
    {"no_dtype", file_of(R"({"a":{"shape":[],"data_offsets":[0,1]}})", 1), "a field is missing"},
    {"no_shape", file_of(R"({"a":{"dtype":"U8","data_offsets":[0,1]}})", 1), "a field is missing"},
    {"no_offsets", file_of(R"({"a":{"dtype":"U8","shape":[]}})", 1), "a field is missing"},
    {"unknown_dtype", file_of(R"({"a":{"dtype":"F7","shape":[1],"data_offsets":[0,1]}})", 1),
     "reading tensor 'a'"},
    {"dtype_no_text", file_of(R"({"a":{"dtype":8,"shape":[1],"data_offsets":[0,1]}})", 1),
     "the dtype"},
    {"negative_size", file_of(R"({"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}})", 1),
     "the shape"},
    {"real_size", file_of(R"({"a":{"dtype":"U8","shape":[1.5],"data_offsets":[0,1]}})", 1),
     "the shape"},
    {"size_beyond_63_bits",
     file_of(R"({"a":{"dtype":"U8","shape":[9223372036854775808],"data_offsets":[0,1]}})", 1),
     "the shape has a size of 9223372036854775808"},
    {"product_overflows",
     file_of(R"({"a":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", 0),
     "do not make"},
    {"bytes_overflow",
     file_of(R"({"a":{"dtype":"F64","shape":[2305843009213693952],"data_offsets":[0,0]}})", 0),
     "do not make"},
    {"one_offset", file_of(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[1]}})", 1),
     "has 1 numbers, want 2"},
    {"three_offsets", file_of(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1,1]}})", 1),
     "has 3 numbers, want 2"},
    {"offsets_backwards", file_of(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[1,0]}})", 1),
     "ends before it begins"},
    {"out_of_the_file", file_of(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})", 1),
     "the file is cut"},
    {"begins_out_of_the_file",
     file_of(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[7,9]}})", 1), "lies outside"},
    {"size_does_not_fit", file_of(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", 4),
     "its shape [2] and dtype F32 do not make"},
    {"half_a_number", file_of(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,5]}})", 5),
     "do not make"},
    {"gap_at_the_begin", file_of(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})", 2),
     "leaves a gap"},
    {"gap",
     file_of(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},
                        "b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}})",
             3),
     "tensor 'b' (bytes 2 to 3) leaves a gap"},
    {"overlap",
     file_of(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},
                            "b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})",
             3),
     "tensor 'b' (bytes 1 to 3) overlaps"},
    {"more_data", file_of(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 2),
     "end at byte 1 of the data, but 2 are there"},
    {"name_twice",
     file_of(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},
                               "a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})",
             2),
     "'a' stands twice"},
    {"field_twice",
     file_of(R"({"a":{"dtype":"U8","dtype":"I8","shape":[1],"data_offsets":[0,1]}})", 1),
     "'dtype' stands twice"},
    {"metadata_no_texts", file_of(R"({"__metadata__":{"a":1}})", 0), "__metadata__"},
};

TEST(Safetensors, SaysWhatIsWrong) {
  const TemporaryFolder folder;
  for (const Case& fault : kFaults) {
    SCOPED_TRACE(fault.name);
    write_quickly(folder / "bad.safetensors", fault.bytes);
    const std::string message = error_of([&] { read(folder / "bad.safetensors"); });
    EXPECT_THAT(message, HasSubstr(fault.says));
    EXPECT_THAT(message, HasSubstr("bad.safetensors"));
  }
}

TEST(Safetensors, ReadsWhatTheReferenceAllows) {
  const TemporaryFolder folder;
  // Spaces behind the header, tensors out of order, empty and scalar ones, unknown fields.
  write_quickly(folder / "odd.safetensors",
                file_of(R"({"b":{"data_offsets":[2,4],"dtype":"I16","shape":[],"more":[1,{}]},
                            "__metadata__":{"format":"pt","e":"\u00e9"},
                            "none":{"dtype":"F64","shape":[0,9],"data_offsets":[2,2]},
                            "\u0061":{"dtype":"U8","shape":[2,1],"data_offsets":[0,2]}}  )",
                        4));
  const TensorTable table = read(folder / "odd.safetensors");
  ASSERT_EQ(table.tensors.size(), 3U);
  EXPECT_EQ(table.tensors[0].name, "a");
  EXPECT_THAT(table.tensors[0].view.shape, ElementsAre(2, 1));
  EXPECT_THAT(table.tensors[0].view.values<std::uint8_t>(), ElementsAre(1, 1));
  EXPECT_EQ(table.tensors[1].name, "none");
  EXPECT_EQ(table.tensors[1].view.elements(), 0U);
  EXPECT_EQ(table.tensors[2].name, "b");
  EXPECT_THAT(table.tensors[2].view.values<std::int16_t>(), ElementsAre(0x0101));
  EXPECT_EQ(table.metadata.at("e"), "é");
  EXPECT_EQ(error_of([&] { table.tensors[2].view.values<float>(); }),
            "found numbers of dtype I16, expected F32");
}

const std::vector<double> kDoubles = {1.5, -2, 1e300};
const std::vector<std::uint8_t> kBytes = {1, 2, 3, 4, 5, 6};

std::vector<NamedTensor> small_tensors() {
  return {{"bytes \"é\"", view_of<std::uint8_t>(kBytes, {2, 3})},
          {"doubles", view_of<double>(kDoubles, {3})},
          {"nothing", view_of<float>({}, {0, 4})}};
}

TEST(Safetensors, WritesWhatItReads) {
  const TemporaryFolder folder;
  const auto path = folder / "w.safetensors";
  write_safetensors(path, small_tensors(), {{"format", "pt"}});
  const TensorTable table = read(path);
  ASSERT_EQ(table.tensors.size(), 3U);
  // Wide numbers first: every tensor lies at a multiple of its size.
  EXPECT_EQ(table.tensors[0].name, "doubles");
  EXPECT_EQ(table.tensors[0].view.values<double>(), kDoubles);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(table.tensors[0].view.bytes.data()) % 8, 0U);
  EXPECT_EQ(table.tensors[1].name, "nothing");
  EXPECT_EQ(table.tensors[2].name, "bytes \"é\"");
  EXPECT_THAT(table.tensors[2].view.shape, ElementsAre(2, 3));
  EXPECT_EQ(table.tensors[2].view.values<std::uint8_t>(), kBytes);
  EXPECT_EQ(table.metadata.at("format"), "pt");
}

TEST(Safetensors, WriterRefusesWhatNoReaderTakes) {
  const TemporaryFolder folder;
  const auto message = [&](const std::vector<NamedTensor>& tensors) {
    return error_of([&] { write_safetensors(folder / "w", tensors); });
  };
  const TensorView bytes = view_of<std::uint8_t>(kBytes, {6});
  EXPECT_THAT(message({{"a", bytes}, {"a", bytes}}), HasSubstr("'a' cannot be the name"));
  EXPECT_THAT(message({{"__metadata__", bytes}}), HasSubstr("cannot be the name"));
  EXPECT_THAT(message({{"\xff", bytes}}), HasSubstr("not UTF-8"));
  EXPECT_THAT(message({{"a", {DType::kF32, {2}, bytes.bytes}}}), HasSubstr("6 bytes for a tensor"));
  EXPECT_THAT(error_of([&] {
                write_safetensors(folder / "w", {}, {{"a", "\xff"}});
              }),
              HasSubstr("the metadata 'a' are not UTF-8"));
  EXPECT_THAT(error_of([] { view_of<std::uint8_t>(kBytes, {7}); }), HasSubstr("shape [7]"));
  EXPECT_FALSE(std::filesystem::exists(folder / "w"));
}

TEST(Safetensors, DamageIsAnErrorOrOtherTensors) {
  const TemporaryFolder folder;
  const auto path = folder / "d.safetensors";
  write_safetensors(path, small_tensors(), {{"format", "pt"}});
  const int refused = refusals_of_damage(read_file(path), [](const auto& file) {
    for (const NamedTensor& tensor : read(file).tensors) require_size(tensor.view);
  });
  EXPECT_GT(refused, 300);
}

TEST(Safetensors, EqualsASimpleReaderOnAllGoldens) {
  SIGHTLINE_NEED_SHARED("goldens/models");
  int files = 0;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(shared_path("goldens/models"))) {
    if (entry.path().extension() != ".safetensors") continue;
    SCOPED_TRACE(entry.path());
    ++files;
    const TensorTable table = read(entry.path());
    const auto want = testing::read_safetensors(entry.path());
    ASSERT_EQ(table.tensors.size(), want.size());
    for (const NamedTensor& tensor : table.tensors) {
      const auto& stored = want.at(tensor.name);
      EXPECT_EQ(name_of(tensor.view.dtype), stored.dtype);
      EXPECT_TRUE(std::ranges::equal(tensor.view.shape, stored.shape, [](auto a, auto b) {
        return std::cmp_equal(a, b);
      })) << tensor.name;
      EXPECT_TRUE(std::ranges::equal(tensor.view.bytes, std::as_bytes(std::span(stored.bytes))))
          << tensor.name;
    }
  }
  EXPECT_GT(files, 50);
}

}  // namespace
}  // namespace sightline
