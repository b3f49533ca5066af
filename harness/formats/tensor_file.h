#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/file.h"
#include "harness/formats/tensor_view.h"

namespace sightline {

/// What a reader of weights found: named tensors, and what keeps their bytes.
struct TensorTable {
  std::vector<NamedTensor> tensors;                      ///< in the file's order, each name once
  std::vector<std::string> others;                       ///< what is stored beside tensors: "epoch"
  std::map<std::string, std::string> metadata;           ///< safetensors' `__metadata__`
  std::vector<std::shared_ptr<const MappedFile>> files;  ///< the tensors lie in these
  std::vector<std::shared_ptr<const void>> copies;       ///< or in these
};

struct TensorFileOptions {
  /// Only tensors under this name, and their names without it: with "model_ema_state_dict", the
  /// tensor "model_ema_state_dict.encoder.weight" is "encoder.weight". Empty: all.
  std::string prefix;
  /// Compare the checksums of a PyTorch checkpoint, which reads all of it.
  bool verify_checksums = false;
};

/// Named tensors of a file or of several, read-only. The files are mapped: opening costs
/// milliseconds whatever their size. Copies of this object share the mapping, which lives as long
/// as the last of them; so do all views.
class TensorFile {
 public:
  /// The tensors of `table`, as `options` has it. `path` stands for them in errors.
  TensorFile(std::filesystem::path path, TensorTable table, const TensorFileOptions& options = {});

  /// In the file's order; of several files, in that of their names.
  const std::vector<std::string>& names() const;
  /// Stored beside tensors, and not read: "optimizer.lr", "epoch".
  const std::vector<std::string>& others() const;
  const std::map<std::string, std::string>& metadata() const;
  const std::filesystem::path& path() const;
  /// The files that the tensors lie in.
  std::vector<std::filesystem::path> files() const;

  /// Of these the one that holds a tensor; `path()` for one that lies in none.
  const std::filesystem::path& file_of(const TensorView& view) const;

  /// Null when there is none of this name.
  const TensorView* find(std::string_view name) const;
  /// Throws `Error` naming the file, the tensor and the nearest name that there is.
  const TensorView& at(std::string_view name) const;

  /// Gives back the memory that holds bytes of its tensors, as `MappedFile::forget`.
  void forget(std::span<const std::byte> bytes) const;

  /// SHA-256 of the file as 64 hex digits; of several, that of the lines "<sha256>  <file name>" in
  /// the order of their names, as `sha256sum *.safetensors | sha256sum` has it. Computed at the
  /// first call, which reads all bytes.
  const std::string& sha256() const;

 private:
  struct State;
  /// Null for bytes that lie in no file.
  const MappedFile* find_mapping(std::span<const std::byte> bytes) const;

  std::shared_ptr<State> state_;
};

/// Opens weights, which it recognises by content: safetensors; a PyTorch checkpoint (the zip files
/// that torch.save writes since 1.6); a `*.index.json` that names the files of several parts; a
/// folder, in which it takes the first of model.safetensors, model.safetensors.index.json,
/// pytorch_model.bin, pytorch_model.bin.index.json, or else its only `.safetensors` file.
///
/// Of a PyTorch checkpoint nothing is run: its pickle may hold tensors, plain values and
/// containers, and is refused otherwise. Names of nested dictionaries are joined by dots.
///
/// Throws `Error` with file and tensor for what is damaged, unknown, or of another kind
/// (TorchScript, pickles of before 1.6, HDF5), saying what to do.
TensorFile open_tensor_file(const std::filesystem::path& path,
                            const TensorFileOptions& options = {});

}  // namespace sightline
