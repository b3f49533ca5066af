#include "harness/formats/tensor_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/hash.h"
#include "harness/formats/safetensors.h"
#include "tests/support/damage.h"
#include "tests/support/errors.h"
#include "tests/support/paths.h"

namespace sightline {
namespace {

using testing::data_path;
using ::testing::ElementsAre;
using testing::error_of;
using ::testing::HasSubstr;
using testing::shared_path;
using testing::TemporaryFolder;
using testing::write_quickly;
using namespace std::string_literals;

const std::vector<float> kNumbers = {1, 2, 3, 4};

void write_shard(const std::filesystem::path& path, const std::vector<std::string>& names) {
  std::vector<NamedTensor> tensors;
  for (const std::string& name : names) {
    tensors.push_back({name, view_of<float>(kNumbers, {2, 2})});
  }
  write_safetensors(path, tensors, {{"format", "pt"}});
}

std::string index_of(const std::string& map) {
  return R"({"metadata": {"total_size": 1}, "weight_map": {)" + map + "}}";
}

/// A folder with two shards and their index.
class Shards : public ::testing::Test {
 protected:
  void SetUp() override {
    write_shard(folder_ / "b-2.safetensors", {"c"});
    write_shard(folder_ / "a-1.safetensors", {"z", "a"});
    write_index(R"("c": "b-2.safetensors", "a": "a-1.safetensors", "z": "a-1.safetensors")");
  }
  void write_index(const std::string& map) const { write_quickly(index_, index_of(map)); }

