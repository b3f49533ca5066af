#include "harness/cli/program.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <csignal>

#include "harness/base/error.h"
#include "harness/cli/arguments.h"
#include "harness/engine/manifest.h"
#include "models/adapters/standard_models.h"
#include "models/generation/native_model.h"
#include "tasks/declarations.h"

namespace sightline {

namespace {

void start_log(const std::string& level) {
  static const std::vector<std::string> levels = {"error", "warn", "info", "debug"};
  if (std::find(levels.begin(), levels.end(), level) == levels.end()) {
    throw UsageError(fmt::format("--log_level {}: want error, warn, info or debug", level));
  }
  auto log = spdlog::stderr_color_mt("sightline");
  log->set_pattern("%^%l%$: %v");
  spdlog::set_default_logger(std::move(log));
  spdlog::set_level(spdlog::level::from_str(level));
}

/// Every option of the command and of the program, for the nearest to an unknown one.
std::vector<std::string> known_flags(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

/// The part of CLI11's message that says which flag has which value, as it was typed.
std::string conversion_error(const std::string& message) {
  std::string typed = message.substr(message.find(": ") + 2);
  if (const std::size_t equals = typed.find(" = "); equals != std::string::npos) {
    typed.replace(equals, 3, " ");
  }
  return typed + ": want a whole number";
}

/// The command that was typed, "history add" too; null for none. `name` gets its words.
const CLI::App* typed_command(const CLI::App& app, std::string& name) {
  for (const CLI::App* candidate : app.get_subcommands({})) {
    if (!candidate->parsed()) continue;
    name += candidate->get_name() + " ";
    const CLI::App* inner = typed_command(*candidate, name);
    return inner != nullptr ? inner : candidate;
  }
  return nullptr;
}

/// An error of the command line in our own words, with the nearest known name.
std::string explain(const CLI::ParseError& error, const CLI::App& app,
                    const std::vector<std::string>& arguments) {
  std::vector<std::string> commands;
  for (const CLI::App* candidate : app.get_subcommands({})) {
    commands.push_back(candidate->get_name());
  }
  std::string typed;
  const CLI::App* command = typed_command(app, typed);
  if (arguments.empty()) {
    return fmt::format("a command is missing; there are {}; `sightline --help` says what each does",
                       fmt::join(commands, ", "));
  }
  if (command == nullptr && !arguments[0].starts_with("-")) {
    return fmt::format("there is no command '{}'{}; there are {}", arguments[0],
                       did_you_mean(arguments[0], commands), fmt::join(commands, ", "));
  }
  std::vector<std::string> flags = known_flags(app);
  if (command != nullptr) {
    for (std::string& flag : known_flags(*command)) flags.push_back(std::move(flag));
  }
  for (const std::string& argument : arguments) {
    const std::string name = argument.substr(0, argument.find('='));
    if (!name.starts_with("--") || std::find(flags.begin(), flags.end(), name) != flags.end())
      continue;
    return fmt::format("there is no flag {}{}; `sightline {}--help` shows all", name,
                       did_you_mean(name, flags), typed);
  }
  const bool conversion = dynamic_cast<const CLI::ConversionError*>(&error) != nullptr;
  return conversion ? conversion_error(error.what()) : error.what();
}

/// The file named by --config, "" without one.
std::string config_file(const std::vector<std::string>& arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument.starts_with("--config=")) return argument.substr(9);
    if (argument.starts_with("-C") && argument.size() > 2) return argument.substr(2);
    const bool named = argument == "--config" || argument == "-C";
    if (named && i + 1 < arguments.size()) return arguments[i + 1];
  }
  return "";
}

/// Puts the flags of a configuration file behind the command's name.
void insert_config(const CLI::App& app, std::vector<std::string>& arguments) {
  const std::string file = config_file(arguments);
  static const std::vector<std::string> configurable = {"run", "doctor", "impact", "reproduce"};
  const auto command = std::find_first_of(arguments.begin(), arguments.end(), configurable.begin(),
                                          configurable.end());
  if (file.empty() || command == arguments.end()) return;
  const std::vector<std::string> flags = expand_config(*app.get_subcommand(*command), file);
  arguments.insert(command + 1, flags.begin(), flags.end());
}

void declare(CLI::App& app, Program& program) {
  app.set_version_flag("--version", "sightline " + version());
  app.add_option("--log_level", program.log_level, "error, warn, info or debug")
      ->capture_default_str();
  app.add_option("--plugin", program.plugins, "module file with models of your own")
      ->allow_extra_args(false);
  app.add_option("--include_path", program.include_path, "folder with task files of your own");
  app.require_subcommand(1);
  app.fallthrough();
  app.set_help_all_flag("--help_all", "help of every command");
  add_run_command(app, program);
  add_score_command(app, program);
  add_fidelity_command(app, program);
  add_impact_command(app, program);
  add_compare_command(app, program);
  add_reproduce_command(app, program);
  add_report_command(app, program);
  add_history_command(app, program);
  add_list_command(app, program);
  add_demo_command(app, program);
  add_generate_command(app, program);
  add_merge_command(app, program);
  add_verify_command(app, program);
  add_doctor_command(app, program);
  app.footer("example: sightline demo");
}

int parse_and_run(std::vector<std::string> arguments) {
  Program program;
  add_standard_models(program.registry);
  add_native_model(program.registry);
  program.tasks = standard_tasks();
  CLI::App app("Exact, crash-proof, fast evaluation of vision-language and image-tokenizer models",
               "sightline");
  declare(app, program);
  try {
    insert_config(app, arguments);
    program.arguments = arguments;
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    app.parse(reversed);
  } catch (const CLI::Success& done) {
    return app.exit(done);
  } catch (const CLI::ParseError& error) {
    throw UsageError(explain(error, app, arguments));
  }
  return program.exit_code;
}

/// Ends as other programs do when who reads their output has seen enough.
void end_by_broken_pipe() {
  std::signal(SIGPIPE, SIG_DFL);
  std::raise(SIGPIPE);
}

/// Output that was lost must not pass for success.
void flush_output() {
  if (std::fflush(stdout) == 0) return;
  throw std::system_error(errno, std::generic_category(), "cannot write to standard output");
}

}  // namespace

int run_program(int argc, const char* const* argv) {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a file at its size limit is an error of the write: a full disk
  try {
    const int exit_code = parse_and_run(with_underscores(argc, argv));
    flush_output();
    return exit_code;
  } catch (const Error& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return error.exit_code();
  } catch (const std::system_error& error) {
    if (error.code().value() == EPIPE) end_by_broken_pipe();
    fmt::print(stderr, "error: {}\n", error.what());
    return 5;
  } catch (const std::bad_alloc&) {
    fmt::print(stderr, "error: out of memory; use fewer threads or a smaller --batch_size\n");
    return 5;
  } catch (const std::exception& error) {
    fmt::print(stderr, "error: {} (this is a fault of Sightline; please report it)\n",
               error.what());
    return 5;
  }
}

void prepare(Program& program) {
  start_log(program.log_level);
  for (const std::string& plugin : program.plugins) load_module(plugin, program.registry);
  if (!program.include_path.empty()) add_tasks_from_folder(program.tasks, program.include_path);
}

}  // namespace sightline
