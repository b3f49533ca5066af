#include "harness/cli/results_argument.h"

#include "harness/base/error.h"
#include "harness/engine/stored_run.h"
#include "results/journal.h"

namespace sightline {

namespace fs = std::filesystem;

RunResults read_results_argument(const fs::path& argument, const TaskTable& tasks,
                                 const fs::path& data_root) {
  if (fs::is_regular_file(argument)) return read_results(argument);
  require(fs::is_directory(argument), "{} is neither a run folder nor a results.json",
          argument.string());
  const bool has_journal = fs::exists(argument / Journal::kFileName);
  const fs::path file = argument / "results.json";
  if (!has_journal && fs::exists(file)) return read_results(file);
  return load_run(argument, tasks, data_root);
}

}  // namespace sightline
