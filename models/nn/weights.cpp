#include "models/nn/weights.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstring>

#include "harness/base/error.h"

namespace sightline {

namespace {

at::ScalarType scalar_type(DType dtype) {
  if (dtype == DType::kF32) return at::kFloat;
  return dtype == DType::kF16 ? at::kHalf : at::kBFloat16;
}

bool is_weight_type(DType dtype) {
  return dtype == DType::kF32 || dtype == DType::kF16 || dtype == DType::kBF16;
}

std::string canonical_name(const std::string& name, std::span<const NameRule> rules) {
  for (const NameRule& rule : rules) {
    if (name.starts_with(rule.prefix)) return rule.canonical + name.substr(rule.prefix.size());
  }
  return name;
}

}  // namespace

void Weights::add(TensorFile file, std::span<const NameRule> rules) {
  const std::size_t index = files_.size();
  files_.push_back(std::move(file));
  const TensorFile& added = files_.back();
  for (const std::string& stored : added.names()) {
    const TensorView& view = added.at(stored);
    const std::string name = canonical_name(stored, rules);
    const bool is_new =
        tensors_.try_emplace(name, Entry{.file = index, .stored_name = stored, .view = view})
            .second;
    require(is_new, "{}: the tensors {} and {} are both {} of the network", added.path().string(),
            stored, tensors_.find(name)->second.stored_name, name);
    stored_bytes_ += view.bytes.size();
  }
}

const Weights::Entry& Weights::find(const std::string& name) const {
  const auto found = tensors_.find(name);
  if (found != tensors_.end()) return found->second;
  std::vector<std::string> names;
  for (const auto& entry : tensors_) names.push_back(entry.first);
  fail("there is no tensor {} among the {} of {}{}", name, names.size(), places(),
       did_you_mean(name, names));
}

void Weights::require_shape(const Entry& entry, std::span<const std::int64_t> shape) const {
  require(std::ranges::equal(entry.view.shape, shape),
          "{}: the tensor {} has the shape {}; config.json makes it {} (is it the configuration of "
          "this checkpoint?)",
          place_of(entry), entry.stored_name, shape_text(entry.view.shape), shape_text(shape));
}

void Weights::reshape(const std::string& name, std::initializer_list<std::int64_t> from,
                      std::vector<std::int64_t> to) {
  require_shape(find(name), {from.begin(), from.size()});
  tensors_.find(name)->second.view.shape = std::move(to);
}

const TensorView& Weights::take(const std::string& name, std::span<const std::int64_t> shape) {
  const Entry& entry = find(name);
  require_shape(entry, shape);
  require(is_weight_type(entry.view.dtype),
          "{}: the tensor {} has the type {}; want F32, F16 or BF16", place_of(entry),
          entry.stored_name, name_of(entry.view.dtype));
  tensors_.find(name)->second.taken = true;
  return entry.view;
}

at::Tensor to_floats(const TensorView& view) {
  // Copied as bytes: in its file a tensor may lie at any address.
  at::Tensor tensor = at::empty(view.shape, scalar_type(view.dtype));
  if (!view.bytes.empty()) std::memcpy(tensor.data_ptr(), view.bytes.data(), view.bytes.size());
  return tensor.to(at::kFloat);
}

at::Tensor Weights::take_floats(const std::string& name,
                                std::initializer_list<std::int64_t> shape) {
  at::Tensor tensor = to_floats(take(name, shape));
  require(
      at::isfinite(tensor).all().item<bool>(),
      "{}: the tensor {} holds NaN or infinity: the file is damaged, or of a training that went "
      "wrong",
      place_of(find(name)), find(name).stored_name);
  count(static_cast<std::size_t>(tensor.nbytes()));
  release(name);
  return tensor;
}

void Weights::release(const std::string& name) {
  const Entry& entry = find(name);
  files_[entry.file].forget(entry.view.bytes);
  released_bytes_ += entry.view.bytes.size();
  if (on_progress) on_progress(released_bytes_, stored_bytes_);
}

void Weights::require_all_taken() const {
  const auto is_ignored = [&](const std::string& name) {
    return std::ranges::any_of(ignored_prefixes_,
                               [&](const auto& prefix) { return name.starts_with(prefix); }) ||
           std::ranges::any_of(ignored_suffixes_,
                               [&](const auto& suffix) { return name.ends_with(suffix); });
  };
  std::vector<const Entry*> left;
  for (const auto& [name, entry] : tensors_) {
    if (!entry.taken && !is_ignored(name)) left.push_back(&entry);
  }
  if (left.empty()) return;
  fail(
      "{}: the tensor {}{} belongs to no layer of the network that config.json describes: the "
      "checkpoint is of another one, or of a variant that is not supported",
      place_of(*left[0]), left[0]->stored_name,
      left.size() > 1 ? fmt::format(" (and {} others)", left.size() - 1) : "");
}

DType Weights::usual_dtype() const {
  std::map<DType, std::size_t> elements;
  for (const auto& entry : tensors_) {
    const TensorView& view = entry.second.view;
    if (is_weight_type(view.dtype)) elements[view.dtype] += view.elements();
  }
  if (elements.empty()) return DType::kF32;
  return std::ranges::max_element(elements, {}, [](const auto& pair) { return pair.second; })
      ->first;
}

std::map<std::string, std::string> Weights::hashes() const {
  std::map<std::string, std::string> hashes;
  for (const TensorFile& file : files_) {
    // Of several files of one name, those behind the first go by their folders too.
    const std::filesystem::path& path = file.path();
    const std::string name = path.filename().string();
    const std::string longer = path.parent_path().filename().string() + "/" + name;
    hashes[hashes.contains(name) ? longer : name] = file.sha256();
  }
  return hashes;
}

std::string Weights::place_of(const Entry& entry) const {
  return files_[entry.file].file_of(entry.view).string();
}

std::string Weights::places() const {
  std::string places;
  for (const TensorFile& file : files_) {
    if (!places.empty()) places += " and ";
    places += file.path().string();
  }
  return places;
}

}  // namespace sightline
