#pragma once

#include <string>
#include <vector>

#include "models/api/registry.h"
#include "tasks/task.h"

namespace CLI {
class App;
}

namespace sightline {

/// What every command works with. Made in `run_program`, once.
struct Program {
  Registry registry;
  TaskTable tasks;
  std::vector<std::string> plugins;  ///< `--plugin`, loaded before the command runs
  std::string include_path;          ///< `--include_path`, a folder of the user's own tasks
  std::string log_level = "info";
  std::vector<std::string> arguments;  ///< the command line, with the flags of --config in it
  int exit_code = 0;
};

/// The whole program: parses the arguments, runs the command, prints errors, and returns the exit
/// code (interface of users: 0, 1, 2, 3, 4, 5, 130).
int run_program(int argc, const char* const* argv);

/// What every command does first: starts the log, loads the modules named by `--plugin` and the
/// tasks of `--include_path`.
void prepare(Program& program);

// One function a command: declares its flags and what it does.
void add_list_command(CLI::App& app, Program& program);
void add_run_command(CLI::App& app, Program& program);
void add_score_command(CLI::App& app, Program& program);
void add_fidelity_command(CLI::App& app, Program& program);
void add_compare_command(CLI::App& app, Program& program);
void add_report_command(CLI::App& app, Program& program);
void add_verify_command(CLI::App& app, Program& program);
void add_merge_command(CLI::App& app, Program& program);
void add_doctor_command(CLI::App& app, Program& program);
void add_generate_command(CLI::App& app, Program& program);
void add_demo_command(CLI::App& app, Program& program);
void add_impact_command(CLI::App& app, Program& program);
void add_reproduce_command(CLI::App& app, Program& program);
void add_history_command(CLI::App& app, Program& program);

}  // namespace sightline
