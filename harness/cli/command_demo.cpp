#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "harness/cli/arguments.h"
#include "harness/cli/program.h"
#include "harness/demo/suite.h"

namespace sightline {

namespace {

namespace fs = std::filesystem;

struct DemoFlags {
  std::string output_path = "demo";
  std::uint64_t seed = DemoOptions{}.seed;
  bool json = false;
};

/// A task of the demo, and a second baseline for it that knows or looks at a little more.
struct DemoTask {
  const char* name;
  const char* second;  ///< its model arguments; {data} is the folder of the suite; "": none
};
constexpr DemoTask kTasks[] = {
    {"vqav2_val",
     "kind=most_common,by=question_type,"
     "train={data}/vqav2/v2_mscoco_train2014_annotations.json"},
    {"textvqa_val", ""},
    {"coco_det_val2017", "kind=contours"},
    {"refcoco_val", "kind=centre_box"},
    {"docci_test", "answer=A picture of some colorful shapes."},
    {"imagenet_recon_val", "kind=webp"},
};

class Demo {
 public:
  Demo(const DemoFlags& flags, Program& program) : output_(flags.output_path), program_(program) {}

  /// The default baselines in one run, and the second ones in a folder a task.
  std::vector<RunResults> run_all() {
    std::vector<TaskChoice> tasks;
    for (const DemoTask& task : kTasks) tasks.push_back({.name = task.name, .options = {}});
    RunResults first = run_one(tasks, "", output_ / "first");
    RunResults second{.model = "second baseline"};
    nlohmann::json manifest;
    for (const DemoTask& task : kTasks) {
      if (*task.second == 0) continue;
      const std::string args = fmt::format(fmt::runtime(task.second), fmt::arg("data", data()));
      RunResults one =
          run_one({{.name = task.name, .options = {}}}, args, output_ / "second" / task.name);
      manifest["tasks"].update(nlohmann::json::parse(one.manifest)["tasks"]);
      second.tasks.push_back(std::move(one.tasks.front()));
    }
    second.config = "{}";
    second.manifest = manifest.dump();
    first.model = "first baseline";
    return {std::move(first), std::move(second)};
  }

  std::string data() const { return (output_ / "data").string(); }

 private:
  RunResults run_one(const std::vector<TaskChoice>& tasks, const std::string& args,
                     const fs::path& output) {
    RunSettings settings;
    settings.model = "baseline";
    settings.model_args = args;
    settings.tasks = tasks;
    settings.sources.data_root = output_ / "data";
    settings.output_path = output;
    settings.progress = ProgressMode::kNone;
    settings.log_samples = settings.fresh = true;
    static const std::atomic<bool> never{false};
    return run(settings, program_.registry, program_.tasks, never).results;
  }

  fs::path output_;
  Program& program_;
};

void demo(const DemoFlags& flags, Program& program) {
  prepare(program);
  Demo demo(flags, program);
  load_module_by_name("sightline_opencv", program.registry);
  const DemoSummary suite =
      make_demo_suite(demo.data(), program.registry.painter, {.seed = flags.seed});
  fmt::print(stderr, "drew {} pictures into {}\n", suite.images, demo.data());
  const std::vector<RunResults> runs = demo.run_all();
  fmt::print("{}", render(runs, flags.json ? ReportFormat::kJson : ReportFormat::kTable));
  if (flags.json) return;
  fmt::print("\nThe pictures are in {}; the runs, with every answer, in {} and {}.\n", demo.data(),
             flags.output_path + "/first", flags.output_path + "/second");
}

}  // namespace

void add_demo_command(CLI::App& app, Program& program) {
  CLI::App* command =
      app.add_subcommand("demo", "draw the sample suite and run all six tasks on it");
  auto flags = std::make_shared<DemoFlags>();
  command->add_option("-o,--output_path", flags->output_path, "folder of the suite and the runs")
      ->capture_default_str();
  command->add_option("--seed", flags->seed, "what the suite is drawn from")->capture_default_str();
  command->add_flag("--json", flags->json, "print the results as JSON, a document a column");
  command->footer("example: sightline demo --output_path demo");
  command->callback([flags, &program] { demo(*flags, program); });
}

}  // namespace sightline
