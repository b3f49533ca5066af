#include "harness/formats/torch_checkpoint.h"

#include <algorithm>
#include <unordered_map>

#include "harness/base/error.h"
#include "harness/formats/pickle.h"
#include "harness/formats/strided.h"
#include "harness/formats/torch_names.h"
#include "harness/formats/zip.h"

namespace sightline {

namespace {

using Kind = PickleObject::Kind;

constexpr std::string_view kPickle = "/data.pkl";
/// Containers that share their parts can stand for more values than there is time or memory for.
/// Counted in bytes of their names, and this many for each.
constexpr std::size_t kMostNameBytes = std::size_t{1} << 28, kBytesOfValue = 64;

/// The folder of all members: "archive" of "archive/data.pkl".
std::string root_of(const ZipArchive& archive) {
  std::string root;
  bool is_script = false, is_numpy = false;
  for (const ZipEntry& entry : archive.entries()) {
    const std::string_view name = entry.name;
    if (name.ends_with(kPickle)) root = name.substr(0, name.size() - kPickle.size());
    is_script |= name.ends_with("/constants.pkl") || name.find("/code/") != name.npos;
    is_numpy |= name.ends_with(".npy");
  }
  require(!is_script,
          "it is a TorchScript archive, which holds code: save the weights alone, by "
          "torch.save(model.state_dict(), ...)");
  require(!is_numpy || !root.empty(), "it is an archive of numpy arrays (.npz), no checkpoint");
  require(!root.empty(), "it is a zip archive without data.pkl: no PyTorch checkpoint");
  return root;
}

const PickleRules kRules = {
    .allows = torch_names::is_allowed,
    .references = true,
    .advice =
        "only tensors and plain data are read from a checkpoint and nothing in it is run, for "
        "safety: save the weights alone, by torch.save(model.state_dict(), ...), or as safetensors",
};

bool is_call_of(const PickleValue& value, std::string_view global) {
  return value.is_object() && value.object().kind == Kind::kCall && value.object().global == global;
}

std::int64_t integer_at(const PickleValue::List& list, std::size_t index) {
  require(index < list.size(), "found {} arguments, expected more", list.size());
  return list[index].integer();
}

std::vector<std::int64_t> integers_of(const PickleValue& value) {
  // A shape is a tuple, or torch.Size(tuple).
  if (is_call_of(value, "torch.Size")) {
    require(value.object().arguments.size() == 1, "torch.Size has not one argument");
    return integers_of(value.object().arguments[0]);
  }
  std::vector<std::int64_t> integers;
  for (const PickleValue& item : value.list()) integers.push_back(item.integer());
  return integers;
}

/// Turns the values of a checkpoint's pickle into a table of tensors.
class CheckpointReader {
 public:
  CheckpointReader(std::shared_ptr<const MappedFile> file, bool verify_checksums)
      : archive_(file->bytes()), root_(root_of(archive_)), verify_checksums_(verify_checksums) {
    // What a file may unpack to: weights that are expanded views of little stay possible.
    constexpr std::size_t kSpare = std::size_t{1} << 26;
    copies_left_ = 4 * file->bytes().size() + kSpare;
    table_.files.push_back(std::move(file));
  }

  TensorTable read() {
    check_byte_order();
    const ZipContent pickle = archive_.read(archive_.at(root_ + std::string(kPickle)));
    const PickleValue value =
        with_context([&] { return fmt::format("reading its pickle {}{}", root_, kPickle); },
                     [&] { return read_pickle(pickle.bytes, kRules); });
    collect("", value);
    return std::move(table_);
  }

 private:
  struct Storage {
    std::span<const std::byte> bytes;
    DType dtype = DType::kU8;
  };

  void check_byte_order() const {
    const ZipEntry* entry = archive_.find(root_ + "/byteorder");
    if (entry == nullptr) return;
    const ZipContent order = archive_.read(*entry);
    require(order.bytes == "little", "its byte order is '{}', want 'little'", order.bytes);
  }

  void collect(const std::string& name, const PickleValue& value) {
    name_bytes_ += name.size() + kBytesOfValue;
    require(name_bytes_ <= kMostNameBytes, "its dictionaries and lists hold too many values");
    if (value.is_dictionary()) {
      collect_dictionary(name, value.dictionary());
    } else if (value.is_list()) {
      for (std::size_t i = 0; i < value.list().size(); ++i) {
        collect(join(name, std::to_string(i)), value.list()[i]);
      }
    } else if (value.is_object() && value.object().kind == Kind::kCall) {
      collect_call(name, value.object());
    } else {
      table_.others.push_back(name);
    }
  }

  static std::string join(const std::string& name, const std::string& key) {
    return name.empty() ? key : name + "." + key;
  }

  void collect_dictionary(const std::string& name, const PickleValue::Dictionary& dictionary) {
    for (const auto& [key, item] : dictionary) {
      collect(join(name, key.is_text() ? key.text() : std::to_string(key.integer())), item);
    }
  }

  void collect_call(const std::string& name, const PickleObject& call) {
    const std::string& global = call.global;
    if (global == torch_names::kOrderedDict) {
      require(call.arguments.empty(), "an OrderedDict is made from arguments, which is not read");
      collect_dictionary(name, call.items);
    } else if (global == torch_names::kParameter || global == torch_names::kParameterWithState) {
      require(!call.arguments.empty(), "parameter '{}' is without a tensor", name);
      collect(name, call.arguments[0]);
    } else if (global == torch_names::kTensor || global == torch_names::kTensorWithDType) {
      with_context([&] { return fmt::format("reading tensor '{}'", name); },
                   [&] {
                     table_.tensors.push_back({name, read_tensor(call)});
                   });
    } else {
      table_.others.push_back(name);
    }
  }

