#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/formats/tensor_view.h"

namespace sightline {

/// What stands before the numbers of a .npy file (numpy's NEP 1, versions 1 to 3).
struct NpyHeader {
  DType dtype = DType::kF32;
  bool fortran_order = false;  ///< the first axis is the fastest
  std::vector<std::int64_t> shape;
  std::size_t size = 0;  ///< bytes of the header: the numbers begin there
};

/// Reads the header at the front of `file`. Throws `Error` for what is no .npy file, is cut or
/// damaged, and for big-endian numbers, texts, Python objects and structures.
NpyHeader parse_npy_header(std::string_view file);

/// Throws `Error` unless `file` holds, behind its header, the numbers that the header announces and
/// nothing more.
void require_npy_size(const NpyHeader& header, std::string_view file);

/// The header that numpy 1.20 would write for an array in C order, of a multiple of 64 bytes.
/// Throws `Error` for a dtype that numpy does not have.
std::string make_npy_header(DType dtype, std::span<const std::int64_t> shape);

}  // namespace sightline
