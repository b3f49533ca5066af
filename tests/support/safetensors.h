#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/file.h"

namespace sightline::testing {

/// One tensor of a .safetensors file, its bytes as stored (row-major, little-endian).
struct StoredTensor {
  std::string dtype;  ///< "U8", "F32", "I64", ...
  std::vector<std::size_t> shape;
  std::string bytes;

  /// The values; `T` must have the size of the dtype.
  template <typename T>
  std::vector<T> values() const {
    std::vector<T> result(bytes.size() / sizeof(T));
    std::memcpy(result.data(), bytes.data(), result.size() * sizeof(T));
    return result;
  }
};

/// All tensors of a .safetensors file by name. Throws `Error` where offsets leave the file.
inline std::map<std::string, StoredTensor> read_safetensors(const std::filesystem::path& path) {
  const std::string file = read_file(path);
  std::uint64_t header_size = 0;
  require(file.size() >= sizeof header_size, "{} is no safetensors file", path.string());
  std::memcpy(&header_size, file.data(), sizeof header_size);
  require(header_size <= file.size() - sizeof header_size, "{}: header of {} bytes in a file of {}",
          path.string(), header_size, file.size());
  const std::size_t body = sizeof header_size + header_size;
  std::map<std::string, StoredTensor> tensors;
  const auto header = nlohmann::json::parse(file.substr(sizeof header_size, header_size));
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") continue;
    const auto begin = entry.at("data_offsets").at(0).get<std::size_t>();
    const auto end = entry.at("data_offsets").at(1).get<std::size_t>();
    require(begin <= end && end <= file.size() - body, "{}: {} lies outside the file",
            path.string(), name);
    tensors[name] = {entry.at("dtype").get<std::string>(),
                     entry.at("shape").get<std::vector<std::size_t>>(),
                     file.substr(body + begin, end - begin)};
  }
  return tensors;
}

}  // namespace sightline::testing
