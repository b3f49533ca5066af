// Archives are written by tests/data/formats/make_arrays.py.

#include "harness/formats/npz.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/damage.h"
#include "tests/support/errors.h"
#include "tests/support/paths.h"

namespace sightline {
namespace {

using testing::data_path;
using ::testing::ElementsAre;
using testing::error_of;
using ::testing::HasSubstr;
using testing::refusals_of_damage;
using testing::TemporaryFolder;
using testing::write_quickly;
using namespace std::string_literals;

TEST(Npz, ReadsStoredAndPackedArrays) {
  for (const char* name : {"stored.npz", "packed.npz"}) {
    SCOPED_TRACE(name);
    const NpzFile file(data_path("formats/"s + name));
    EXPECT_THAT(file.names(), ElementsAre("mu", "sigma", "count", "images"));
    EXPECT_THAT(file.at("mu").values<double>(), ElementsAre(0, 1, 2));
    EXPECT_THAT(file.at("sigma").shape(), ElementsAre(3, 3));
    EXPECT_THAT(file.at("sigma").to_doubles(),
                ElementsAre(0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2));
    EXPECT_THAT(file.at("count").values<std::int64_t>(), ElementsAre(5));
    EXPECT_EQ(file.at("images").row<std::uint8_t>(0).size(), 12U);
    EXPECT_TRUE(file.contains("mu"));
    EXPECT_FALSE(file.contains("mu_s"));
  }
}

TEST(Npz, ArraysOutliveTheirFile) {
  for (const char* name : {"stored.npz", "packed.npz"}) {
    const NpyArray mu = NpzFile(data_path("formats/"s + name)).at("mu");
    EXPECT_THAT(mu.values<double>(), ElementsAre(0, 1, 2));
  }
}

TEST(Npz, WritesWhatItReads) {
  const TemporaryFolder folder;
  const std::vector<double> mu = {1, 2.5}, sigma = {1, 0.5, 0.5, 3};
  const std::int64_t count = 7;
  const NamedTensor arrays[] = {{"mu", view_of<double>(mu, {2})},
                                {"sigma", view_of<double>(sigma, {2, 2})},
                                {"n", view_of<std::int64_t>({&count, 1}, {})}};
  write_npz(folder / "s.npz", arrays);
  const NpzFile file(folder / "s.npz");
  EXPECT_THAT(file.names(), ElementsAre("mu", "sigma", "n"));
  EXPECT_EQ(file.at("sigma").to_doubles(), sigma);
  EXPECT_TRUE(file.at("n").shape().empty());
  EXPECT_THAT(file.at("n").values<std::int64_t>(), ElementsAre(7));
}

TEST(Npz, SaysWhatIsWrong) {
  const auto path = data_path("formats/stored.npz");
  EXPECT_THAT(
      error_of([&] { NpzFile(path).at("sigm"); }),
      HasSubstr("stored.npz has no array 'sigm'; did you mean 'sigma'?; it has: mu, sigma"));
  EXPECT_THAT(error_of([&] { NpzFile(path).at("mu").values<float>(); }),
              HasSubstr("'mu' of " + path.string() + " holds numbers of dtype F64, want F32"));
  const TemporaryFolder folder;
  std::string bytes = read_file(path);
  bytes[bytes.find("\x93NUMPY") + 130] ^= 1;
  write_quickly(folder / "damaged.npz", bytes);
  const std::string message = error_of([&] { NpzFile(folder / "damaged.npz").at("mu"); });
  EXPECT_THAT(message, HasSubstr("CRC-32"));
  EXPECT_THAT(message, HasSubstr("damaged.npz"));
  write_quickly(folder / "text.npz", "hello");
  EXPECT_THAT(error_of([&] { NpzFile{folder / "text.npz"}; }), HasSubstr("no zip archive"));
}

TEST(Npz, DamageIsAnErrorOrOtherArrays) {
  for (const char* name : {"stored.npz", "packed.npz"}) {
    const std::string bytes = read_file(data_path("formats/"s + name));
    const int refused = refusals_of_damage(bytes, [](const auto& path) {
      const NpzFile file(path);
      for (const std::string& array : file.names()) require_size(file.at(array).view());
    });
    EXPECT_GT(refused, 500) << name;
  }
}

}  // namespace
}  // namespace sightline
