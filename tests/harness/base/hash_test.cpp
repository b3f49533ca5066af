#include "harness/base/hash.h"

#include <gtest/gtest.h>

#include "harness/base/error.h"
#include "tests/support/bad_json.h"

namespace sightline {
namespace {

// FIPS 180-2, appendix B, and NIST's short messages.
const std::pair<std::string, const char*> kVectors[] = {
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {std::string(1, '\xbd'), "68325720aabd7c82f30f554b313d0570c95accbb7dc4b5aae11204c08ffe732b"},
    {std::string(1000000, 'a'), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
};

TEST(Sha256, HasTheValuesOfTheStandard) {
  for (const auto& [bytes, want] : kVectors) EXPECT_EQ(sha256_hex(bytes), want);
}

TEST(Sha256, OfAFileIsThatOfItsBytes) {
  const testing::TemporaryFolder folder;
  for (const auto& [bytes, want] : kVectors) {
    testing::write_text(folder / "file", bytes);
    EXPECT_EQ(sha256_of_file(folder / "file"), want);
  }
  EXPECT_THROW(sha256_of_file(folder / "absent"), Error);
}

}  // namespace
}  // namespace sightline
