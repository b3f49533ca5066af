#include "harness/formats/matrix_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <limits>
#include <numeric>

#include "harness/formats/npy.h"
#include "tests/support/damage.h"
#include "tests/support/errors.h"
#include "tests/support/paths.h"

namespace sightline {
namespace {

using testing::data_path;
using testing::error_of;
using ::testing::HasSubstr;
using testing::refusals_of_damage;
using testing::shared_path;
using testing::TemporaryFolder;
using namespace std::string_literals;

std::filesystem::path array(const std::string& name) {
  return data_path("formats/" + name + ".npy");
}

template <typename T>
std::vector<T> read_all(MatrixReader<T>& reader) {
  std::vector<T> all;
  for (auto chunk = reader.next(); !chunk.empty(); chunk = reader.next()) {
    EXPECT_EQ(chunk.size() % reader.columns(), 0U);
    all.insert(all.end(), chunk.begin(), chunk.end());
    EXPECT_EQ(reader.position() * reader.columns(), all.size());
  }
  return all;
}

template <typename T>
void expect_counted(const std::string& name) {
  for (const std::size_t chunk_bytes : {1U, 2U * 3U * 8U, 1U << 20}) {
    SCOPED_TRACE(name + " by " + std::to_string(chunk_bytes));
    MatrixReader<T> reader(array(name), {.chunk_bytes = chunk_bytes});
    std::vector<T> want(reader.rows() * reader.columns());
    std::iota(want.begin(), want.end(), T{0});
    EXPECT_EQ(read_all(reader), want);
    EXPECT_TRUE(reader.next().empty());
  }
}

TEST(MatrixReader, ChunksOfAnySizeGiveTheWholeMatrix) {
  for (const char* name : {"array_f2", "array_f4", "array_f8", "matrix_fortran"}) {
    expect_counted<float>(name);
    expect_counted<double>(name);
  }
}

TEST(MatrixReader, FortranOrderEqualsCOrderOnLargerMatrices) {
  const TemporaryFolder folder;
  constexpr std::int64_t kRows = 700, kColumns = 150;
  std::vector<float> numbers(kRows * kColumns);
  std::iota(numbers.begin(), numbers.end(), 0.0F);
  write_npy(folder / "c.npy", view_of<float>(numbers, {kRows, kColumns}));
  // The same numbers, transposed, and a header that says so.
  std::string bytes = read_file(folder / "c.npy");
  std::vector<float> transposed(numbers.size());
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    transposed[i % kColumns * kRows + i / kColumns] = numbers[i];
  }
  bytes.replace(bytes.find("False"), 5, "True ");
  std::ranges::copy(std::as_bytes(std::span(transposed)),
                    std::as_writable_bytes(std::span(bytes)).end() -
                        static_cast<std::ptrdiff_t>(4 * numbers.size()));
  testing::write_quickly(folder / "f.npy", bytes);
  MatrixReader<float> reader(folder / "f.npy", {.chunk_bytes = 64 * kColumns * 4});
  EXPECT_EQ(read_all(reader), numbers);
  EXPECT_TRUE(std::ranges::equal(open_npy(folder / "f.npy").values<float>(), numbers));
}

TEST(MatrixReader, SaysWhatIsNoMatrix) {
  const auto message = [](const std::string& name) {
    return error_of([&] { MatrixReader<float>{array(name)}; });
  };
  EXPECT_THAT(message("array_vector"), HasSubstr("it has the shape [4], want [rows, columns]"));
  EXPECT_THAT(message("array_scalar"), HasSubstr("it has the shape []"));
  EXPECT_THAT(message("array_u1"), HasSubstr("dtype U8, want reals"));
  EXPECT_THAT(message("array_empty"), HasSubstr("it is empty: its shape is [0, 3]"));
  EXPECT_THAT(message("array_empty"), HasSubstr("array_empty.npy"));
  EXPECT_THAT(error_of([] { MatrixReader<float>{array("absent")}; }), HasSubstr("cannot open"));
}

TEST(MatrixReader, NamesThePlaceOfANumberThatIsNotFinite) {
  const TemporaryFolder folder;
  const auto path = folder / "nan.npy";
  std::vector<double> numbers(7 * 4, 1.0);
  for (const double bad : {NAN, INFINITY, -INFINITY}) {
    numbers[5 * 4 + 3] = bad;
    write_npy(path, view_of<double>(numbers, {7, 4}));
    MatrixReader<double> reader(path, {.chunk_bytes = 2 * 4 * 8});
    EXPECT_THAT(error_of([&] { read_all(reader); }),
                HasSubstr("nan.npy: the number in row 5, column 3 (counted from 0) is "));
    MatrixReader<float> careless(path, {.require_finite = false});
    EXPECT_EQ(read_all(careless).size(), numbers.size());
  }
  numbers[5 * 4 + 3] = 1e300;  // finite, but no float
  write_npy(path, view_of<double>(numbers, {7, 4}));
  MatrixReader<float> narrow(path);
  EXPECT_THAT(error_of([&] { read_all(narrow); }), HasSubstr("is inf"));
}

TEST(MatrixReader, FindsTheFirstNumberThatIsNotFinite) {
  std::vector<float> numbers(6, std::numeric_limits<float>::max());
  EXPECT_FALSE(find_not_finite<float>(numbers, 3).has_value());
  numbers[4] = numbers[5] = NAN;
  EXPECT_EQ(find_not_finite<float>(numbers, 3)->row, 1U);
  EXPECT_EQ(find_not_finite<float>(numbers, 3)->column, 1U);
  EXPECT_FALSE(find_not_finite<float>({}, 3).has_value());
}

TEST(MatrixReader, DamageIsAnErrorOrAnotherMatrix) {
  for (const char* name : {"array_f4", "matrix_fortran"}) {
    const int refused = refusals_of_damage(read_file(array(name)), [](const auto& path) {
      MatrixReader<float> reader(path, {.chunk_bytes = 16});
      read_all(reader);
    });
    EXPECT_GT(refused, 200) << name;
  }
}

TEST(MatrixReader, KeepsOneChunkInMemory) {
  const TemporaryFolder folder;
  const std::size_t rows = 16384, columns = 2048;  // 128 MiB
  {
    AtomicFile file(folder / "large.npy");
    const std::int64_t shape[] = {static_cast<std::int64_t>(rows), columns};
    file.write(make_npy_header(DType::kF32, shape));
    const std::vector<float> row(columns, 1.0F);
    for (std::size_t i = 0; i < rows; ++i) {
      file.write({reinterpret_cast<const char*>(row.data()), columns * sizeof(float)});
    }
    file.commit();
  }
  const auto peak_kib = [] {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
  };
  const long before = peak_kib();
  MatrixReader<float> reader(folder / "large.npy");
  double sum = 0;
  for (auto chunk = reader.next(); !chunk.empty(); chunk = reader.next()) {
    sum += std::accumulate(chunk.begin(), chunk.end(), 0.0);
  }
  EXPECT_EQ(sum, static_cast<double>(rows * columns));
  EXPECT_LT(peak_kib() - before, 32 * 1024);
}

TEST(MatrixReader, ReadsTheFeaturesOfTheGoldens) {
  SIGHTLINE_NEED_SHARED("goldens/metrics/fid");
  for (const auto& entry :
       std::filesystem::directory_iterator(shared_path("goldens/metrics/fid"))) {
    if (entry.path().extension() != ".npy") continue;
    SCOPED_TRACE(entry.path());
    const NpyArray whole = open_npy(entry.path());
    MatrixReader<double> reader(entry.path(), {.chunk_bytes = 100000});
    EXPECT_EQ(read_all(reader), whole.to_doubles());
  }
}

}  // namespace
}  // namespace sightline
