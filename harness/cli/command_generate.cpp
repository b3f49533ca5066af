#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "harness/cli/arguments.h"
#include "harness/cli/program.h"
#include "harness/engine/run_identity.h"
#include "harness/media/decode.h"
#include "models/prompts/style.h"

namespace sightline {

namespace {

using nlohmann::ordered_json;

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
    if (!info.wants_pixels) continue;
    image.pixels = std::make_shared<const Image>(read_image(image.path));
    image.width = image.pixels->width;
    image.height = image.pixels->height;
  }
  Decoding& decoding = request.decoding;
  decoding.extra = parse_pairs(flags.gen_kwargs);
  decoding.max_new_tokens = max_new_tokens(decoding.extra).value_or(flags.max_new_tokens);
  decoding.with_generation = flags.logprobs || flags.json;
  request.prompt = prompt_style(info.prompt_style).compose(request);
  return request;
}

void check_generation(const GenerateFlags& flags, const Response& response) {
  if (!response.generation) {
    if (!flags.logprobs) return;
    throw UsageError(
        fmt::format("--logprobs: the model {} gives no log-probabilities", flags.model));
  }
  require(response.generation->logprobs.size() == response.generation->ids.size(),
          "the model {} gave {} log-probabilities for {} tokens", flags.model,
          response.generation->logprobs.size(), response.generation->ids.size());
}

const std::string& text_of(const Response& response) {
  return response.answer ? response.answer->text : response.text;
}

ordered_json describe(const Response& response) {
  ordered_json document = {{"text", text_of(response)}};
  if (!response.generation) {
    document["timing"] = {{"total_s", response.seconds}};
    return document;
  }
  const Generation& generation = *response.generation;
  document["prompt_ids"] = generation.prompt_ids;
  document["ids"] = generation.ids;
  document["logprobs"] = generation.logprobs;
  document["timing"] = {{"prefill_s", generation.prefill_s}, {"decode_s", generation.decode_s}};
  return document;
}

void generate(const GenerateFlags& flags, Program& program) {
  prepare(program);
  if (flags.max_new_tokens < 1) {
    throw UsageError(
        fmt::format("--max_new_tokens {}: want a whole number from 1", flags.max_new_tokens));
  }
  ModelSettings settings;
  settings.args = ModelArgs::parse(flags.model_args);
  settings.precision = flags.precision;
  settings.device = flags.device;
  settings.gen_kwargs = parse_pairs(flags.gen_kwargs);
  const auto model = program.registry.open_model(flags.model, std::move(settings));
  const Response response = ask(*model, {make_request(flags, model->info())}).front();
  if (response.outcome != Outcome::kOk) {
    fail("the model {} failed ({}): {}", flags.model, name_of(response.outcome), response.error);
  }
  check_generation(flags, response);
  if (flags.json) {
    const ordered_json document = describe(response);
    fmt::print("{}\n", document.dump(2, ' ', false, ordered_json::error_handler_t::replace));
    return;
  }
  fmt::print("{}\n", text_of(response));
  if (!flags.logprobs) return;
  const Generation& generation = *response.generation;
  for (std::size_t i = 0; i < generation.ids.size(); ++i) {
    fmt::print("{}\t{}\n", generation.ids[i], generation.logprobs[i]);
  }
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
  add_compute_flags(*command, flags->precision, flags->device);
  command->add_flag("--logprobs", flags->logprobs,
                    "behind the text a line for each generated token: its id and log-probability");
  command->add_flag("--json", flags->json, "as one JSON document");
  command->footer(
      "example: sightline generate --model baseline --model_args kind=caption --image photo.jpg "
      "--prompt 'caption en'");
  command->callback([flags, &program] { generate(*flags, program); });
}

}  // namespace sightline
