#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "harness/cli/arguments.h"
#include "harness/cli/program.h"
#include "harness/media/decode.h"
#include "models/prompts/style.h"

namespace sightline {

namespace {

struct GenerateFlags {
  std::string model, model_args, prompt, gen_kwargs, precision, device = "cpu";
  std::vector<std::string> images;
  int max_new_tokens = 64;
  bool logprobs = false, json = false;
};

Request make_request(const GenerateFlags& flags, const ModelInfo& info) {
  Request request{.id = "generate", .kind = Kind::kText, .purpose = Purpose::kFree};
  request.text = flags.prompt;
  for (const std::string& file : flags.images) {
    ImageInput& image = request.images.emplace_back();
    image.path = std::filesystem::absolute(file);
    require(std::filesystem::is_regular_file(image.path), "--image {}: there is no such file",
            file);
    if (info.wants_pixels) image.pixels = std::make_shared<const Image>(read_image(image.path));
  }
  request.decoding.max_new_tokens = flags.max_new_tokens;
  request.decoding.extra = parse_pairs(flags.gen_kwargs);
  request.prompt = prompt_style(info.prompt_style).compose(request);
  return request;
}

void generate(const GenerateFlags& flags, Program& program) {
  prepare(program);
  ModelSettings settings;
  settings.args = ModelArgs::parse(flags.model_args);
  settings.precision = flags.precision;
  settings.device = flags.device;
  const auto model = program.registry.open_model(flags.model, std::move(settings));
  if (flags.logprobs) {
    throw UsageError(
        fmt::format("--logprobs: the model {} gives no log-probabilities", flags.model));
  }
  const Response response = ask(*model, {make_request(flags, model->info())}).front();
  if (response.outcome != Outcome::kOk) {
    fail("the model {} failed ({}): {}", flags.model, name_of(response.outcome), response.error);
  }
  const std::string text = response.answer ? response.answer->text : response.text;
  if (!flags.json) {
    fmt::print("{}\n", text);
    return;
  }
  const nlohmann::ordered_json document = {{"text", text},
                                           {"timing", {{"total_s", response.seconds}}}};
  fmt::print("{}\n", document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace

void add_generate_command(CLI::App& app, Program& program) {
  CLI::App* command = app.add_subcommand("generate", "one request to one model");
  auto flags = std::make_shared<GenerateFlags>();
  command->add_option("-M,--model", flags->model, "model adapter")->required();
  command->add_option("-a,--model_args", flags->model_args, "its arguments: k=v,k=v");
  command->add_option("--image", flags->images, "image file; may be given several times");
  command->add_option("--prompt", flags->prompt, "the user's text")->required();
  command->add_option("--max_new_tokens", flags->max_new_tokens, "most tokens to generate")
      ->capture_default_str();
  command->add_option("--gen_kwargs", flags->gen_kwargs, "decoding settings: k=v,k=v");
  command->add_option("--precision", flags->precision, "fp32, bf16, fp16, int8 or nf4")
      ->check(one_of({"fp32", "bf16", "fp16", "int8", "nf4"}));
  command->add_option("--device", flags->device, "cpu or cuda[:N]")->capture_default_str();
  command->add_flag("--logprobs", flags->logprobs, "log-probability of each generated token");
  command->add_flag("--json", flags->json, "as one JSON document");
  command->footer(
      "example: sightline generate --model baseline --model_args kind=caption --image photo.jpg "
      "--prompt 'caption en'");
  command->callback([flags, &program] { generate(*flags, program); });
}

}  // namespace sightline
