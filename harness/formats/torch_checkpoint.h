#pragma once

#include <memory>

#include "harness/base/file.h"
#include "harness/formats/tensor_file.h"

namespace sightline {

/// The tensors of a zip file that torch.save wrote (PyTorch 1.6 and later).
///
/// Its pickle is interpreted, never executed: it may name tensors, parameters, storages, dtypes,
/// sizes, devices and ordered dictionaries; any other Python name is refused. Keys of nested
/// dictionaries and places in lists are joined by dots; one bare tensor has the name "". Tensors
/// that are not contiguous are copied into memory, all others lie in the mapped file.
/// `verify_checksums` compares the CRC-32 of every storage.
///
/// Throws `Error` for what is refused or damaged, and for TorchScript archives.
TensorTable read_torch_checkpoint(std::shared_ptr<const MappedFile> file,
                                  bool verify_checksums = false);

}  // namespace sightline
