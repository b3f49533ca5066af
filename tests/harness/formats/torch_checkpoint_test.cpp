// Checkpoints are written by tests/data/formats/make_checkpoints.py, which also says what they
// hold.

#include "harness/formats/torch_checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "harness/base/rng.h"
#include "harness/formats/strided.h"
#include "harness/formats/zip.h"
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
using namespace std::string_literals;

std::string hex(std::span<const std::byte> bytes) {
  std::string text;
  for (const std::byte byte : bytes) text += fmt::format("{:02x}", std::to_integer<int>(byte));
  return text;
}

class GoodCheckpoint : public ::testing::TestWithParam<const char*> {};

TEST_P(GoodCheckpoint, HoldsWhatWasSaved) {
  const auto all = nlohmann::json::parse(read_file(data_path("formats/checkpoints.json")));
  const auto& want = all.at(GetParam());
  const TensorFile file =
      open_tensor_file(data_path("formats/"s + GetParam()), {.verify_checksums = true});
  std::size_t tensors = 0;
  for (const auto& [name, leaf] : want.items()) {
    SCOPED_TRACE(name);
    if (leaf.is_null()) {
      EXPECT_EQ(std::ranges::count(file.others(), name), 1);
      continue;
    }
    ++tensors;
    const TensorView& view = file.at(name);
    EXPECT_EQ(name_of(view.dtype), leaf.at("dtype"));
    EXPECT_EQ(view.shape, leaf.at("shape").get<std::vector<std::int64_t>>());
    EXPECT_EQ(hex(view.bytes), leaf.at("hex"));
  }
  EXPECT_EQ(file.names().size(), tensors);
}

INSTANTIATE_TEST_SUITE_P(TorchCheckpoint, GoodCheckpoint,
                         ::testing::Values("state_dict.pt", "state_dict_protocol4.pt",
                                           "training.pth", "parameters.bin", "bare.pt", "old.pt",
                                           "deflated.pt"));

TEST(TorchCheckpoint, OnePartOfATrainingCheckpoint) {
  const auto path = data_path("formats/training.pth");
  const TensorFile ema = open_tensor_file(path, {.prefix = "model_ema_state_dict"});
  EXPECT_THAT(ema.names(), ElementsAre("encoder.weight"));
  EXPECT_THAT(ema.at("encoder.weight").values<float>(), ElementsAre(0, 0.5, 1, 1.5));
  EXPECT_TRUE(ema.others().empty());
  const TensorFile groups = open_tensor_file(path, {.prefix = "optimizer.state."});
  EXPECT_THAT(groups.names(), ElementsAre("0.exp_avg"));
  EXPECT_THAT(groups.others(), ElementsAre("0.step"));
  EXPECT_THAT(error_of([&] { open_tensor_file(path, {.prefix = "model_ema_statedict"}); }),
              HasSubstr("no tensor under 'model_ema_statedict'; did you mean "
                        "'model_ema_state_dict'?; names begin with: model_ema_state_dict, "
                        "model_state_dict, optimizer"));
}

TEST(TorchCheckpoint, TiedTensorsShareTheirBytes) {
  const TensorFile file = open_tensor_file(data_path("formats/state_dict.pt"));
  EXPECT_EQ(file.at("tied.a").bytes.data(), file.at("tied.b").bytes.data());
  // As PyTorch's writer places storages: at multiples of 64 bytes.
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(file.at("encoder.weight").bytes.data()) % 64, 0U);
}

struct Fault {
  const char* file;
  const char* says;
};

const Fault kFaults[] = {
    {"bad_call.pt", "('posix.system')"},
    {"bad_call.pt", "nothing in it is run, for safety"},
    {"bad_namespace.pt", "('argparse.Namespace')"},
    {"bad_byteorder.pt", "its byte order is 'big', want 'little'"},
    {"bad_script.pt", "it is a TorchScript archive"},
    {"bad_legacy.pt", "in the format of before PyTorch 1.6"},
};

TEST(TorchCheckpoint, SaysWhatItRefuses) {
  for (const Fault& fault : kFaults) {
    SCOPED_TRACE(fault.file);
    const std::string message =
        error_of([&] { open_tensor_file(data_path("formats/"s + fault.file)); });
    EXPECT_THAT(message, HasSubstr(fault.says));
    EXPECT_THAT(message, HasSubstr(fault.file));
  }
}

TEST(TorchCheckpoint, DamageIsAnErrorOrOtherTensors) {
  for (const char* name : {"training.pth", "parameters.bin", "deflated.pt"}) {
    SCOPED_TRACE(name);
    const std::string bytes = read_file(data_path("formats/"s + name));
    const int refused = refusals_of_damage(bytes, [](const auto& path) {
      const TensorFile file = open_tensor_file(path);
      for (const std::string& tensor : file.names()) require_size(file.at(tensor));
    });
    EXPECT_GT(refused, 500);
  }
}

/// A checkpoint of one storage ("0", 4 bytes) with this pickle.
std::filesystem::path write_checkpoint(const TemporaryFolder& folder, const std::string& pickle) {
  const auto path = folder / "made.pt";
  ZipWriter archive(path);
  const std::string_view content[] = {pickle};
  archive.add("made/data.pkl", content);
  const std::string_view storage[] = {"\1\2\3\4"};
  archive.add("made/data/0", storage);
  archive.commit();
  return path;
}

