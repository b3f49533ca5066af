// RefCOCO's pickles with contents that do not fit. How pickles are read: pickle_test.cpp.

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/support/bad_json.h"
#include "tests/tasks/support.h"

namespace sightline {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::open_task;
using testing::write_text;

const json kRefs = {{{"ref_id", 17},
                     {"split", "val"},
                     {"image_id", 7},
                     {"ann_id", 1},
                     {"sentences", {{{"sent_id", 100}, {"sent", "left cat"}}}}},
                    {{"ref_id", 18},
                     {"split", "val"},
                     {"image_id", 7},
                     {"ann_id", 2},
                     {"sentences", {{{"sent_id", 102}, {"sent", "cats"}}}}}};

constexpr const char* kInstances = R"({
  "images": [{"id": 7, "file_name": "a.jpg", "width": 64, "height": 48}],
  "annotations": [
    {"id": 1, "image_id": 7, "category_id": 1, "bbox": [1, 2, 3, 4], "area": 12},
    {"id": 2, "image_id": 7, "category_id": 1, "bbox": [1, 2, 3, 4], "area": 12}],
  "categories": [{"id": 1, "name": "cat"}]})";

void open_refs(const std::filesystem::path& refs) {
  const auto instances = refs.parent_path() / "instances.json";
  write_text(instances, kInstances);
  open_task("refcoco_val", {.annotations = instances, .refs = refs});
}

/// A pickle (protocol 0) of plain data.
std::string to_pickle(const json& value) {
  std::string bytes;
  if (value.is_object()) {
    bytes = "(";
    for (const auto& [key, item] : value.items()) bytes += "S'" + key + "'\n" + to_pickle(item);
    return bytes + "d";
  }
  if (value.is_array()) {
    bytes = "(";
    for (const json& item : value) bytes += to_pickle(item);
    return bytes + "l";
  }
  if (value.is_string()) return "V" + value.get<std::string>() + "\n";
  if (value.is_number_integer()) return "I" + value.dump() + "\n";
  return value.is_number() ? "F" + value.dump() + "\n" : "N";
}

TEST(RefsPickle, ErrorsNameFileRefAndField) {
  const testing::TemporaryFolder folder;
  const auto error_for = [&](const json& refs) {
    write_text(folder / "refs(unc).p", to_pickle(refs) + ".");
    return testing::error_of([&] { open_refs(folder / "refs(unc).p"); });
  };
  EXPECT_EQ(error_for(kRefs), "no error");
  const std::pair<std::string, std::string> fields[] = {
      {"/1", "ref_id"},          {"/1", "split"},     {"/1", "image_id"},
      {"/1", "ann_id"},          {"/1", "sentences"}, {"/1/sentences/0", "sent_id"},
      {"/1/sentences/0", "sent"}};
  for (const auto& [record, name] : fields) {
    SCOPED_TRACE(name);
    std::vector<json> wrong = {nullptr, 1.5, json::object()};
    json refs = kRefs;
    for (const json& value : wrong) {
      refs[json::json_pointer(record)][name] = value;
      EXPECT_THAT(error_for(refs),
                  AllOf(HasSubstr("refs(unc).p"), HasSubstr("ref 2"), HasSubstr("'" + name + "'")))
          << value;
    }
    refs[json::json_pointer(record)].erase(name);
    EXPECT_THAT(error_for(refs), HasSubstr("'" + name + "'"));
  }
  EXPECT_THAT(error_for(json::object()), HasSubstr("expected a list"));
}

TEST(RefsPickle, MustHoldAList) {
  const testing::TemporaryFolder folder;
  for (const std::string bytes : {"N.", "(d.", "I1\n.", ""}) {
    write_text(folder / "refs(unc).p", bytes);
    EXPECT_THAT(testing::error_of([&] { open_refs(folder / "refs(unc).p"); }),
                HasSubstr("refs(unc).p"));
  }
}

}  // namespace
}  // namespace sightline
