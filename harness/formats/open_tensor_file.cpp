#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "harness/base/error.h"
#include "harness/formats/safetensors.h"
#include "harness/formats/tensor_file.h"
#include "harness/formats/torch_checkpoint.h"
#include "harness/formats/zip.h"

namespace sightline {

namespace fs = std::filesystem;

namespace {

using namespace std::string_view_literals;

/// Files that are mistaken for weights, by their first bytes, and what to do about each.
struct Stranger {
  std::string_view begin, says;
};

constexpr Stranger kStrangers[] = {
    {"\x89HDF\r\n\x1a\n"sv,
     "it is an HDF5 file (.h5, Keras); convert the weights to safetensors or a PyTorch checkpoint"},
    // The magic number of torch.save, pickled in protocol 2.
    {"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"sv,
     "it is a checkpoint in the format of before PyTorch 1.6; load it in PyTorch and save it again "
     "with torch.save"},
    {"\x80"sv, "it is a Python pickle, which is not read as weights; save them as safetensors"},
    {"GGUF"sv, "it is a GGUF file; want the original weights as safetensors"},
    {"version https://git-lfs"sv,
     "it is a pointer of Git LFS, not the file itself; fetch it by 'git lfs pull'"},
    {"\x93NUMPY"sv, "it is a numpy array (.npy), not named tensors"},
    {"<"sv, "it is a page of HTML or XML, perhaps an error page saved as a download"},
};

/// The size of a header, then the header. Asked first: the size may begin with any byte.
bool looks_like_safetensors(std::string_view bytes) {
  constexpr std::size_t kSizeBytes = 8;
  constexpr std::string_view kLargest("\0\0\0\0", 4);  // the upper half of any allowed size
  return bytes.size() > kSizeBytes && bytes[kSizeBytes] == '{' && bytes.substr(4, 4) == kLargest;
}

bool looks_like_index(std::string_view bytes) {
  const std::size_t first = bytes.find_first_not_of(" \t\r\n");
  return first != bytes.npos && bytes[first] == '{';
}

TensorTable read_one(const fs::path& path, bool verify_checksums) {
  auto file = std::make_shared<const MappedFile>(path);
  const std::string_view bytes = file->bytes();
  require(!bytes.empty(), "{} is empty, want weights", path.string());
  if (looks_like_zip(bytes)) return read_torch_checkpoint(std::move(file), verify_checksums);
  if (looks_like_safetensors(bytes)) return read_safetensors(std::move(file));
  for (const Stranger& stranger : kStrangers) {
    require(!bytes.starts_with(stranger.begin), "cannot read weights from {}: {}", path.string(),
            stranger.says);
  }
  require(path.extension() == ".safetensors",
          "cannot read weights from {}: it is neither safetensors nor a PyTorch checkpoint, or it "
          "is damaged at its begin",
          path.string());
  return read_safetensors(std::move(file));
}

/// Tensor name -> file name.
std::map<std::string, std::string> read_weight_map(const MappedFile& index) {
  const auto document = nlohmann::json::parse(index.bytes(), nullptr, false);
  require(
      document.is_object() && document.contains("weight_map") && document["weight_map"].is_object(),
      "the index is no JSON object with an object 'weight_map'; it is damaged, or no index");
  std::map<std::string, std::string> map;
  for (const auto& [name, file] : document["weight_map"].items()) {
    require(file.is_string(), "'weight_map' has no file name for tensor '{}'", name);
    const fs::path plain = file.get<std::string>();
    require(plain == plain.filename() && plain.has_filename() && plain != "..",
            "'weight_map' says that tensor '{}' is in '{}', want a file beside the index", name,
            plain.string());
    map[name] = plain.string();
  }
  require(!map.empty(), "'weight_map' names no tensor");
  return map;
}

/// Moves the tensors of one file over, but for those that the index finds in another.
void append(const std::string& file, const std::map<std::string, std::string>& map,
            TensorTable part, TensorTable& whole) {
  std::set<std::string_view> names;
  for (const NamedTensor& tensor : part.tensors) names.insert(tensor.name);
  for (const auto& [name, place] : map) {
    require(place != file || names.contains(name),
            "the index says that tensor '{}' is in {}, "
            "which does not hold it; the files are not of one checkpoint",
            name, file);
  }
  for (NamedTensor& tensor : part.tensors) {
    const auto place = map.find(tensor.name);
    if (place == map.end() || place->second == file) whole.tensors.push_back(std::move(tensor));
  }
  std::ranges::move(part.others, std::back_inserter(whole.others));
  std::ranges::move(part.files, std::back_inserter(whole.files));
  std::ranges::move(part.copies, std::back_inserter(whole.copies));
  whole.metadata.merge(part.metadata);
}

TensorTable read_shards(const fs::path& path, const MappedFile& index, bool verify_checksums) {
  return with_context(
      [&] { return "reading the weights that " + path.string() + " names"; },
      [&] {
        const auto map = read_weight_map(index);
        std::set<std::string> files;
        for (const auto& [name, file] : map) files.insert(file);
        for (const std::string& file : files) {
          require_file(path.parent_path() / file,
                       fmt::format("it is one of the {} files of these weights: fetch it too",
                                   files.size()));
        }
        TensorTable whole;
        for (const std::string& file : files) {
          append(file, map, read_one(path.parent_path() / file, verify_checksums), whole);
        }
        return whole;
      });
}

/// The file that holds the weights of a folder.
fs::path weights_in(const fs::path& folder) {
  for (const char* name : {"model.safetensors", "model.safetensors.index.json", "pytorch_model.bin",
                           "pytorch_model.bin.index.json"}) {
    if (fs::is_regular_file(folder / name)) return folder / name;
  }
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".safetensors") found.push_back(entry.path());
  }
  require(!found.empty(),
          "the folder {} holds no weights: no model.safetensors, no model.safetensors.index.json, "
          "no pytorch_model.bin",
          folder.string());
  require(found.size() == 1,
          "the folder {} holds {} .safetensors files and no index: name the file, or fetch "
          "model.safetensors.index.json",
          folder.string(), found.size());
  return found.front();
}

TensorTable read_table(const fs::path& path, bool verify_checksums) {
  const MappedFile file(path);
  if (looks_like_index(file.bytes())) return read_shards(path, file, verify_checksums);
  return read_one(path, verify_checksums);
}

}  // namespace

TensorFile open_tensor_file(const fs::path& path, const TensorFileOptions& options) {
  std::error_code ignored;
  const fs::path file = fs::is_directory(path, ignored) ? weights_in(path) : path;
  return TensorFile(file, read_table(file, options.verify_checksums), options);
}

}  // namespace sightline
