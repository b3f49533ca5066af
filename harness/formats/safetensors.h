#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "harness/base/file.h"
#include "harness/formats/tensor_file.h"

/// The safetensors format: 8 bytes with the size of a JSON header, the header, then all numbers
/// (https://huggingface.co/docs/safetensors). The rules are those of its reference reader.
namespace sightline {

/// The tensors of a safetensors file, in the order of their bytes.
///
/// Throws `Error` naming file and tensor when the header is cut, larger than 100 MB or no JSON, a
/// dtype is unknown, a name occurs twice, bytes overlap, leave gaps or lie outside the file, or do
/// not fit shape and dtype.
TensorTable read_safetensors(std::shared_ptr<const MappedFile> file);

/// Writes a safetensors file as a whole or not at all; numbers of more bytes come first, so that
/// all lie at multiples of their size. Throws `Error` when a name occurs twice or the bytes of a
/// tensor do not fit its shape.
void write_safetensors(const std::filesystem::path& path, std::span<const NamedTensor> tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace sightline