/// A tensor of bytes in protocol 0; the arguments are tuples of integers.
std::string tensor_pickle(const std::string& offset, const std::string& shape,
                          const std::string& strides, const std::string& count = "4",
                          const std::string& key = "0") {
  const auto tuple = [](const std::string& numbers) {
    std::string text = "(";
    for (const char digit : numbers) text += "I"s + digit + "\n";
    return text + "t";
  };
  return "ctorch._utils\n_rebuild_tensor_v2\n((S'storage'\nctorch\nByteStorage\nS'" + key +
         "'\nS'cpu'\nI" + count + "\ntQI" + offset + "\n" + tuple(shape) + tuple(strides) +
         "I00\nNtR.";
}

struct Layout {
  const char* name;
  std::string pickle, says;
};

const Layout kLayouts[] = {
    {"whole", tensor_pickle("0", "22", "21"), "no error"},
    {"last", tensor_pickle("3", "1", "1"), "no error"},
    {"empty_far_away", tensor_pickle("99", "0", "1"), "no error"},
    {"behind_the_end", tensor_pickle("4", "1", "1"), "lead out of its storage of 4"},
    {"too_long", tensor_pickle("0", "5", "1"), "lead out of its storage"},
    {"strides_too_large", tensor_pickle("0", "22", "31"), "lead out of its storage"},
    {"negative_offset", tensor_pickle("-1", "1", "1"), "do not fit together"},
    {"other_rank", tensor_pickle("0", "22", "1"), "do not fit together"},
    {"offset_overflows", tensor_pickle("9223372036854775807", "2", "1"), "is too large"},
    {"repeats_too_often", tensor_pickle("0", "999999999999", "000000000000"), "too often"},
    {"wrong_count", tensor_pickle("0", "1", "1", "5"), "has 4 bytes, expected 5 numbers of 1"},
    {"missing_storage", tensor_pickle("0", "1", "1", "4", "1"), "no member 'made/data/1'"},
    {"tensor_without_arguments", "ctorch._utils\n_rebuild_tensor_v2\n(tR.", "0 arguments"},
    {"tensor_of_a_number", "ctorch._utils\n_rebuild_tensor_v2\n(I1\nI0\n(t(tI00\nNtR.",
     "found an integer"},
    {"called_text", "S'os.system'\n(tR.", "what is called is no function"},
    {"called_on_a_list", "ccollections\nOrderedDict\n(lR.", "the arguments are no tuple"},
    {"state_of_a_list", "(lNb.", "what is given a state is no object"},
    {"inst", "(ios\nsystem\n.", "opcode INST ('os.system')"},
    {"new_object", "ccollections\nOrderedDict\n)\x81.", "opcode NEWOBJ"},
    {"name_of_numbers", "K\x01K\x02\x93.", "a name is needed"},
    {"stack_global", "\x8c\x02os\x8c\x06system\x93.", "opcode STACK_GLOBAL ('os.system')"},
    {"nearly_allowed", "ctorch\nload\n.", "opcode GLOBAL ('torch.load')"},
};

TEST(TorchCheckpoint, ChecksWhereTensorsLie) {
  const TemporaryFolder folder;
  for (const Layout& layout : kLayouts) {
    SCOPED_TRACE(layout.name);
    const auto path = write_checkpoint(folder, layout.pickle);
    EXPECT_THAT(error_of([&] { open_tensor_file(path); }), HasSubstr(layout.says));
  }
}

TEST(TorchCheckpoint, SharedListsThatStandForTooMuchAreRefused) {
  const TemporaryFolder folder;
  std::string pickle = "]q\x01";
  for (int level = 0; level < 60; ++level) pickle += "h\x01\x86q\x01";
  const auto path = write_checkpoint(folder, pickle + ".");
  EXPECT_THAT(error_of([&] { open_tensor_file(path); }), HasSubstr("hold too many values"));
}

TEST(TorchCheckpoint, NamesThatCollideAreRefused) {
  const TemporaryFolder folder;
  std::string tensor = tensor_pickle("0", "4", "1");
  tensor.pop_back();  // STOP
  const auto path =
      write_checkpoint(folder, "(S'a.b'\n" + tensor + "S'a'\n(S'b'\n" + tensor + "dd.");
  EXPECT_THAT(error_of([&] { open_tensor_file(path); }), HasSubstr("two tensors 'a.b'"));
}

TEST(Strided, GatherEqualsIndexingOneByOne) {
  Rng rng(7);
  for (int round = 0; round < 300; ++round) {
    StridedLayout layout;
    layout.offset = rng.between(0, 5);
    for (int axis = rng.between(0, 4); axis > 0; --axis) {
      layout.shape.push_back(rng.between(0, 4));
      layout.strides.push_back(rng.between(0, 9));
    }
    const std::size_t reach = reach_of(layout);
    std::vector<std::uint16_t> storage(reach);
    for (auto& number : storage) number = static_cast<std::uint16_t>(rng.next());
    std::vector<std::uint16_t> want;
    const std::size_t count = *element_count(layout.shape);
    for (std::size_t i = 0; i < count; ++i) {
      std::int64_t at = layout.offset;
      auto rest = static_cast<std::int64_t>(i);
      for (std::size_t axis = layout.shape.size(); axis-- > 0;) {
        at += rest % layout.shape[axis] * layout.strides[axis];
        rest /= layout.shape[axis];
      }
      want.push_back(storage[static_cast<std::size_t>(at)]);
    }
    const auto got = gather(std::as_bytes(std::span(storage)), layout, 2);
    EXPECT_TRUE(std::ranges::equal(got, std::as_bytes(std::span(want))))
        << shape_text(layout.shape) << shape_text(layout.strides);
    if (count > 0 && is_contiguous(layout)) {
      const auto part = std::span(storage).subspan(static_cast<std::size_t>(layout.offset), count);
      EXPECT_TRUE(std::ranges::equal(part, want));
    }
  }
}

}  // namespace
}  // namespace sightline
