#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <functional>
#include <numeric>
#include <sstream>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/file.h"

namespace sightline::testing {

/// An array that numpy saved, in C order.
template <typename T>
struct NpyArray {
  std::vector<std::size_t> shape;
  std::vector<T> values;
};

/// Reads a version 1 `.npy` file whose dtype is `descr` ("<f8", "|u1") of sizeof(T) bytes, in C
/// order. Throws `Error` for any other.
template <typename T>
NpyArray<T> read_npy(const std::filesystem::path& path, const std::string& descr) {
  const std::string bytes = read_file(path);
  require(bytes.size() > 10 && bytes.compare(0, 8, std::string("\x93NUMPY\x01\x00", 8)) == 0,
          "{} is no .npy file of version 1", path.string());
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const std::size_t begin = 10U + byte(8) + 256U * byte(9);
  const std::string header = bytes.substr(10, begin - 10);
  require(header.find("'descr': '" + descr + "'") != std::string::npos &&
              header.find("'fortran_order': False") != std::string::npos,
          "{} is not {} in C order: {}", path.string(), descr, header);
  NpyArray<T> array;
  const std::size_t open = header.find('(') + 1;
  std::string shape = header.substr(open, header.find(')') - open);
  std::replace(shape.begin(), shape.end(), ',', ' ');
  std::istringstream sizes(shape);
  for (std::size_t size = 0; sizes >> size;) array.shape.push_back(size);
  const std::size_t count =
      std::accumulate(array.shape.begin(), array.shape.end(), std::size_t{1}, std::multiplies<>());
  require(bytes.size() == begin + count * sizeof(T), "{} has {} bytes, want {}", path.string(),
          bytes.size(), begin + count * sizeof(T));
  array.values.resize(count);
  std::memcpy(array.values.data(), bytes.data() + begin, count * sizeof(T));
  return array;
}

}  // namespace sightline::testing
