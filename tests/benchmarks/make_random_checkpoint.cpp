// make_random_checkpoint NAME FOLDER [F32|BF16] [FOLDER_WITH_TOKENIZER]: a checkpoint to measure
// with.
#include <fmt/format.h>

#include "harness/base/error.h"
#include "tests/benchmarks/random_checkpoint.h"

int main(int count, char** arguments) {
  using namespace sightline;
  if (count < 3 || count > 5) {
    fmt::print(stderr, "make_random_checkpoint {} FOLDER [F32|BF16] [FOLDER_WITH_TOKENIZER]\n",
               fmt::join(benchmarks::random_checkpoint_names(), "|"));
    return 2;
  }
  try {
    benchmarks::write_random_checkpoint(arguments[1], arguments[2],
                                        count > 3 ? arguments[3] : "F32",
                                        count > 4 ? arguments[4] : "");
  } catch (const Error& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return 2;
  }
  return 0;
}
