// Products of bitsandbytes' and torch's arithmetic, recorded with their tolerances.
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "models/kernels/bfloat16.h"
#include "models/kernels/packed_matrix.h"
#include "tests/support/paths.h"
#include "tests/support/safetensors.h"

namespace sightline {
namespace {

using testing::data_path;
using testing::shared_path;
using testing::StoredTensor;

using Tensors = std::map<std::string, StoredTensor>;

/// The names before the slash: "l0_160x96".
std::set<std::string> keys_of(const Tensors& tensors) {
  std::set<std::string> keys;
  for (const auto& [name, tensor] : tensors) {
    if (name.find('/') != std::string::npos) keys.insert(name.substr(0, name.find('/')));
  }
  return keys;
}

TensorView view_of_stored(const StoredTensor& tensor, DType dtype) {
  TensorView view = {dtype, {}, std::as_bytes(std::span(tensor.bytes))};
  for (const std::size_t size : tensor.shape) view.shape.push_back(static_cast<std::int64_t>(size));
  return view;
}

std::vector<float> values_or_empty(const Tensors& tensors, const std::string& name) {
  const auto found = tensors.find(name);
  return found == tensors.end() ? std::vector<float>() : found->second.values<float>();
}

template <typename T>
std::vector<T> multiply(const PackedMatrix& matrix, const std::vector<T>& x,
                        const std::vector<float>& bias) {
  const std::size_t count = x.size() / matrix.columns();
  std::vector<T> y(count * matrix.rows());
  matrix.multiply(x.data(), bias.empty() ? nullptr : bias.data(), y.data(),
                  {.count = count, .x_stride = matrix.columns(), .y_stride = matrix.rows()});
  return y;
}

/// Sums of the magnitudes of a product's terms: what rounding errors are relative to.
std::vector<double> magnitudes(const PackedMatrix& matrix, const std::vector<float>& x) {
  std::vector<double> sums;
  std::vector<float> weights(matrix.columns());
  for (std::size_t i = 0; i < x.size(); i += matrix.columns()) {
    for (std::size_t o = 0; o < matrix.rows(); ++o) {
      matrix.copy_row(o, weights.data());
      double sum = 0;
      for (std::size_t k = 0; k < weights.size(); ++k) {
        sum += static_cast<double>(std::abs(x[i + k] * weights[k]));
      }
      sums.push_back(sum);
    }
  }
  return sums;
}

void check_product(const Tensors& golden, const std::string& key, const std::string& name,
                   Storage storage, double relative) {
  const auto wanted = golden.find(key + "/" + name);
  if (wanted == golden.end()) return;
  SCOPED_TRACE(name);
  const TensorView weights = view_of_stored(golden.at(key + "/W"), DType::kF32);
  const PackedMatrix matrix = PackedMatrix::pack(std::span(&weights, 1), storage);
  const auto x = golden.at(key + "/x").values<float>();
  const std::vector<float> bias = values_or_empty(golden, key + "/bias");
  const std::vector<float> recorded = values_or_empty(golden, key + "/" + name + "_tol");
  const auto want = wanted->second.values<float>(), got = multiply(matrix, x, bias);
  const std::vector<double> magnitude = magnitudes(matrix, x);
  ASSERT_EQ(got.size(), want.size());
  for (std::size_t i = 0; i < want.size(); ++i) {
    // Beside the sum's error there is that of the bias' addition, of one rounding.
    const double tolerance =
        recorded.empty() ? relative * magnitude[i] + 1e-7 * static_cast<double>(std::abs(want[i]))
                         : static_cast<double>(recorded[i]);
    ASSERT_NEAR(got[i], want[i], tolerance) << "number " << i;
  }
}

void check_bf16(const Tensors& golden, const std::string& key) {
  SCOPED_TRACE("bf16_y");
  const TensorView weights = view_of_stored(golden.at(key + "/bf16_W"), DType::kBF16);
  const PackedMatrix matrix = PackedMatrix::pack(std::span(&weights, 1), Storage::kBF16);
  std::vector<float> bias = values_or_empty(golden, key + "/bias");
  for (float& value : bias) value = to_float(round_to<BFloat16>(value));
  const auto got = multiply(matrix, golden.at(key + "/bf16_x").values<BFloat16>(), bias);
  const auto want = golden.at(key + "/bf16_y").values<BFloat16>();
  const std::vector<float> tolerance = values_or_empty(golden, key + "/bf16_y_tol");
  ASSERT_EQ(got.size(), want.size());
  for (std::size_t i = 0; i < want.size(); ++i) {
    ASSERT_NEAR(to_float(got[i]), to_float(want[i]), tolerance.empty() ? 0 : tolerance[i])
        << "number " << i;
  }
}

void check_file(const std::filesystem::path& path) {
  const Tensors golden = testing::read_safetensors(path);
  const std::set<std::string> keys = keys_of(golden);
  ASSERT_FALSE(keys.empty());
  for (const std::string& key : keys) {
    SCOPED_TRACE(key);
    check_product(golden, key, "fp32_y", Storage::kF32, 4e-6);
    check_product(golden, key, "nf4_y", Storage::kNf4, 4e-6);
    check_product(golden, key, "int8_y", Storage::kInt8, 1e-6);
    if (golden.contains(key + "/bf16_W")) check_bf16(golden, key);
  }
}

TEST(PackedMatrixGoldens, PartOfThem) {
  check_file(data_path("quant/one_layer.safetensors"));
  check_file(data_path("quant/matrices.safetensors"));
}

TEST(PackedMatrixGoldens, AllLayers) {
  SIGHTLINE_NEED_SHARED("goldens/models/quant/one_layer.safetensors");
  check_file(shared_path("goldens/models/quant/one_layer.safetensors"));
}

TEST(PackedMatrixGoldens, AllMatrices) {
  SIGHTLINE_NEED_SHARED("goldens/models/quant/matrices.safetensors");
  check_file(shared_path("goldens/models/quant/matrices.safetensors"));
}

}  // namespace
}  // namespace sightline
