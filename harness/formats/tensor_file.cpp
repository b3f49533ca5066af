#include "harness/formats/tensor_file.h"

#include <algorithm>
#include <functional>
#include <mutex>
#include <set>
#include <unordered_map>

#include "harness/base/error.h"
#include "harness/base/hash.h"
#include "harness/base/parallel.h"

namespace sightline {

namespace fs = std::filesystem;

struct TensorFile::State {
  fs::path path;
  TensorTable table;
  std::vector<std::string> names;
  std::unordered_map<std::string_view, const TensorView*> by_name;
  std::once_flag hashed;
  std::string sha256;
};

namespace {

/// What `name` is called under `prefix` (which ends in a dot), or no value when it is not there.
std::optional<std::string> name_under(const std::string& prefix, const std::string& name) {
  if (!name.starts_with(prefix) || name.size() == prefix.size()) return std::nullopt;
  return name.substr(prefix.size());
}

/// First parts of the tensors' names: what could be asked for as a prefix.
std::vector<std::string> first_parts(const TensorTable& table) {
  std::set<std::string> parts;
  for (const NamedTensor& tensor : table.tensors) {
    const std::size_t dot = tensor.name.find('.');
    if (dot != std::string::npos) parts.insert(tensor.name.substr(0, dot));
  }
  return {parts.begin(), parts.end()};
}

void keep_under(const fs::path& path, std::string prefix, TensorTable& table) {
  if (!prefix.ends_with('.')) prefix += '.';
  std::vector<NamedTensor> kept;
  for (NamedTensor& tensor : table.tensors) {
    if (auto name = name_under(prefix, tensor.name)) {
      kept.push_back({std::move(*name), std::move(tensor.view)});
    }
  }
  if (kept.empty()) {
    prefix.pop_back();
    std::vector<std::string> parts = first_parts(table);
    const std::string nearest = did_you_mean(prefix, parts);
    if (parts.size() > 10) parts.resize(10);
    fail("{} has no tensor under '{}'{}; names begin with: {}", path.string(), prefix, nearest,
         parts.empty() ? "(none has a dot)" : fmt::format("{}", fmt::join(parts, ", ")));
  }
  table.tensors = std::move(kept);
  std::vector<std::string> others;
  for (const std::string& other : table.others) {
    if (auto name = name_under(prefix, other)) others.push_back(std::move(*name));
  }
  table.others = std::move(others);
}

std::string sha256_of(const MappedFile& file) {
  constexpr std::size_t kStep = std::size_t{1} << 24;
  Sha256 hash;
  for (std::size_t at = 0; at < file.bytes().size(); at += kStep) {
    const std::string_view part = file.bytes().substr(at, kStep);
    hash.update(part);
    file.forget(part);
  }
  return hash.finish();
}

std::string sha256_of(std::vector<std::shared_ptr<const MappedFile>> files) {
  if (files.size() == 1) return sha256_of(*files.front());
  const auto name = [](const auto& file) { return file->path().filename().string(); };
  std::ranges::sort(files, {}, name);
  std::vector<std::string> lines(files.size());
  parallel_for(files.size(), 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      lines[i] = fmt::format("{}  {}\n", sha256_of(*files[i]), name(files[i]));
    }
  });
  return sha256_hex(fmt::format("{}", fmt::join(lines, "")));
}

}  // namespace

TensorFile::TensorFile(fs::path path, TensorTable table, const TensorFileOptions& options)
    : state_(std::make_shared<State>()) {
  if (!options.prefix.empty()) keep_under(path, options.prefix, table);
  state_->path = std::move(path);
  state_->table = std::move(table);
  for (const NamedTensor& tensor : state_->table.tensors) {
    const bool is_new = state_->by_name.try_emplace(tensor.name, &tensor.view).second;
    require(is_new, "{} holds two tensors '{}'", state_->path.string(), tensor.name);
    state_->names.push_back(tensor.name);
  }
}

const std::vector<std::string>& TensorFile::names() const {
  return state_->names;
}
const std::vector<std::string>& TensorFile::others() const {
  return state_->table.others;
}
const std::map<std::string, std::string>& TensorFile::metadata() const {
  return state_->table.metadata;
}
const fs::path& TensorFile::path() const {
  return state_->path;
}

std::vector<fs::path> TensorFile::files() const {
  std::vector<fs::path> paths;
  for (const auto& file : state_->table.files) paths.push_back(file->path());
  return paths;
}

const TensorView* TensorFile::find(std::string_view name) const {
  const auto found = state_->by_name.find(name);
  return found == state_->by_name.end() ? nullptr : found->second;
}

const TensorView& TensorFile::at(std::string_view name) const {
  const TensorView* view = find(name);
  if (view == nullptr) {
    fail("{} has no tensor '{}' among its {}{}", state_->path.string(), name, state_->names.size(),
         did_you_mean(std::string(name), state_->names));
  }
  return *view;
}

const MappedFile* TensorFile::find_mapping(std::span<const std::byte> bytes) const {
  const auto* begin = reinterpret_cast<const char*>(bytes.data());
  for (const auto& file : state_->table.files) {
    const std::string_view all = file->bytes();
    const bool inside = std::less_equal<>()(all.data(), begin) &&
                        std::less_equal<>()(begin + bytes.size(), all.data() + all.size());
    if (inside) return file.get();
  }
  return nullptr;
}

const fs::path& TensorFile::file_of(const TensorView& view) const {
  const MappedFile* file = find_mapping(view.bytes);
  return file == nullptr ? path() : file->path();
}

void TensorFile::forget(std::span<const std::byte> bytes) const {
  const MappedFile* file = find_mapping(bytes);
  if (file == nullptr) return;
  file->forget({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

const std::string& TensorFile::sha256() const {
  std::call_once(state_->hashed, [&] { state_->sha256 = sha256_of(state_->table.files); });
  return state_->sha256;
}

}  // namespace sightline