  TemporaryFolder folder_;
  const std::filesystem::path index_ = folder_ / "model.safetensors.index.json";
};

TEST_F(Shards, OpenByFolderAndByIndex) {
  for (const auto& path : {folder_.path(), index_}) {
    const TensorFile file = open_tensor_file(path);
    EXPECT_THAT(file.names(), ElementsAre("z", "a", "c"));
    EXPECT_EQ(file.at("c").values<float>(), kNumbers);
    EXPECT_THAT(file.files(),
                ElementsAre(folder_ / "a-1.safetensors", folder_ / "b-2.safetensors"));
    EXPECT_EQ(file.path(), index_);
    EXPECT_EQ(file.metadata().at("format"), "pt");
  }
}

TEST_F(Shards, HashIsThatOfSha256sumsLines) {
  const std::string lines = sha256_of_file(folder_ / "a-1.safetensors") + "  a-1.safetensors\n" +
                            sha256_of_file(folder_ / "b-2.safetensors") + "  b-2.safetensors\n";
  EXPECT_EQ(open_tensor_file(index_).sha256(), sha256_hex(lines));
  const auto one = folder_ / "b-2.safetensors";
  EXPECT_EQ(open_tensor_file(one).sha256(), sha256_of_file(one));
}

TEST_F(Shards, SayWhereATensorLies) {
  const TensorFile file = open_tensor_file(index_);
  EXPECT_EQ(file.file_of(file.at("z")), folder_ / "a-1.safetensors");
  EXPECT_EQ(file.file_of(file.at("c")), folder_ / "b-2.safetensors");
  EXPECT_EQ(file.file_of(view_of<float>(kNumbers, {4})), index_) << "in none of them";
}

TEST_F(Shards, TheIndexDecidesBetweenTwoOfAName) {
  const std::vector<float> other = {5};
  const NamedTensor tensors[] = {{"a", view_of<float>(other, {1})},
                                 {"c", view_of<float>(other, {1})}};
  write_safetensors(folder_ / "b-2.safetensors", tensors);
  const TensorFile file = open_tensor_file(index_);
  EXPECT_THAT(file.names(), ElementsAre("z", "a", "c"));
  EXPECT_EQ(file.at("a").values<float>(), kNumbers);
}

TEST_F(Shards, LinksOutOfTheFolderAreFollowed) {
  // As the cache of the Hugging Face hub keeps its files.
  std::filesystem::create_directories(folder_ / "blobs");
  std::filesystem::rename(folder_ / "b-2.safetensors", folder_ / "blobs/1");
  std::filesystem::create_directories(folder_ / "snapshot");
  std::filesystem::create_symlink("../blobs/1", folder_ / "snapshot/b-2.safetensors");
  std::filesystem::create_symlink("../a-1.safetensors", folder_ / "snapshot/a-1.safetensors");
  std::filesystem::create_symlink(index_, folder_ / "snapshot/model.safetensors.index.json");
  EXPECT_EQ(open_tensor_file(folder_ / "snapshot").names().size(), 3U);
}

TEST_F(Shards, SayWhatIsMissing) {
  const auto message = [&] { return error_of([&] { open_tensor_file(folder_.path()); }); };
  write_index(R"("d": "b-2.safetensors")");
  EXPECT_THAT(message(), HasSubstr("tensor 'd' is in b-2.safetensors, which does not hold it"));
  write_index(R"("d": "c-3.safetensors", "c": "b-2.safetensors")");
  EXPECT_THAT(message(), HasSubstr("c-3.safetensors; it is one of the 2 files"));
  write_index(R"("c": "../b-2.safetensors")");
  EXPECT_THAT(message(), HasSubstr("want a file beside the index"));
  write_index(R"("c": 7)");
  EXPECT_THAT(message(), HasSubstr("no file name for tensor 'c'"));
  write_index("");
  EXPECT_THAT(message(), HasSubstr("names no tensor"));
  for (const char* text :
       {"{", "{}", R"({"weight_map": []})", "{\"weight_map\": {\"\xff\": \"a\"}}"}) {
    write_quickly(index_, text);
    EXPECT_THAT(message(), HasSubstr("no JSON object with an object 'weight_map'")) << text;
  }
}

TEST(TensorFile, FoldersNameTheirWeights) {
  const TemporaryFolder folder;
  const auto message = [&] { return error_of([&] { open_tensor_file(folder.path()); }); };
  EXPECT_THAT(message(), HasSubstr("holds no weights"));
  std::filesystem::copy(data_path("formats/parameters.bin"), folder / "pytorch_model.bin");
  EXPECT_EQ(open_tensor_file(folder.path()).path(), folder / "pytorch_model.bin");
  std::filesystem::remove(folder / "pytorch_model.bin");
  write_shard(folder / "x.safetensors", {"a"});
  EXPECT_EQ(open_tensor_file(folder.path()).path(), folder / "x.safetensors");
  write_shard(folder / "y.safetensors", {"b"});
  EXPECT_THAT(message(), HasSubstr("holds 2 .safetensors files and no index"));
  write_shard(folder / "model.safetensors", {"c"});
  EXPECT_THAT(open_tensor_file(folder.path()).names(), ElementsAre("c"));
}

struct Stranger {
  const char* name;
  std::string bytes;
  const char* says;
};

const Stranger kStrangers[] = {
    {"empty.pt", "", "is empty"},
    {"keras.h5", "\x89HDF\r\n\x1a\n\0\0"s, "HDF5"},
    {"plain.pkl", "\x80\x04}.", "Python pickle"},
    {"model.gguf", "GGUF\3\0\0\0"s, "GGUF"},
    {"lfs.safetensors", "version https://git-lfs.github.com/spec/v1\noid", "git lfs pull"},
    {"page.safetensors", "<!DOCTYPE html>", "HTML"},
    {"array.npy", "\x93NUMPY\1\0"s, "numpy array"},
    {"text.txt", "hello weights", "neither safetensors nor a PyTorch checkpoint"},
    {"short.safetensors", "abc", "ends after 3 bytes"},
    {"nothing.zip", "PK\5\6"s + std::string(18, '\0'), "zip archive without data.pkl"},
    {"cut.pt", "PK\3\4 and more", "the directory at the end of the zip archive is missing"},
};

TEST(TensorFile, KnowsStrangersByTheirContent) {
  const TemporaryFolder folder;
  for (const Stranger& stranger : kStrangers) {
    SCOPED_TRACE(stranger.name);
    write_quickly(folder / stranger.name, stranger.bytes);
    const std::string message = error_of([&] { open_tensor_file(folder / stranger.name); });
    EXPECT_THAT(message, HasSubstr(stranger.says));
    EXPECT_THAT(message, HasSubstr(stranger.name));
  }
  EXPECT_THAT(error_of([&] { open_tensor_file(folder / "absent"); }), HasSubstr("cannot open"));
}

TEST(TensorFile, RecognisesContentWhateverTheName) {
  const TemporaryFolder folder;
  write_shard(folder / "weights.pt", {"a"});
  EXPECT_THAT(open_tensor_file(folder / "weights.pt").names(), ElementsAre("a"));
  std::filesystem::copy(data_path("formats/bare.pt"), folder / "weights.safetensors");
  EXPECT_THAT(open_tensor_file(folder / "weights.safetensors").names(), ElementsAre(""));
}

TEST(TensorFile, TheSizeOfAHeaderIsNotMistakenForAnotherFormat) {
  const TemporaryFolder folder;
  const auto path = folder / "w.bin";
  const NamedTensor tensor = {"a", view_of<float>(kNumbers, {4})};
  for (std::size_t more = 0; more < 256; more += 8) {  // the first byte of the file: all there are
    write_safetensors(path, {&tensor, 1}, {{"pad", std::string(more, '0')}});
    EXPECT_EQ(open_tensor_file(path).names().size(), 1U) << more;
  }
}

TEST(TensorFile, NamesTheNearestTensor) {
  const TemporaryFolder folder;
  write_shard(folder / "w.safetensors", {"layer.0.weight", "layer.0.bias"});
  const TensorFile file = open_tensor_file(folder / "w.safetensors");
  EXPECT_EQ(file.find("layer.0.wieght"), nullptr);
  EXPECT_EQ(error_of([&] { file.at("layer.0.wieght"); }),
            (folder / "w.safetensors").string() +
                " has no tensor 'layer.0.wieght' among its 2; did you mean 'layer.0.weight'?");
}

TEST(TensorFile, ViewsLiveAsLongAsOneCopy) {
  const TemporaryFolder folder;
  write_shard(folder / "w.safetensors", {"a"});
  std::optional<TensorFile> first = open_tensor_file(folder / "w.safetensors", {.prefix = ""});
  const TensorFile copy = *first;
  const TensorView* view = &first->at("a");
  first.reset();
  EXPECT_EQ(view->values<float>(), kNumbers);
  EXPECT_EQ(view, &copy.at("a"));
}

TEST(TensorFile, OpensAllGoldenWeights) {
  SIGHTLINE_NEED_SHARED("goldens/models");
  for (const char* folder :
       {"paligemma2/checkpoint", "paligemma2/checkpoint_hub", "qwen2_5_vl/checkpoint",
        "llava_onevision/checkpoint", "llava_onevision/checkpoint_hub", "clip/checkpoint",
        "flowmo/lo", "minimind_v/head_moe", "minimind_v/head_moe/vision", "chatrex/upn"}) {
    SCOPED_TRACE(folder);
    const TensorFile file = open_tensor_file(shared_path("goldens/models/"s + folder));
    EXPECT_GT(file.names().size(), 10U);
    for (const std::string& name : file.names()) EXPECT_NO_THROW(require_size(file.at(name)));
    EXPECT_EQ(file.sha256().size(), 64U);
  }
}

TEST(TensorFile, OpensTheLinearWeightsOfLpips) {
  SIGHTLINE_NEED_SHARED("third_party_data/lpips/lpips_linear_v0.1.safetensors");
  const TensorFile file =
      open_tensor_file(shared_path("third_party_data/lpips/lpips_linear_v0.1.safetensors"));
  EXPECT_THAT(file.at("vgg.lin0.weight").shape, ElementsAre(64));
  EXPECT_EQ(file.at("vgg.lin0.weight").dtype, DType::kF32);
}

}  // namespace
}  // namespace sightline
