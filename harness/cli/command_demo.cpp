#include <CLI/CLI.hpp>

#include "harness/base/error.h"
#include "harness/cli/arguments.h"
#include "harness/cli/program.h"
#include "harness/demo/suite.h"

namespace sightline {

namespace {

struct DemoFlags {
  std::string output_path = "demo";
  std::uint64_t seed = DemoOptions{}.seed;
  bool json = false;
};

constexpr const char* kTasks =
    "vqav2_val,textvqa_val,coco_det_val2017,refcoco_val,docci_test,imagenet_recon_val";

RunSettings demo_run(const std::filesystem::path& root, const std::filesystem::path& output) {
  RunSettings settings;
  settings.model = "baseline";
  settings.tasks = parse_task_choices(kTasks);
  settings.sources.data_root = root;
  settings.output_path = output;
  settings.progress = ProgressMode::kNone;
  settings.log_samples = true;
  settings.fresh = true;
  return settings;
}

void demo(const DemoFlags& flags, Program& program) {
  prepare(program);
  const std::filesystem::path output = flags.output_path;
  load_module_by_name("sightline_opencv", program.registry);
  const DemoSummary suite =
      make_demo_suite(output / "data", program.registry.painter, {.seed = flags.seed});
  fmt::print(stderr, "drew {} pictures into {}\n", suite.images, (output / "data").string());
  static const std::atomic<bool> never{false};
  const RunEnd end =
      run(demo_run(output / "data", output / "run"), program.registry, program.tasks, never);
  fmt::print("{}", render({end.results}, flags.json ? ReportFormat::kJson : ReportFormat::kTable));
  if (!flags.json) {
    fmt::print("\npictures and annotations in {}, results in {}\n", (output / "data").string(),
               (output / "run").string());
  }
}

}  // namespace

void add_demo_command(CLI::App& app, Program& program) {
  CLI::App* command =
      app.add_subcommand("demo", "draw the sample suite and run all six tasks on it");
  auto flags = std::make_shared<DemoFlags>();
  command->add_option("-o,--output_path", flags->output_path, "folder of the suite and the run")
      ->capture_default_str();
  command->add_option("--seed", flags->seed, "what the suite is drawn from")->capture_default_str();
  command->add_flag("--json", flags->json, "print the results as one JSON document");
  command->footer("example: sightline demo --output_path demo");
  command->callback([flags, &program] { demo(*flags, program); });
}

}  // namespace sightline