  /// Of (storage, offset, shape, strides, requires_grad, hooks[, dtype][, flags]).
  TensorView read_tensor(const PickleObject& call) {
    const PickleValue::List& arguments = call.arguments;
    const bool has_dtype = call.global == torch_names::kTensorWithDType;
    const std::size_t flags = has_dtype ? 7 : 6;
    require(arguments.size() == flags || arguments.size() == flags + 1,
            "{} was given {} arguments, expected {} or {}", call.global, arguments.size(), flags,
            flags + 1);
    if (arguments.size() > flags) refuse_flags(arguments[flags]);
    Storage storage = read_storage(arguments[0]);
    if (has_dtype) storage.dtype = dtype_of(arguments[6]);
    const StridedLayout layout = {integer_at(arguments, 1), integers_of(arguments[2]),
                                  integers_of(arguments[3])};
    return view_of_layout(storage, layout);
  }

  /// Views that are conjugated or negated when they are read.
  static void refuse_flags(const PickleValue& flags) {
    if (flags.is_none()) return;
    for (const auto& [key, value] : flags.dictionary()) {
      require(!value.is_boolean() || !value.boolean(), "it is a '{}' view, which is not read",
              key.is_text() ? key.text() : "");
    }
  }

  static DType dtype_of(const PickleValue& value) {
    const std::string& global = value.object().global;
    const std::optional<DType> dtype = torch_names::dtype_of(global);
    require(dtype.has_value(), "'{}' is no dtype that is read", global);
    return *dtype;
  }

  /// Of the persistent id ("storage", type, key, device, count).
  Storage read_storage(const PickleValue& value) {
    const PickleObject& reference = value.object();
    require(reference.kind == Kind::kReference, "it is given '{}' for its storage",
            reference.global);
    const PickleValue::List& id = reference.arguments.at(0).list();
    require(id.size() == 5 && id[0].text() == "storage", "its storage is none of PyTorch's");
    const std::string& type = id[1].object().global;
    const std::optional<DType> dtype = torch_names::dtype_of_storage(type);
    require(dtype.has_value(), "'{}' is no storage", type);
    const Storage storage = {bytes_of_storage(id[2].text()), *dtype};
    const std::size_t width = size_of(*dtype);
    const std::int64_t count = id[4].integer();
    require(
        storage.bytes.size() % width == 0 && std::cmp_equal(storage.bytes.size() / width, count),
        "its storage '{}' has {} bytes, expected {} numbers of {}", id[2].text(),
        storage.bytes.size(), count, width);
    return storage;
  }

  std::span<const std::byte> bytes_of_storage(const std::string& key) {
    const auto found = storages_.find(key);
    if (found != storages_.end()) return found->second;
    const ZipEntry& entry = archive_.at(fmt::format("{}/data/{}", root_, key));
    const ZipContent content = verify_checksums_ ? archive_.read(entry) : archive_.view(entry);
    if (content.owner != nullptr) table_.copies.push_back(content.owner);
    return storages_[key] = std::as_bytes(std::span(content.bytes));
  }

  TensorView view_of_layout(const Storage& storage, const StridedLayout& layout) {
    const std::size_t width = size_of(storage.dtype);
    const std::size_t reach = reach_of(layout);
    require(reach <= storage.bytes.size() / width,
            "shape {}, strides {} and offset {} lead out of its storage of {} numbers",
            shape_text(layout.shape), shape_text(layout.strides), layout.offset,
            storage.bytes.size() / width);
    TensorView view = {storage.dtype, layout.shape, {}};
    const std::size_t count = view.elements();
    if (count == 0) return view;
    if (is_contiguous(layout)) {
      view.bytes =
          storage.bytes.subspan(static_cast<std::size_t>(layout.offset) * width, count * width);
    } else {
      view.bytes = copy_of(storage, layout, count);
    }
    return view;
  }

  std::span<const std::byte> copy_of(const Storage& storage, const StridedLayout& layout,
                                     std::size_t count) {
    const std::size_t width = size_of(storage.dtype);
    require(count <= copies_left_ / width,
            "its shape {} repeats its storage too often; save contiguous tensors",
            shape_text(layout.shape));
    copies_left_ -= count * width;
    auto copy =
        std::make_shared<const std::vector<std::byte>>(gather(storage.bytes, layout, width));
    table_.copies.push_back(copy);
    return *copy;
  }

  ZipArchive archive_;
  std::string root_;
  bool verify_checksums_;
  std::size_t copies_left_ = 0;  // bytes
  std::size_t name_bytes_ = 0;
  std::unordered_map<std::string, std::span<const std::byte>> storages_;
  TensorTable table_;
};

}  // namespace

TensorTable read_torch_checkpoint(std::shared_ptr<const MappedFile> file, bool verify_checksums) {
  const std::string path = file->path().string();
  return with_context([&] { return "reading the PyTorch checkpoint " + path; },
                      [&] { return CheckpointReader(std::move(file), verify_checksums).read(); });
}

}  // namespace sightline
