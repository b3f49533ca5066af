#include "models/families/script_module.h"

#include <torch/script.h>

#include <new>

#include "harness/base/error.h"
#include "harness/base/file.h"

namespace sightline {

namespace {

/// The heart of a message that a traceback of TorchScript surrounds.
std::string short_message(const std::string& text) {
  constexpr std::string_view kMark = "Error: ", kTrace = "\nException raised from";
  std::string message = text.substr(0, text.find(kTrace));
  const std::size_t mark = message.rfind(kMark);
  if (mark != message.npos) message = message.substr(mark + kMark.size());
  while (!message.empty() && message.back() == '\n') message.pop_back();
  return message;
}

/// Runs `work`; a fault of libtorch or of the script leaves it as an `Error` that begins with
/// `what`, a lack of memory as std::bad_alloc.
template <typename Work>
auto translated(const std::string& what, const Work& work) {
  const auto refuse = [&](const std::string& text) {
    const std::string message = short_message(text);
    const bool memory = message.find("out of memory") != message.npos ||
                        message.find("can't allocate memory") != message.npos;
    if (memory) throw std::bad_alloc();
    fail("{}: {}", what, message);
  };
  try {
    return work();
  } catch (const c10::Error& error) {
    refuse(error.what_without_backtrace());
  } catch (const std::runtime_error& error) {  // what the interpreter makes of faults
    refuse(error.what());
  }
  throw std::logic_error("not reached");
}

at::ScalarType type_of(Precision precision) {
  if (precision == Precision::kFp32) return at::kFloat;
  if (precision == Precision::kBf16) return at::kBFloat16;
  if (precision == Precision::kFp16) return at::kHalf;
  throw UsageError(fmt::format("--precision {}: a TorchScript module runs in fp32, bf16 or fp16",
                               name_of(precision)));
}

std::optional<at::Tensor> as_tensor(const c10::IValue& value) {
  if (value.isTensor()) {
    const at::Tensor tensor = value.toTensor().to(at::kCPU);
    return tensor.is_floating_point() ? tensor.to(at::kFloat) : tensor;
  }
  if (value.isInt() || value.isDouble()) return at::scalar_tensor(value.toScalar(), at::kDouble);
  return std::nullopt;
}

}  // namespace

struct ScriptModule::State {
  std::filesystem::path file;
  at::Device device = at::kCPU;
  std::optional<at::ScalarType> type;
  torch::jit::Module module;

  std::string name() const { return file.string(); }
};

ScriptModule ScriptModule::open(const std::filesystem::path& file, at::Device device,
                                std::optional<Precision> precision) {
  require_file(file, "want a module that torch.jit.save wrote");
  auto state = std::make_shared<State>();
  state->file = file;
  state->device = device;
  if (precision) state->type = type_of(*precision);
  const std::string hint =
      "is no TorchScript module (write one by torch.jit.script(model).save(FILE) or by "
      "torch.jit.trace; a file of torch.save or safetensors holds weights without their code)";
  translated(fmt::format("{} {}", file.string(), hint), [&] {
    state->module = torch::jit::load(file.string(), device);
    state->module.eval();
    if (state->type) state->module.to(*state->type);
    return 0;
  });
  require(state->module.find_method("forward").has_value(), "{}: the module has no forward()",
          file.string());
  return ScriptModule(std::move(state));
}

at::Device ScriptModule::device() const {
  return state_->device;
}

Precision ScriptModule::precision() const {
  for (const at::Tensor& parameter : state_->module.parameters()) {
    if (parameter.scalar_type() == at::kBFloat16) return Precision::kBf16;
    if (parameter.scalar_type() == at::kHalf) return Precision::kFp16;
    if (parameter.is_floating_point()) return Precision::kFp32;
  }
  return Precision::kFp32;
}

std::string ScriptModule::signature() const {
  const c10::FunctionSchema& schema = state_->module.get_method("forward").function().getSchema();
  std::vector<std::string> arguments, results;
  for (const c10::Argument& argument : schema.arguments()) {
    if (argument.name() == "self") continue;
    arguments.push_back(fmt::format("{}: {}", argument.name(), argument.type()->str()));
  }
  for (const c10::Argument& result : schema.returns()) results.push_back(result.type()->str());
  return fmt::format("forward({}) -> {}", fmt::join(arguments, ", "), fmt::join(results, ", "));
}

std::optional<std::size_t> ScriptModule::tensor_arguments() const {
  const c10::FunctionSchema& schema = state_->module.get_method("forward").function().getSchema();
  std::size_t tensors = 0;
  for (const c10::Argument& argument : schema.arguments()) {
    if (argument.name() == "self" || argument.default_value().has_value()) continue;
    if (argument.type()->kind() != c10::TypeKind::TensorType) return std::nullopt;
    ++tensors;
  }
  return tensors;
}

std::optional<double> ScriptModule::number(const std::string& name) const {
  if (!state_->module.hasattr(name)) return std::nullopt;
  const std::optional<at::Tensor> value = as_tensor(state_->module.attr(name));
  require(value && value->numel() == 1, "{}: the attribute '{}' is not one number", state_->name(),
          name);
  return value->to(at::kDouble).item<double>();
}

std::vector<at::Tensor> ScriptModule::operator()(const std::vector<at::Tensor>& inputs) const {
  // Otherwise the first calls run another program than later ones, whose last digits may differ.
  const torch::jit::GraphOptimizerEnabledGuard plain(false);
  return translated(state_->name(), [&] {
    std::vector<c10::IValue> arguments;
    for (const at::Tensor& input : inputs) {
      const bool converted = state_->type && input.is_floating_point();
      const at::Tensor there = input.to(state_->device);
      arguments.emplace_back(converted ? there.to(*state_->type) : there);
    }
    const c10::IValue result = state_->module.get_method("forward")(std::move(arguments));
    std::vector<c10::IValue> values{result};
    if (result.isTuple()) values = result.toTupleRef().elements().vec();
    if (result.isTensorList() || result.isList()) values = result.toListRef().vec();
    std::vector<at::Tensor> tensors;
    for (const c10::IValue& value : values) {
      const std::optional<at::Tensor> tensor = as_tensor(value);
      require(tensor.has_value(), "{}: forward gives {}, want a tensor or a tuple of tensors",
              state_->name(), result.type()->str());
      tensors.push_back(*tensor);
    }
    return tensors;
  });
}

}  // namespace sightline
