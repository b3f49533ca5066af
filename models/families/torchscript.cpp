#include "models/families/torchscript.h"

#include "harness/base/error.h"
#include "harness/base/hash.h"
#include "models/families/script_models.h"
#include "models/torch/tensors.h"

namespace sightline {

namespace {

std::optional<Kind> kind_of(const std::string& name) {
  if (name == "reconstruct") return Kind::kReconstruct;
  if (name == "text") return Kind::kText;
  return std::nullopt;
}

/// What the arguments say, else what the signature does.
Kind choose_kind(ModelArgs& args, const ScriptModule& module) {
  const std::optional<std::size_t> tensors = module.tensor_arguments();
  const bool is_known = tensors == 1U || tensors == 2U;
  const std::string usual = tensors == 2U ? "text" : "reconstruct";
  const std::string name = args.get("kind", is_known ? usual : "");
  const std::optional<Kind> kind = kind_of(name);
  if (!kind && !name.empty()) {
    throw UsageError(fmt::format("--model_args kind={}: want reconstruct or text", name));
  }
  if (kind == Kind::kReconstruct && tensors == 1U) return *kind;
  if (kind == Kind::kText && tensors == 2U) return *kind;
  fail(
      "the module has {}, want forward(Tensor) -> Tensor for kind=reconstruct or forward(Tensor, "
      "Tensor) -> Tensor for kind=text",
      module.signature());
}

}  // namespace

std::unique_ptr<Model> open_torchscript(ModelSettings settings) {
  const std::filesystem::path file =
      settings.args.need("path", "a module that torch.jit.save wrote");
  std::optional<Precision> precision;
  if (!settings.precision.empty()) precision = parse_precision(settings.precision);
  const ScriptModule module = ScriptModule::open(file, device_named(settings.device), precision);
  const Kind kind = with_context([&] { return "opening " + file.string(); },
                                 [&] { return choose_kind(settings.args, module); });
  if ((kind == Kind::kReconstruct) != (settings.kind == Kind::kReconstruct)) {
    throw UsageError(fmt::format("the module of {} answers requests of kind {}, and {} asks for {}",
                                 file.string(), name_of(kind),
                                 settings.task.empty() ? "this command" : "task " + settings.task,
                                 name_of(settings.kind)));
  }
  ModelInfo info;
  info.name = "torchscript";
  info.precision = name_of(module.precision());
  info.kinds = {kind};
  if (!settings.task.empty()) info.hashes[file.filename().string()] = sha256_of_file(file);
  return kind == Kind::kText ? make_script_text(module, std::move(info), settings)
                             : make_script_reconstruction(module, std::move(info), settings);
}

}  // namespace sightline
