#pragma once

#include <string>
#include <vector>

#include "harness/media/decode.h"
#include "tests/support/images.h"
#include "tests/support/paths.h"

namespace sightline::testing {

/// A reconstruction, its original, and what the reference libraries make of them.
struct GoldenPair {
  std::string name;
  Image reconstruction, original;
  nlohmann::json want;
};

inline std::vector<GoldenPair> golden_pairs() {
  std::vector<GoldenPair> pairs;
  const nlohmann::json expected = read_json(data_path("images/metrics/expected.json"));
  for (const auto& want : expected.at("pairs")) {
    const auto name = want.at("name").get<std::string>();
    pairs.push_back({name, read_image(data_path("images/metrics/" + name + "_rec.png")),
                     read_image(data_path("images/metrics/" + name + "_ref.png")), want});
  }
  EXPECT_EQ(pairs.size(), 12U);
  return pairs;
}

}  // namespace sightline::testing
