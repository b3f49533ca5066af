#include "tasks/task.h"

#include <algorithm>

#include "harness/base/error.h"
#include "harness/base/text.h"

namespace sightline {

namespace {

/// Where the name at the start of `text` ends: at a comma outside brackets.
std::size_t end_of_choice(std::string_view text) {
  bool inside = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '[') inside = true;
    if (text[at] == ']') inside = false;
    if (text[at] == ',' && !inside) return at;
  }
  return text.size();
}

TaskChoice parse_choice(std::string_view text) {
  const std::size_t bracket = text.find('[');
  TaskChoice choice{.name = std::string(strip(text.substr(0, bracket))), .options = {}};
  if (choice.name.empty()) throw UsageError(fmt::format("an empty task name in '{}'", text));
  if (bracket == std::string_view::npos) return choice;
  if (text.back() != ']') {
    throw UsageError(fmt::format("'{}' lacks the closing ']' of its options", text));
  }
  const std::string_view inside = text.substr(bracket + 1, text.size() - bracket - 2);
  for (const std::string_view pair : split(inside, ',')) {
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) {
      throw UsageError(
          fmt::format("the task option '{}' in '{}' is not of the form name=value", pair, text));
    }
    const std::string name(strip(pair.substr(0, equals)));
    const std::string value(strip(pair.substr(equals + 1)));
    if (!choice.options.emplace(name, value).second) {
      throw UsageError(fmt::format("the task option '{}' stands twice in '{}'", name, text));
    }
  }
  return choice;
}

std::vector<std::string> names_of(const std::vector<TaskOption>& options) {
  std::vector<std::string> names;
  for (const TaskOption& option : options) names.push_back(option.name);
  return names;
}

/// What the options are where they are not chosen; a protocol that is chosen sets its own.
TaskDeclaration::Options fallbacks(const TaskDeclaration& task,
                                   const TaskDeclaration::Options& chosen) {
  TaskDeclaration::Options filled;
  for (const TaskOption& option : task.options) filled[option.name] = option.fallback;
  const auto choice = chosen.find(kProtocolOption);
  if (choice == chosen.end()) return filled;
  const auto protocol = task.protocols.find(choice->second);
  if (protocol == task.protocols.end()) return filled;
  for (const auto& [name, value] : protocol->second) filled[name] = value;
  return filled;
}

/// All options of the declaration with the values chosen, checked.
TaskDeclaration::Options fill_options(const TaskDeclaration& task,
                                      const TaskDeclaration::Options& chosen) {
  TaskDeclaration::Options filled = fallbacks(task, chosen);
  for (const auto& [name, value] : chosen) {
    const auto option =
        std::find_if(task.options.begin(), task.options.end(),
                     [&, &wanted = name](const auto& o) { return o.name == wanted; });
    if (option == task.options.end()) {
      const std::vector<std::string> known = names_of(task.options);
      throw UsageError(fmt::format("the task {} has no option '{}'{}; it has {}", task.name, name,
                                   did_you_mean(name, known), fmt::join(known, ", ")));
    }
    const auto& choices = option->choices;
    if (!choices.empty() && std::find(choices.begin(), choices.end(), value) == choices.end()) {
      throw UsageError(fmt::format("{}[{}={}]: want one of {}", task.name, name, value,
                                   fmt::join(choices, ", ")));
    }
    filled[name] = value;
  }
  return filled;
}

/// "textvqa_val[ocr=on]": the name with the options that differ from the defaults.
std::string full_name(const TaskDeclaration& task, const TaskDeclaration::Options& options) {
  std::vector<std::string> shown;
  const TaskDeclaration::Options usual = fallbacks(task, options);
  for (const TaskOption& option : task.options) {
    const std::string& value = options.at(option.name);
    if (value != usual.at(option.name)) shown.push_back(option.name + "=" + value);
  }
  return shown.empty() ? task.name : fmt::format("{}[{}]", task.name, fmt::join(shown, ","));
}

}  // namespace

std::vector<TaskChoice> parse_task_choices(std::string_view text) {
  std::vector<TaskChoice> choices;
  while (true) {
    const std::size_t end = end_of_choice(text);
    choices.push_back(parse_choice(strip(text.substr(0, end))));
    if (end == text.size()) return choices;
    text.remove_prefix(end + 1);
  }
}

void TaskTable::add(TaskDeclaration declaration) {
  for (const TaskDeclaration& known : declarations_) {
    require(known.name != declaration.name, "two tasks are named '{}'", declaration.name);
  }
  declaration.options.push_back(
      {kExifRotation, "off", "turn images upright as their EXIF data say", {"off", "on"}});
  declarations_.push_back(std::move(declaration));
}

const TaskDeclaration& TaskTable::find(const std::string& name) const {
  std::vector<std::string> names;
  for (const TaskDeclaration& declaration : declarations_) {
    if (declaration.name == name) return declaration;
    names.push_back(declaration.name);
  }
  throw UsageError(fmt::format("there is no task '{}'{}; `sightline list tasks` shows all", name,
                               did_you_mean(name, names)));
}

Task TaskTable::open(const TaskChoice& choice, const TaskSources& sources) const {
  const TaskDeclaration& declaration = find(choice.name);
  const TaskDeclaration::Options options = fill_options(declaration, choice.options);
  return with_context([&] { return fmt::format("opening task {}", choice.name); },
                      [&] {
                        Task task = declaration.open(sources, options);
                        task.name = full_name(declaration, options);
                        task.predictions = declaration.predictions;
                        for (const auto& [name, value] : options) task.protocol[name] = value;
                        return task;
                      });
}

}  // namespace sightline
